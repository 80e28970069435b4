from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("cattrs")

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from tests.support.garden import garden, models, write_revision, write_two
from tests.support.migrating import Opener, differences_of, on_sqlite, rows, run, tables_of

from corelib.adapters.sqlalchemy.migrations import offline
from corelib.errors import (
    InvalidSetting,
    SchemaOutdated,
)
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.sample_tables import schema as sample
from kitlab.adapters.tables import schema as kitlab


class Colour(sa.types.TypeDecorator[str]):
    """A type of the host's own."""

    impl = sa.Unicode
    cache_ok = True


class TestWrite:
    @needs(Capability.REFLECTION)
    def test_writes_what_makes_the_tables_like_the_models(self, open_: Opener, folder: Path) -> None:
        storage = open_(garden(folder))
        storage.migrations.upgrade(component="corelib")

        file = storage.migrations.write("Beds and plants")
        storage.create()

        assert file == folder / "0001_beds_and_plants.py"
        assert storage.migrations.differences() == []
        assert storage.migrations.write("nothing") is None
        storage.check()

    def test_undoes_it_too(self, open_: Opener, folder: Path) -> None:
        storage = open_(garden(folder))
        storage.migrations.write("Beds and plants")
        storage.create()

        storage.migrations.downgrade("base")

        assert not {"garden_bed", "garden_plant"} & tables_of(storage)

    class WhenTheModelsChanged:
        def changed(self) -> sa.MetaData:
            metadata = models()
            beds, plants = metadata.tables["garden_bed"], metadata.tables["garden_plant"]
            beds.append_column(sa.Column("soil", sa.Unicode(30)))
            beds.append_column(sa.Column("area", sa.Integer), replace_existing=True)
            plants.append_column(sa.Column("seeds", sa.BigInteger, nullable=False), replace_existing=True)
            plants.append_column(sa.Column("name", sa.Unicode(200), nullable=False), replace_existing=True)
            sa.Table("garden_tool", metadata, sa.Column("id", sa.Uuid, primary_key=True))
            sa.Index("ix_bed_dug", beds.c.dug_at)
            return metadata

        @needs(Capability.REFLECTION)
        def test_lists_the_differences(self, open_: Opener, folder: Path) -> None:
            older = open_(garden(folder))
            older.migrations.write("first")
            older.create()
            storage = open_(garden(folder, self.changed()))

            found = storage.migrations.differences()

            assert {text.partition(": the database")[0] for text in found} >= {
                "garden: table garden_tool is not in the database",
                "garden: column garden_bed.soil is not in the database",
                "garden: index ix_bed_dug of garden_bed is not in the database",
                "garden: column garden_bed.area",
                "garden: column garden_plant.seeds",
                "garden: column garden_plant.name",
            }

        @needs(Capability.REFLECTION)
        def test_lists_what_the_models_lack(self, open_: Opener, folder: Path) -> None:
            newer = open_(garden(folder, self.changed()))
            newer.migrations.write("first")
            newer.create()

            found = open_(garden(folder)).migrations.differences()

            assert "garden: column garden_bed.soil is not in the models" in found
            assert "garden: index ix_bed_dug of garden_bed is not in the models" in found
            assert not any("garden_tool" in text for text in found)

        @needs(Capability.REFLECTION)
        def test_writes_the_next_revision_which_keeps_the_rows(self, open_: Opener, folder: Path) -> None:
            older = open_(garden(folder))
            older.migrations.write("first")
            older.create()
            run(older, "INSERT INTO garden_bed (id, number, area) VALUES (1, '1a', 0)")
            plant = "INSERT INTO garden_plant (id, bed_id, name) VALUES ('0198a0de00007000800000000000000a', 1, 'Rose')"
            run(
                older,
                plant
                if older.engine.dialect.name != "mssql"
                else plant.replace("0198a0de00007000800000000000000a", "0198a0de-0000-7000-8000-00000000000a"),
            )
            storage = open_(garden(folder, self.changed()))

            file = storage.migrations.write("Second, with 'quotes'")
            storage.create()

            assert file == folder / "0002_second_with_quotes.py"
            assert storage.migrations.differences() == []
            assert rows(storage, "SELECT bed_id, name, seeds FROM garden_plant") == [(1, "Rose", 12)]
            storage.migrations.downgrade("0001")
            assert older.migrations.current()[1].found == "0001"
            assert differences_of(older, garden(folder)) == []

    class WhenOtherTablesAreInTheDatabase:
        @needs(Capability.REFLECTION)
        def test_leaves_them_out(self, open_: Opener, folder: Path) -> None:
            kitlab_storage, storage = open_(kitlab), open_(garden(folder))
            kitlab_storage.create()
            run(storage, "CREATE TABLE somebody_elses (id INTEGER NOT NULL PRIMARY KEY)")

            file = storage.migrations.write("first")
            storage.create()

            assert file is not None
            assert "kitlab_" not in file.read_text()
            assert "somebody" not in file.read_text()
            assert storage.migrations.differences() == []
            assert kitlab_storage.migrations.differences() == []

    class WhenTheDatabaseIsNotAtTheHead:
        def test_asks_for_an_upgrade(self, open_: Opener, folder: Path) -> None:
            storage = open_(garden(write_two(folder)))
            storage.migrations.upgrade("0001")

            with pytest.raises(
                SchemaOutdated, match=r"revision 0001; what they lack of revision 0002 is written already"
            ):
                storage.migrations.write("third")

    class WhenTheComponentHasNoMigrations:
        def test_says_how_to_name_them(self, open_: Opener) -> None:
            with pytest.raises(InvalidSetting, match="sample has no migrations"):
                open_(sample).migrations.write("first")


