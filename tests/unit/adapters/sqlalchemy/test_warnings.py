from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.adapters.sqlalchemy import standin

from corelib.adapters.sqlalchemy import warnings_of
from corelib.errors import TransientFailure

ON, OFF = 1, 0
ASKED = "is_read_committed_snapshot_on"


class TestWarningsOf:
    class WhenTheServerIsSqlServer:
        def test_finds_nothing_where_readers_do_not_wait(self) -> None:
            engine = standin.mssql_engine({ASKED: standin.Row("shop", ON, ON)})

            assert warnings_of(engine) == ()

        def test_says_how_to_let_readers_go_on(self) -> None:
            (warning,) = warnings_of(standin.mssql_engine({ASKED: standin.Row("shop", OFF, ON)}))

            assert warning.startswith("READ_COMMITTED_SNAPSHOT is off in the database shop: readers and writers wait")
            assert warning.endswith("ALTER DATABASE [shop] SET READ_COMMITTED_SNAPSHOT ON")

        @pytest.mark.parametrize("state", [0, 2, 3])
        def test_says_how_to_allow_snapshot_isolation(self, state: int) -> None:
            (warning,) = warnings_of(standin.mssql_engine({ASKED: standin.Row("shop", ON, state)}))

            assert warning.startswith("Snapshot isolation is not allowed in the database shop")
            assert warning.endswith("ALTER DATABASE [shop] SET ALLOW_SNAPSHOT_ISOLATION ON")

        def test_quotes_the_name_of_the_database(self) -> None:
            (warning,) = warnings_of(standin.mssql_engine({ASKED: standin.Row("a]b", OFF, ON)}))

            assert "ALTER DATABASE [a]]b] SET" in warning

        def test_finds_nothing_where_the_server_does_not_tell(self) -> None:
            assert warnings_of(standin.mssql_engine({ASKED: standin.NO_ROW})) == ()

        def test_translates_errors(self) -> None:
            error = standin.ProgrammingError("40001", "[40001] Deadlock. (1205) (SQLExecDirectW)")

            with pytest.raises(TransientFailure):
                warnings_of(standin.mssql_engine({ASKED: error}))
