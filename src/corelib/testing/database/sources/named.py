"""The source that a setting names."""

from __future__ import annotations

from pathlib import Path

from corelib.errors import InvalidSetting
from corelib.testing.database.ports.schema_source import SchemaSource
from corelib.testing.database.sources.alembic import AlembicSource
from corelib.testing.database.sources.schema import SchemaObjectSource
from corelib.testing.database.sources.scripts import ScriptsSource
from corelib.testing.database.sources.seeded import SeededSource


def source_named(text: str, seed: str | None = None, root: Path | None = None) -> SchemaSource:
    """Return the source that a host names by `corelib_migrations`; nothing of it is read yet.

    Args:
        text: the path of an alembic.ini (of any name that ends in .ini), a folder with files *.sql, or
            `package.module:name` of an SqlSchema.
        seed: `package.module:function`, which takes an SQLAlchemy Connection and fills the tables.
        root: where relative paths begin; by default the working directory.

    Raises:
        InvalidSetting: if it is none of these.
    """
    tables = _tables(text.strip(), root or Path.cwd())
    return SeededSource(tables, seed) if seed else tables


def _tables(text: str, root: Path) -> SchemaSource:
    place = root / text
    if text.endswith(".ini") and place.is_file():
        return AlembicSource(place)
    if text and place.is_dir():
        return ScriptsSource(place)
    module, colon, name = text.partition(":")
    if colon and name.isidentifier() and all(part.isidentifier() for part in module.split(".")):
        return SchemaObjectSource(text)
    raise InvalidSetting(
        f"corelib_migrations names {text!r}: in {root} that is no file .ini and no folder, and it is no module:name.",
        hint="Name the alembic.ini, a folder with files *.sql, or an SqlSchema.",
    )
