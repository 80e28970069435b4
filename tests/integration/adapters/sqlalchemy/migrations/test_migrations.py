from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("cattrs")

import sqlalchemy as sa
from tests.support import first_version
from tests.support.commands import python, with_kitlab
from tests.support.databases import opened, sqlite_file
from tests.support.garden import BEDS, PLANTS, garden, write_revision, write_two
from tests.support.migrating import Opener, differences_of, on_sqlite, revision_of, rows, run, tables_of
from tests.support.until import until

from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage
from corelib.errors import (
    InvalidSetting,
    MigrationFailed,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    TransientFailure,
)
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.sample_tables import schema as sample
from kitlab.adapters.tables import schema as kitlab


def written_by_earlier_version(storage: SqlStorage, name: str, metadata: sa.MetaData) -> None:
    """Make tables as `create` did before there were migrations."""
    version = sa.Table(f"{name}_version", sa.MetaData(), sa.Column("version_num", sa.Unicode(32), primary_key=True))
    with storage.engine.begin() as connection:
        metadata.create_all(connection)
        version.create(connection)
        connection.execute(version.insert(), {"version_num": "0001"})


class TestMigrationsOfCorelib:
    def test_have_a_single_head(self) -> None:
        [component] = kitlab.chosen("corelib")

        assert component.known()[-1] == component.read_revisions().head

    @needs(Capability.REFLECTION)
    @pytest.mark.parametrize("schema", [kitlab, sample], ids=["kitlab", "sample"])
    def test_make_tables_like_the_models(self, open_: Opener, schema: SqlSchema) -> None:
        storage = open_(schema)

        storage.create()

        assert differences_of(storage, schema) == []
        storage.check()

    @needs(Capability.REFLECTION)
    def test_go_down_and_up_again(self, open_: Opener) -> None:
        storage = open_(kitlab)
        storage.create()
        made = tables_of(storage)

        down = [*storage.migrations.downgrade("base"), *storage.migrations.downgrade("base", component="corelib")]
        left = tables_of(storage)
        up = storage.migrations.upgrade()

        assert left == {"corelib_version", "kitlab_version"}
        assert {step.down for step in down} == {True}
        assert list(dict.fromkeys(step.component for step in up)) == ["corelib", "kitlab"]
        assert tables_of(storage) == made
        assert storage.migrations.differences() == []

    class WhenAnEarlierVersionMadeTheTables:
        @needs(Capability.REFLECTION)
        def test_takes_them_over(self, open_: Opener) -> None:
            storage = open_(sample)
            written_by_earlier_version(storage, "corelib", first_version.metadata)
            written_by_earlier_version(storage, "sample", sample.metadata)

            storage.create()

            storage.check()
            assert differences_of(storage, sample) == []

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

    class WhenAMigrationMayPassNextTime:
        def test_lets_the_error_say_so(self, tmp_path: Path, folder: Path) -> None:
            raising = "from corelib.errors import TransientFailure\nraise TransientFailure('A deadlock.')"
            write_revision(folder, "0001", None, f"{BEDS}\n{raising}")

            with on_sqlite(tmp_path, garden(folder)) as storage:
                with pytest.raises(TransientFailure, match="A deadlock"):
                    storage.create()

                assert tables_of(storage) == set()

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
            """The one that does it goes on when all five have begun."""
            begun, gate = tmp_path / "begun", tmp_path / "gate"
            begun.mkdir()
            write_two(folder)
            write_revision(
                folder,
                "0003",
                "0002",
                "from pathlib import Path\n"
                "from tests.support.until import until\n"
                f"Path({str(begun)!r}, 'inside').touch()\n"
                f"until(Path({str(gate)!r}).exists, 'the gate is open')\n"
                "op.execute('INSERT INTO garden_bed (id) SELECT COUNT(*) + 1 FROM garden_bed')",
            )
            (tmp_path / "five.py").write_text(
                "import os\n"
                "from pathlib import Path\n"
                "from corelib import App\n"
                "from tests.support.garden import garden\n"
                f"schema = garden(Path({str(folder)!r}))\n"
                "app = App('garden', schema='five:schema')\n"
                f"Path({str(begun)!r}, str(os.getpid())).touch()\n"
            )
            environment = with_kitlab({"CORELIB_DATABASE_URL": url})
            environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
            command = [sys.executable, "-m", "corelib", "db", "upgrade", "--app", "five:app"]

            processes = [
                subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                for _ in range(5)
            ]
            until(lambda: len(list(begun.iterdir())) == 6, "five have begun, and one is inside")
            gate.touch()
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
