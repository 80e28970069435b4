from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("cattrs")

import sqlalchemy as sa
from tests.support.commands import python, with_kitlab
from tests.support.databases import opened, sqlite_file
from tests.support.garden import BEDS, PLANTS, garden, models, write_revision, write_two

from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage, tables
from corelib.adapters.sqlalchemy.migrations import offline
from corelib.adapters.sqlalchemy.migrations.comparing import differences
from corelib.errors import (
    InvalidSetting,
    MigrationFailed,
    ReferenceViolation,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    UnknownScheme,
)
from corelib.testing.contracts.sample_tables import schema as sample
from kitlab.adapters.tables import schema as kitlab

Opener = Callable[[SqlSchema], SqlStorage]


@pytest.fixture
def open_(url: str) -> Iterator[Opener]:
    """Return a function that opens the database with a schema."""
    storages: list[SqlStorage] = []

    def opening(schema: SqlSchema) -> SqlStorage:
        from corelib.adapters.sqlalchemy import create_engine

        storages.append(SqlStorage(create_engine(url), schema))
        return storages[-1]

    yield opening
    for storage in storages:
        storage.close()


def run(storage: SqlStorage, *statements: str) -> None:
    with storage.engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def rows(storage: SqlStorage, query: str) -> list[tuple[object, ...]]:
    with storage.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def tables_of(storage: SqlStorage) -> set[str]:
    return set(sa.inspect(storage.engine).get_table_names())


def revision_of(storage: SqlStorage, component: str = "garden") -> str | None:
    [current] = storage.migrations.current(component=component)
    return current.found


def differences_of(storage: SqlStorage, schema: SqlSchema) -> list[str]:
    with storage.engine.connect() as connection:
        return [text for component in schema.components() for text in differences(connection, component)]


def written_by_earlier_version(storage: SqlStorage, name: str, metadata: sa.MetaData) -> None:
    """Make tables as `create` did before there were migrations."""
    version = sa.Table(f"{name}_version", sa.MetaData(), sa.Column("version_num", sa.Unicode(32), primary_key=True))
    with storage.engine.begin() as connection:
        metadata.create_all(connection)
        version.create(connection)
        connection.execute(version.insert(), {"version_num": "0001"})


@contextmanager
def on_sqlite(tmp_path: Path, schema: SqlSchema) -> Iterator[SqlStorage]:
    with opened(sqlite_file(tmp_path), schema) as storage:
        yield storage


