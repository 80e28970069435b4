from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import Answer, Then, refusal, server_with

from corelib.errors import (
    AlreadyExists,
    InvalidSetting,
    PermissionDenied,
    PersistenceError,
    PersistentFailure,
    StorageFull,
)
from corelib.testing.database.errors import CannotReset
from corelib.testing.database.mssql import snapshot_sql
from corelib.testing.database.mssql.snapshot import Snapshot
from corelib.testing.database.mssql.snapshot_sql import DatabaseFile

STATE = "SELECT state_desc"
ONLINE: Answer = [("ONLINE", False)]
FILES = [DatabaseFile(1, "shop", "ROWS", "/data/shop.mdf"), DatabaseFile(2, "shop_log", "LOG", "/data/shop.ldf")]
ROWS: Answer = [(1, "shop", "ROWS", "/data/shop.mdf", False), (2, "shop_log", "LOG", "/data/shop.ldf", False)]
CREATE = snapshot_sql.create("shop", FILES)
REVERT = snapshot_sql.revert("shop")
OPEN = "ALTER DATABASE [shop] SET MULTI_USER"
SESSIONS = "sys.dm_exec_connections"
SESSION: Answer = [(55, "app", "sleeping", None, None)]


class TestSnapshot:
    def test_refuses_a_name_that_could_do_harm(self) -> None:
        server, _ = server_with({})

        with pytest.raises(InvalidSetting):
            Snapshot(server, "shop], [production")

    class WhenItIsMade:
        def test_takes_the_files_that_the_server_shows(self) -> None:
            server, console = server_with({"sys.master_files": ROWS})
            snapshot = Snapshot(server, "shop")

            snapshot.make(snapshot.files())

            assert console.texts("CREATE") == [CREATE]
            assert {database for _, database in console.ran} == {"master"}

        def test_waits_for_others_who_make_a_database(self) -> None:
            server, console = server_with({"CREATE": Then([refusal((1807, "Busy.")), []])})

            Snapshot(server, "shop").make(FILES)

            assert console.texts("CREATE") == [CREATE, CREATE]

        @pytest.mark.parametrize(
            ("error", "wanted"),
            [
                ((1801, "It exists."), AlreadyExists),
                ((5149, "MODIFY FILE encountered operating system error 112"), StorageFull),
                (
                    (5123, "operating system error 5(Access is denied.) with the file '/data/shop_s_1.ss'"),
                    PermissionDenied,
                ),
            ],
        )
        def test_says_why_it_cannot_be(self, error: tuple[int, str], wanted: type[Exception]) -> None:
            server, _ = server_with({"CREATE": refusal(error)})

            with pytest.raises(wanted):
                Snapshot(server, "shop").make(FILES)

    class WhenTheCloneIsReverted:
        def test_throws_out_and_restores_in_one_batch_lets_all_in_and_looks_at_the_state(self) -> None:
            server, console = server_with({STATE: ONLINE})

            Snapshot(server, "shop").revert()

            assert console.texts() == [
                REVERT,
                OPEN,
                "SELECT state_desc, is_read_only FROM sys.databases WHERE name = N'shop'",
            ]

        @pytest.mark.parametrize("number", [3101, 924, 1205, 3702, 5061, 5064, 5070])
        def test_ends_the_sessions_of_clone_and_snapshot_where_somebody_got_in_between(self, number: int) -> None:
            server, console = server_with(
                {
                    STATE: ONLINE,
                    "SINGLE_USER": Then([refusal((number, "In use."), (3013, "RESTORE is terminating.")), []]),
                    "DB_ID(N'shop_s')": [(56, "app", "sleeping", None, None)],
                    SESSIONS: SESSION,
                }
            )

            Snapshot(server, "shop").revert()

            assert console.texts("ALTER", "KILL") == [REVERT, "KILL 55", "KILL 56", REVERT, OPEN]

        def test_goes_on_if_a_session_cannot_be_ended(self) -> None:
            server, console = server_with(
                {
                    STATE: ONLINE,
                    "SINGLE_USER": Then([refusal((3101, "In use.")), []]),
                    SESSIONS: SESSION,
                    "KILL": refusal((6102, "You may not.")),
                }
            )

            Snapshot(server, "shop").revert()

            assert console.texts("ALTER") == [REVERT, REVERT, OPEN]

        def test_gives_up_in_the_end_and_lets_all_in_again(self) -> None:
            server, console = server_with({"SINGLE_USER": refusal((3101, "In use."))}, attempts=3)

            with pytest.raises(PersistenceError, match="In use"):
                Snapshot(server, "shop").revert()

            assert console.texts("ALTER") == [REVERT, REVERT, REVERT, OPEN]

        @pytest.mark.parametrize("number", [3137, 3138])
        def test_names_the_snapshots_where_the_server_says_that_it_cannot_be(self, number: int) -> None:
            server, console = server_with(
                {
                    "SINGLE_USER": refusal((number, "The database cannot be reverted.")),
                    "source_database_id": [("mine",), ("shop_s",)],
                }
            )

            with pytest.raises(CannotReset, match=r"shop cannot be reverted to shop_s: .*found: mine, shop_s\. "):
                Snapshot(server, "shop").revert()

            assert console.texts("ALTER") == [REVERT, OPEN]

        def test_says_that_there_is_none(self) -> None:
            server, _ = server_with({"SINGLE_USER": refusal((3137, "The database cannot be reverted."))})

            with pytest.raises(CannotReset, match="Snapshots found: none"):
                Snapshot(server, "shop").revert()

        def test_tells_the_first_error_where_nobody_can_be_let_in_either(self) -> None:
            server, _ = server_with(
                {"SINGLE_USER": refusal((3266, "First.")), "MULTI_USER": refusal((5052, "Second."))}
            )

            with pytest.raises(PersistentFailure, match="First"):
                Snapshot(server, "shop").revert()

        @pytest.mark.parametrize(
            ("state", "told"),
            [([("RESTORING", False)], "is RESTORING instead of ONLINE"), ([], "is not there instead")],
        )
        def test_makes_sure_that_it_is_online(self, state: Answer, told: str) -> None:
            server, _ = server_with({STATE: state})

            with pytest.raises(PersistentFailure, match=told):
                Snapshot(server, "shop").revert()

    class WhenItIsDropped:
        def test_goes_with_all_others_of_the_clone(self) -> None:
            server, console = server_with({"source_database_id": [("mine",), ("shop_s",)]})

            Snapshot(server, "shop").drop()

            assert console.texts("DROP") == ["DROP DATABASE [mine]", "DROP DATABASE [shop_s]"]
