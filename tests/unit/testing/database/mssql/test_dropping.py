from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import LINUX, VERSION_2022, Answer, Then, refusal, server_with

from corelib.errors import CorelibError, InvalidSetting, PermissionDenied, PersistenceError, ServerUnreachable
from corelib.testing.database.mssql.facts import PROPERTIES

ONLINE: Answer = [("ONLINE", False)]
GONE: Answer = []
STATE = "SELECT state_desc"
SNAPSHOTS = "source_database_id"
CLOSE_AND_DROP = "ALTER DATABASE [shop] SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE [shop]"
UNKNOWN = (33557097, "'ALTER DATABASE' is not currently supported")
AZURE: Answer = [(*VERSION_2022, *LINUX, 5, 0)]
SESSIONS: Answer = [(55, "corelib", "sleeping", None, None), (56, "corelib", "sleeping", None, None)]


class TestDropping:
    def test_throws_everybody_out_and_drops_in_one_batch(self) -> None:
        server, console = server_with({STATE: ONLINE})

        server.drop("shop")

        assert console.texts("ALTER", "DROP") == [CLOSE_AND_DROP]

    def test_does_nothing_where_there_is_no_database(self) -> None:
        server, console = server_with({STATE: GONE})

        server.drop("shop")

        assert console.texts("ALTER", "DROP") == []

    def test_refuses_a_name_that_could_do_harm(self) -> None:
        server, _ = server_with({STATE: ONLINE})

        with pytest.raises(InvalidSetting):
            server.drop("shop], [production")

    class WhenThereAreSnapshotsOfIt:
        def test_drops_them_first(self) -> None:
            server, console = server_with({STATE: ONLINE, SNAPSHOTS: [("odd] one",), ("shop_s",)]})

            server.drop("shop")

            assert console.texts("ALTER", "DROP") == [
                "DROP DATABASE [odd]] one]",
                "DROP DATABASE [shop_s]",
                CLOSE_AND_DROP,
            ]

        @pytest.mark.parametrize("state", ["RESTORING", "SUSPECT"])
        def test_drops_them_first_in_any_state(self, state: str) -> None:
            server, console = server_with({STATE: [(state, False)], SNAPSHOTS: [("shop_s",)]})

            server.drop("shop")

            assert console.texts("ALTER", "DROP") == ["DROP DATABASE [shop_s]", "DROP DATABASE [shop]"]

        def test_looks_again_for_one_that_was_just_being_made(self) -> None:
            refers = refusal((3709, "Cannot drop the database while the database snapshot refers to it."))
            server, console = server_with(
                {STATE: ONLINE, SNAPSHOTS: Then([[], [("shop_s",)]]), "SINGLE_USER": Then([refers, []])}
            )

            server.drop("shop")

            assert console.texts("ALTER", "DROP") == [CLOSE_AND_DROP, "DROP DATABASE [shop_s]", CLOSE_AND_DROP]

        def test_tries_again_while_one_is_in_use(self) -> None:
            busy = refusal((3702, "In use."))
            server, console = server_with(
                {STATE: ONLINE, SNAPSHOTS: [("shop_s",)], "DROP DATABASE [shop_s]": Then([busy, []])}
            )

            server.drop("shop")

            assert console.texts("ALTER", "DROP") == [*2 * ["DROP DATABASE [shop_s]"], CLOSE_AND_DROP]

        def test_is_content_if_somebody_else_has_dropped_one(self) -> None:
            gone = refusal((3701, "Not there."))
            server, console = server_with(
                {
                    "state_desc, is_read_only FROM sys.databases WHERE name = N'shop_s'": GONE,
                    STATE: ONLINE,
                    SNAPSHOTS: [("shop_s",)],
                    "DROP DATABASE [shop_s]": gone,
                }
            )

            server.drop("shop")

            assert console.texts("ALTER") == [CLOSE_AND_DROP]

        def test_says_which_one_the_login_may_not_drop(self) -> None:
            server, console = server_with(
                {STATE: ONLINE, SNAPSHOTS: [("shop_s",)], "DROP DATABASE [shop_s]": refusal((3701, "Not yours."))}
            )

            with pytest.raises(PermissionDenied, match="The database shop_s cannot be dropped"):
                server.drop("shop")

            assert console.texts("ALTER") == []

        def test_does_without_where_the_server_knows_none(self) -> None:
            server, console = server_with({STATE: ONLINE, SNAPSHOTS: refusal(UNKNOWN)})

            server.drop("shop")

            assert console.texts("DROP", "ALTER") == [CLOSE_AND_DROP]

        def test_can_drop_them_alone(self) -> None:
            server, console = server_with({STATE: ONLINE, SNAPSHOTS: [("shop_s",)]})

            server.drop_snapshots("shop")

            assert console.texts("ALTER", "DROP") == ["DROP DATABASE [shop_s]"]

    class WhenOthersAreAtTheSame:
        @pytest.mark.parametrize("number", [924, 1205, 1222, 3702, 5052, 5061, 5064, 5070])
        def test_ends_their_sessions_and_tries_again(self, number: int) -> None:
            busy = refusal((number, "In use."), (5069, "ALTER DATABASE statement failed."))
            server, console = server_with(
                {STATE: ONLINE, "SINGLE_USER": Then([busy, busy, []]), "sys.dm_exec_connections": SESSIONS}
            )

            server.drop("shop")

            assert console.texts("ALTER", "KILL") == [
                *(CLOSE_AND_DROP, "KILL 55", "KILL 56"),
                *(CLOSE_AND_DROP, "KILL 55", "KILL 56"),
                CLOSE_AND_DROP,
            ]

        def test_gives_up_in_the_end(self) -> None:
            server, console = server_with({STATE: ONLINE, "SINGLE_USER": refusal((3702, "In use."))}, attempts=3)

            with pytest.raises(PersistenceError, match="In use"):
                server.drop("shop")

            assert len(console.texts("ALTER")) == 3

        def test_goes_on_if_a_session_has_ended_meanwhile(self) -> None:
            server, console = server_with(
                {
                    STATE: ONLINE,
                    "SINGLE_USER": Then([refusal((3702, "In use.")), []]),
                    "sys.dm_exec_connections": SESSIONS,
                    "KILL 55": refusal((6102, "You may not.")),
                }
            )

            server.drop("shop")

            assert console.texts("KILL") == ["KILL 55", "KILL 56"]

        @pytest.mark.parametrize("number", [911, 3701, 5011])
        def test_is_content_if_somebody_else_has_dropped_it(self, number: int) -> None:
            server, _ = server_with({STATE: Then([ONLINE, GONE]), "SINGLE_USER": refusal((number, "Not there."))})

            server.drop("shop")

            assert server.state("shop") is None

    class WhenTheLoginMayNot:
        def test_says_so_although_the_server_does_not(self) -> None:
            server, console = server_with({STATE: ONLINE, "SINGLE_USER": refusal((5011, "Not there, or not yours."))})

            with pytest.raises(PermissionDenied, match="The database shop cannot be dropped"):
                server.drop("shop")

            assert len(console.texts("ALTER")) == 1

    class WhenTheDatabaseCannotBeAltered:
        @pytest.mark.parametrize("state", ["RESTORING", "RECOVERY_PENDING", "SUSPECT", "OFFLINE", "EMERGENCY"])
        def test_drops_it_as_it_is(self, state: str) -> None:
            server, console = server_with({STATE: [(state, False)]})

            server.drop("shop")

            assert console.texts("ALTER", "DROP") == ["DROP DATABASE [shop]"]

    class WhenTheServerHasNoSingleUser:
        def test_only_drops_on_azure(self) -> None:
            server, console = server_with({PROPERTIES: AZURE, STATE: ONLINE})

            server.drop("shop")

            assert console.texts("ALTER", "DROP") == ["DROP DATABASE [shop]"]

        def test_ends_the_sessions_elsewhere(self) -> None:
            server, console = server_with(
                {STATE: ONLINE, "SINGLE_USER": refusal(UNKNOWN), "sys.dm_exec_connections": SESSIONS}
            )

            server.drop("shop")

            assert console.texts("KILL", "DROP") == ["KILL 55", "KILL 56", "DROP DATABASE [shop]"]

        def test_tries_again_since_the_number_of_an_error_tells_nothing(self) -> None:
            in_use = refusal((33557097, "The database is in use."))
            server, console = server_with(
                {STATE: ONLINE, "SINGLE_USER": refusal(UNKNOWN), "DROP": Then([in_use, in_use, []])}
            )

            server.drop("shop")

            assert len(console.texts("DROP")) == 3

        def test_is_content_if_the_database_is_gone_then(self) -> None:
            server, console = server_with(
                {STATE: Then([ONLINE, GONE]), "SINGLE_USER": refusal(UNKNOWN), "DROP": refusal(UNKNOWN)}
            )

            server.drop("shop")

            assert len(console.texts("DROP")) == 1

    class WhenTheServerDoesNotAnswer:
        def test_does_not_try_again(self) -> None:
            gone: CorelibError = ServerUnreachable("The SQL Server does not answer.")
            server, console = server_with({STATE: ONLINE, "SINGLE_USER": gone})

            with pytest.raises(ServerUnreachable):
                server.drop("shop")

            assert len(console.texts("ALTER")) == 1
