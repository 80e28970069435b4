"""A host with migrations, for tests: a garden of beds and plants, whose revision files a test writes."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import ExactDecimal, SqlSchema, UtcDateTime

HEAD = """
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = {name!r}
down_revision = {after!r}
"""

BEDS = 'op.create_table("garden_bed", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))'
PLANTS = 'op.create_table("garden_plant", sa.Column("name", sa.Unicode(50), primary_key=True))'


def garden(folder: Path, metadata: sa.MetaData | None = None) -> SqlSchema:
    """The host, with the models of its newest version."""
    return SqlSchema("garden", metadata or models(), [], migrations=folder)


def models() -> sa.MetaData:
    """A column of every kind, a part that refers to a whole, indexes and keys."""
    metadata = sa.MetaData()
    sa.Table(
        "garden_bed",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Unicode(20), nullable=False, unique=True),
        sa.Column("area", ExactDecimal(18, 4), nullable=False),
        sa.Column("sunny", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("dug_at", UtcDateTime),
    )
    plant = sa.Table(
        "garden_plant",
        metadata,
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("bed_id", sa.Integer, sa.ForeignKey("garden_bed.id", name="fk_plant_bed"), nullable=False),
        sa.Column("name", sa.Unicode(100), nullable=False),
        sa.Column("notes", sa.UnicodeText),
        sa.Column("seeds", sa.BigInteger, server_default="12"),
        sa.Column("colour", sa.Unicode(20), server_default="red, (or pink"),
    )
    growing = plant.c.notes.is_(None)
    sa.Index("ix_plant_name", plant.c.name, mssql_where=growing, postgresql_where=growing, sqlite_where=growing)
    return metadata


def write_revision(
    folder: Path,
    name: str,
    after: str | tuple[str, ...] | None,
    up: str = "pass",
    *,
    down: str = "pass",
    text: str = "",
) -> Path:
    """Write a revision file; `up` and `down` are the bodies of its functions."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}_step.py"
    functions = "".join(
        f"\n\ndef {function}() -> None:\n{indent(dedent(body).strip(), '    ')}\n"
        for function, body in (("upgrade", up), ("downgrade", down))
    )
    file.write_text(f'"""{text or "Step " + name}."""\n' + HEAD.format(name=name, after=after) + functions)
    return file


def write_two(folder: Path) -> Path:
    """Write two revisions: the first makes beds, the second plants."""
    write_revision(folder, "0001", None, BEDS, down='op.drop_table("garden_bed")', text="Beds")
    write_revision(folder, "0002", "0001", PLANTS, down='op.drop_table("garden_plant")', text="Plants")
    return folder