class TestFile:
    def test_reads_well(self, tmp_path: Path, folder: Path) -> None:
        with on_sqlite(tmp_path, garden(folder)) as storage:
            file = storage.migrations.write('Beds and "plants".')

        assert file is not None
        assert file.read_text() == FIRST_FILE
        compile(FIRST_FILE, "first", "exec")

    def test_imports_the_types_of_the_host_and_of_an_engine(self, tmp_path: Path, folder: Path) -> None:
        metadata = sa.MetaData()
        columns = sa.Column("colour", Colour(20)), sa.Column("leaves", postgresql.JSONB)
        sa.Table("garden_flower", metadata, *columns)
        with on_sqlite(tmp_path, garden(folder, metadata)) as storage:
            file = storage.migrations.write("Flowers")

        assert file is not None
        text = file.read_text()
        assert f"\nfrom {Colour.__module__} import Colour\n" in text
        assert "\nfrom sqlalchemy.dialects import postgresql\n" in text
        assert 'sa.Column("colour", Colour(length=20), nullable=True),' in text
        assert 'sa.Column("leaves", postgresql.JSONB(' in text

    def test_imports_nothing_if_it_is_to_be_filled_in(self, folder: Path) -> None:
        write_revision(folder, "0001", None)

        file = offline(garden(folder)).write("Move seeds")

        assert file.name == "0002_move_seeds.py"
        assert file.read_text() == EMPTY_FILE

    def test_is_numbered_past_names_that_are_taken(self, folder: Path) -> None:
        write_revision(folder, "ae10", None)
        write_revision(folder, "0003", "ae10")

        assert offline(garden(folder)).write("!").name == "0004_change.py"


FIRST_FILE = '''"""Beds and 'plants'."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import ExactDecimal, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Do it."""
    op.create_table(
        "garden_bed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Unicode(length=20), nullable=False),
        sa.Column("area", ExactDecimal(precision=18, scale=4), nullable=False),
        sa.Column("sunny", sa.Boolean(), server_default=sa.text("1"), nullable=False),
        sa.Column("dug_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_table(
        "garden_plant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bed_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Unicode(length=100), nullable=False),
        sa.Column("notes", sa.UnicodeText(), nullable=True),
        sa.Column("seeds", sa.BigInteger(), server_default="12", nullable=True),
        sa.Column("colour", sa.Unicode(length=20), server_default="red, (or pink", nullable=True),
        sa.ForeignKeyConstraint(["bed_id"], ["garden_bed.id"], name="fk_plant_bed"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("garden_plant") as batch_op:
        batch_op.create_index(
            "ix_plant_name",
            ["name"],
            unique=False,
            mssql_where=sa.text("notes IS NULL"),
            postgresql_where=sa.text("notes IS NULL"),
            sqlite_where=sa.text("notes IS NULL"),
        )


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table("garden_plant") as batch_op:
        batch_op.drop_index(
            "ix_plant_name",
            mssql_where=sa.text("notes IS NULL"),
            postgresql_where=sa.text("notes IS NULL"),
            sqlite_where=sa.text("notes IS NULL"),
        )

    op.drop_table("garden_plant")
    op.drop_table("garden_bed")
'''

EMPTY_FILE = '''"""Move seeds."""

from __future__ import annotations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Do it."""
    pass


def downgrade() -> None:
    """Undo it."""
    pass
'''