class TestMigrationsOfCorelib:
    def test_have_a_single_head(self) -> None:
        [component] = kitlab.chosen("corelib")

        assert component.known()[-1] == component.read_revisions().head

    @pytest.mark.parametrize("schema", [kitlab, sample], ids=["kitlab", "sample"])
    def test_make_tables_like_the_models(self, open_: Opener, schema: SqlSchema) -> None:
        storage = open_(schema)

        storage.create()

        assert differences_of(storage, schema) == []
        storage.check()

    def test_go_down_and_up_again(self, open_: Opener) -> None:
        storage = open_(kitlab)
        storage.create()
        made = tables_of(storage)

        down = [*storage.migrations.downgrade("base"), *storage.migrations.downgrade("base", component="corelib")]
        left = tables_of(storage)
        up = storage.migrations.upgrade()

        assert left == {"corelib_version", "kitlab_version"}
        assert {step.down for step in down} == {True}
        assert [step.component for step in up] == ["corelib", "kitlab"]
        assert tables_of(storage) == made
        assert storage.migrations.differences() == []

    class WhenAnEarlierVersionMadeTheTables:
        def test_takes_them_over(self, open_: Opener) -> None:
            storage = open_(kitlab)
            written_by_earlier_version(storage, "corelib", tables.metadata)
            written_by_earlier_version(storage, "kitlab", kitlab.metadata)

            storage.create()

            storage.check()
            assert storage.migrations.differences() == []

        def test_goes_on_from_there(self, open_: Opener, folder: Path) -> None:
            write_two(folder)
            storage = open_(garden(folder))
            beds = sa.MetaData()
            sa.Table("garden_bed", beds, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
            written_by_earlier_version(storage, "garden", beds)
            run(storage, "INSERT INTO garden_bed (id) VALUES (7)")

            done = storage.migrations.upgrade()

            assert [str(step) for step in done if step.component == "garden"] == ["garden: 0002 (Plants)"]
            assert rows(storage, "SELECT id FROM garden_bed") == [(7,)]
            assert "garden_plant" in tables_of(storage)


class TestUpgrade:
    def test_runs_what_is_missing_and_says_what_it_did(self, open_: Opener, folder: Path) -> None:
        storage = open_(garden(write_two(folder)))

        done = storage.migrations.upgrade()

        assert [str(step) for step in done][-2:] == ["garden: 0001 (Beds)", "garden: 0002 (Plants)"]
        assert {"garden_bed", "garden_plant", "corelib_job"} <= tables_of(storage)
        storage.check()

    def test_does_nothing_a_second_time(self, open_: Opener, folder: Path) -> None:
        storage = open_(garden(write_two(folder)))
        storage.migrations.upgrade()

        assert storage.migrations.upgrade() == []

    def test_stops_at_a_revision_of_the_host(self, open_: Opener, folder: Path) -> None:
        storage = open_(garden(write_two(folder)))

        storage.migrations.upgrade("0001")

        assert revision_of(storage) == "0001"
        assert revision_of(storage, "corelib") is None

    def test_leaves_corelib_alone_if_it_is_to_upgrade_the_host(self, open_: Opener, folder: Path) -> None:
        storage = open_(garden(write_two(folder)))

        storage.migrations.upgrade(component="garden")

        assert "corelib_job" not in tables_of(storage)

    class WhenTheHostHasNoMigrations:
        def test_makes_its_tables_in_one_go(self, open_: Opener) -> None:
            storage = open_(sample)

            done = storage.migrations.upgrade()

            assert {step.component for step in done} == {"corelib"}
            assert "sample_parcel" in tables_of(storage)

        def test_makes_them_once_more_where_their_revision_was_deleted(self, open_: Opener) -> None:
            storage = open_(sample)
            storage.create()
            run(storage, "DELETE FROM sample_version")

            storage.create()

            storage.check()

    class WhenAMigrationFails:
        @pytest.mark.parametrize(
            ("statement", "reason"),
            [
                ("op.execute('INSERT INTO garden_nowhere VALUES (1)')", "garden_nowhere"),
                ("raise RuntimeError('no water')", "RuntimeError: no water"),
            ],
        )
        def test_leaves_the_schema_as_it_was(self, open_: Opener, folder: Path, statement: str, reason: str) -> None:
            write_revision(folder, "0001", None, BEDS)
            storage = open_(garden(folder))
            storage.create()
            run(storage, "INSERT INTO garden_bed (id) VALUES (7)")
            before = tables_of(storage)
            write_revision(folder, "0002", "0001", PLANTS)
            changing = (
                "op.execute('DELETE FROM garden_bed')\nop.add_column('garden_bed', sa.Column('soil', sa.Integer))"
            )
            write_revision(folder, "0003", "0002", f"{changing}\n{statement}")

            with pytest.raises(MigrationFailed) as caught:
                storage.migrations.upgrade()

            assert "The migration 0003 (Step 0003) of garden failed, and nothing was changed: " in str(caught.value)
            assert reason in caught.value.message
            assert tables_of(storage) == before
            assert rows(storage, "SELECT * FROM garden_bed") == [(7,)]
            assert revision_of(storage) == "0001"

        def test_leaves_an_empty_database_empty(self, open_: Opener, folder: Path) -> None:
            write_revision(folder, "0001", None, f"{BEDS}\nraise RuntimeError")
            storage = open_(garden(folder))

            with pytest.raises(MigrationFailed):
                storage.create()

            assert tables_of(storage) == set()

        def test_goes_on_once_it_is_corrected(self, open_: Opener, folder: Path) -> None:
            write_revision(folder, "0001", None, f"{BEDS}\nraise RuntimeError")
            storage = open_(garden(folder))
            with pytest.raises(MigrationFailed):
                storage.create()
            write_revision(folder, "0001", None, BEDS, text="Beds, and no error")

            storage.create()

            assert revision_of(storage) == "0001"

    class WhenAMigrationAsksForAnAutocommitBlock:
        def test_refuses_and_says_what_to_do(self, open_: Opener, folder: Path) -> None:
            write_revision(folder, "0001", None, f"{BEDS}\nwith op.get_context().autocommit_block():\n    {PLANTS}")
            storage = open_(garden(folder))

            with pytest.raises(
                MigrationFailed, match=r"in one transaction, all or nothing.* Run that statement by hand"
            ):
                storage.create()

            assert tables_of(storage) == set()

    class WhenTheDatabaseIsNewer:
        def test_says_so(self, open_: Opener, folder: Path) -> None:
            storage = open_(garden(write_two(folder)))
            storage.create()
            (folder / "0002_step.py").unlink()

            for change in (storage.migrations.upgrade, storage.check, lambda: storage.migrations.write("more")):
                with pytest.raises(SchemaTooNew, match="revision 0002, which this program does not know"):
                    change()

    class WhenTheTargetIsOlder:
        def test_points_to_downgrade(self, open_: Opener, folder: Path) -> None:
            storage = open_(garden(write_two(folder)))
            storage.create()

            with pytest.raises(InvalidSetting, match=r"0001 of garden is older than 0002.* Use corelib db downgrade"):
                storage.migrations.upgrade("0001")

    class WhenTheHostHasNoRevisionYet:
        def test_asks_for_the_first(self, open_: Opener, folder: Path) -> None:
            with pytest.raises(InvalidSetting, match="Write the first"):
                open_(garden(folder)).create()

    class WhenFourThreadsUpgradeOtherDatabases:
        def test_each_gets_its_own_tables(self, tmp_path: Path, folder: Path) -> None:
            write_two(folder)
            urls = [sqlite_file(tmp_path) for _ in range(4)]
            failures: list[BaseException] = []

            def upgrade(url: str) -> None:
                try:
                    with opened(url, garden(folder)) as storage:
                        storage.create()
                        storage.check()
                except BaseException as error:  # noqa: BLE001 - shown by the test
                    failures.append(error)

            threads = [threading.Thread(target=upgrade, args=(url,)) for url in urls]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert failures == []

    class WhenFiveProcessesUpgradeAtOnce:
        def test_one_of_them_does_it(self, url: str, open_: Opener, folder: Path, tmp_path: Path) -> None:
            slow = "op.execute(sa.text('INSERT INTO garden_bed (id) SELECT COUNT(*) + 1 FROM garden_bed'))"
            write_two(folder)
            write_revision(folder, "0003", "0002", slow)
            (tmp_path / "five.py").write_text(
                "from pathlib import Path\n"
                "from corelib import App\n"
                "from tests.support.garden import garden\n"
                f"schema = garden(Path({str(folder)!r}))\n"
                "app = App('garden', schema='five:schema')\n"
            )
            environment = with_kitlab({"CORELIB_DATABASE_URL": url})
            environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
            command = [sys.executable, "-m", "corelib", "db", "upgrade", "--app", "five:app"]

            processes = [
                subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                for _ in range(5)
            ]
            printed = [process.communicate(timeout=120)[0] for process in processes]

            assert [process.returncode for process in processes] == [0] * 5, printed
            assert sorted(text.count("garden: 0003") for text in printed) == [0, 0, 0, 0, 1]
            assert sorted("nothing to upgrade" in text for text in printed) == [False, True, True, True, True]
            storage = open_(garden(folder))
            assert rows(storage, "SELECT id FROM garden_bed") == [(1,)]
            storage.check()


class TestDowngrade:
    def test_undoes_the_migrations_of_the_host(self, open_: Opener, folder: Path) -> None:
        storage = open_(garden(write_two(folder)))
        storage.create()

        done = storage.migrations.downgrade("0001")

        assert [str(step) for step in done] == ["garden: undid 0002 (Plants)"]
        assert revision_of(storage) == "0001"
        assert "garden_plant" not in tables_of(storage)
        assert "corelib_job" in tables_of(storage)

    def test_leaves_no_tables_at_the_base(self, open_: Opener, folder: Path) -> None:
        storage = open_(garden(write_two(folder)))
        storage.create()

        storage.migrations.downgrade("-2")

        assert not {"garden_bed", "garden_plant"} & tables_of(storage)
        with pytest.raises(SchemaMissing):
            storage.check()

    class WhenOneFails:
        def test_leaves_the_schema_as_it_was(self, open_: Opener, folder: Path) -> None:
            write_revision(folder, "0001", None, BEDS, down="op.drop_table('garden_bed')\nraise RuntimeError")
            storage = open_(garden(folder))
            storage.create()

            with pytest.raises(MigrationFailed):
                storage.migrations.downgrade("base")

            assert "garden_bed" in tables_of(storage)
            assert revision_of(storage) == "0001"

    class WhenTheTargetIsNewer:
        def test_points_to_upgrade(self, open_: Opener, folder: Path) -> None:
            storage = open_(garden(write_two(folder)))
            storage.migrations.upgrade("0001")

            with pytest.raises(InvalidSetting, match=r"newer than 0001.* Use corelib db upgrade"):
                storage.migrations.downgrade("0002")

    class WhenItWouldGoPastTheBase:
        def test_says_so(self, open_: Opener, folder: Path) -> None:
            storage = open_(garden(write_two(folder)))
            storage.create()

            with pytest.raises(InvalidSetting, match="-3 from revision 0002 of garden is before the first revision"):
                storage.migrations.downgrade("-3")


class TestCheck:
    class WhenAMigrationIsMissing:
        def test_names_both_revisions_and_the_command(self, open_: Opener, folder: Path) -> None:
            storage = open_(garden(write_two(folder)))
            storage.migrations.upgrade(component="corelib")
            storage.migrations.upgrade("0001")

            with pytest.raises(SchemaOutdated) as caught:
                storage.check()

            assert str(caught.value) == (
                "The tables of garden are of revision 0001; this program needs 0002. "
                "Upgrade the database before starting this version: corelib db upgrade --app ..."
            )


class TestWrite:
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

        def test_lists_what_the_models_lack(self, open_: Opener, folder: Path) -> None:
            newer = open_(garden(folder, self.changed()))
            newer.migrations.write("first")
            newer.create()

            found = open_(garden(folder)).migrations.differences()

            assert "garden: column garden_bed.soil is not in the models" in found
            assert "garden: index ix_bed_dug of garden_bed is not in the models" in found
            assert not any("garden_tool" in text for text in found)

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

    def test_imports_nothing_if_it_is_to_be_filled_in(self, folder: Path) -> None:
        write_revision(folder, "0001", None)

        file = offline(garden(folder)).write("Move seeds")

        assert file.name == "0002_move_seeds.py"
        assert file.read_text() == EMPTY_FILE

    def test_is_numbered_past_names_that_are_taken(self, folder: Path) -> None:
        write_revision(folder, "ae10", None)
        write_revision(folder, "0003", "ae10")

        assert offline(garden(folder)).write("!").name == "0004_change.py"


class TestChangingTables:
    """What SQLite does in its own way: it changes a table by making it anew."""

    WIDER = "with op.batch_alter_table('garden_bed') as batch:\n    batch.alter_column('number', type_=sa.Unicode(99))"

    @pytest.fixture
    def storage(self, tmp_path: Path, folder: Path) -> Iterator[SqlStorage]:
        with on_sqlite(tmp_path, garden(folder)) as made:
            made.migrations.write("first")
            made.create()
            run(made, "INSERT INTO garden_bed (id, number, area) VALUES (1, '1a', 0)")
            run(
                made,
                "INSERT INTO garden_plant (id, bed_id, name) VALUES ('0198a0de00007000800000000000000a', 1, 'Rose')",
            )
            yield made

    def test_keeps_rows_that_refer_to_a_table_made_anew(self, storage: SqlStorage, folder: Path) -> None:
        write_revision(folder, "0002", "0001", self.WIDER)

        storage.migrations.upgrade()

        assert rows(storage, "SELECT bed_id, name FROM garden_plant") == [(1, "Rose")]

    def test_minds_foreign_keys_again_afterwards(self, storage: SqlStorage, folder: Path) -> None:
        write_revision(folder, "0002", "0001", self.WIDER)
        storage.migrations.upgrade()

        with pytest.raises(sa.exc.IntegrityError):
            run(storage, "DELETE FROM garden_bed")

    def test_undoes_a_migration_that_leaves_rows_referring_to_nothing(self, storage: SqlStorage, folder: Path) -> None:
        write_revision(folder, "0002", "0001", f"{self.WIDER}\nop.execute('DELETE FROM garden_bed')")

        with pytest.raises(ReferenceViolation, match="row of garden_plant refers to a row of garden_bed"):
            storage.migrations.upgrade()

        assert rows(storage, "SELECT id FROM garden_bed") == [(1,)]
        assert revision_of(storage) == "0001"


class TestScript:
    @pytest.mark.parametrize(
        "engine", ["sqlite", "postgresql", "mssql", "postgresql://u:p@nowhere/x", "mssql+pyodbc://x"]
    )
    def test_needs_no_server(self, engine: str) -> None:
        text = offline(kitlab).script(engine)

        assert text.count("CREATE TABLE corelib_job") == 1
        assert text.count("CREATE TABLE kitlab_order (") == 1
        assert text.count("COMMIT;") == 2

    def test_does_the_same_as_an_upgrade(self, tmp_path: Path) -> None:
        with on_sqlite(tmp_path, kitlab) as storage:
            connection = storage.engine.raw_connection()
            connection.driver_connection.executescript(offline(kitlab).script("sqlite"))  # type: ignore[union-attr]
            connection.close()

            storage.check()

            assert storage.migrations.differences() == []

    def test_starts_and_ends_where_it_is_told(self, folder: Path) -> None:
        text = offline(garden(write_two(folder))).script("postgresql", start="0001", target="0002")

        assert "garden_plant" in text
        assert "garden_bed" not in text
        assert "UPDATE garden_version SET version_num='0002' WHERE garden_version.version_num = '0001';" in text
        assert "corelib" not in text

    def test_goes_down_to_an_older_revision(self, folder: Path) -> None:
        text = offline(garden(write_two(folder))).script("mssql", start="head", target="0001")

        assert "DROP TABLE garden_plant;" in text

    def test_makes_all_tables_of_a_host_without_migrations(self, tmp_path: Path) -> None:
        with on_sqlite(tmp_path, sample) as storage:
            connection = storage.engine.raw_connection()
            connection.driver_connection.executescript(offline(sample).script("sqlite"))  # type: ignore[union-attr]
            connection.close()

            storage.check()

            assert differences_of(storage, sample) == []

    class WhenAMigrationReadsTheDatabase:
        def test_names_it(self, folder: Path) -> None:
            write_revision(folder, "0001", None, "op.get_bind().execute(sa.text('SELECT 1')).scalar_one()")

            with pytest.raises(MigrationFailed, match="migration 0001"):
                offline(garden(folder)).script("mssql", component="garden")

    class WhenTheDialectIsUnknown:
        def test_lists_those_that_there_are(self) -> None:
            with pytest.raises(UnknownScheme, match=r"'mysql'.*sqlite, postgresql, mssql"):
                offline(kitlab).script("mysql://root@x/y")


class TestImport:
    def test_of_the_adapter_does_not_load_alembic(self) -> None:
        ended = python("-c", "import sys, corelib.adapters.sqlalchemy as _; print('alembic' in sys.modules)")

        assert ended.stdout.strip() == "False", ended.stderr

    def test_nor_does_the_check_of_tables(self, tmp_path: Path) -> None:
        with on_sqlite(tmp_path, kitlab) as storage:
            storage.create()
            url = str(storage.engine.url)
        program = (
            "import sys; from corelib.adapters.sqlalchemy import SqlStorage, create_engine; "
            "from kitlab.adapters.tables import schema; "
            f"SqlStorage(create_engine({url!r}), schema).check(); print('alembic' in sys.modules)"
        )

        assert python("-c", program).stdout.strip() == "False"


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
