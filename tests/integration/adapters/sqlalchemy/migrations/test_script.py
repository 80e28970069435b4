from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("cattrs")

from tests.support.garden import garden, write_revision, write_two
from tests.support.migrating import differences_of, on_sqlite

from corelib.adapters.sqlalchemy.migrations import offline
from corelib.errors import (
    MigrationFailed,
    UnknownScheme,
)
from corelib.testing.contracts.sample_tables import schema as sample
from kitlab.adapters.tables import schema as kitlab


class TestScript:
    @pytest.mark.parametrize(
        "engine", ["sqlite", "postgresql", "mssql", "postgresql://u:p@nowhere/x", "mssql+pyodbc://x"]
    )
    def test_needs_no_server(self, engine: str) -> None:
        text = offline(kitlab).script(engine)

        assert text.count("CREATE TABLE corelib_job (") == 1
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
