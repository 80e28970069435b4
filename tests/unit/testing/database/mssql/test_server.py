from __future__ import annotations

from datetime import UTC, datetime

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import URL, Then, refusal, server_with

from corelib.errors import AlreadyExists, InvalidSetting, PermissionDenied, PersistentFailure, ServerUnreachable
from corelib.testing.database.model import Kind, Mark, Session
from corelib.testing.database.mssql.marks import READ_MARK
from corelib.testing.database.mssql.server import MssqlServer, require_online
from corelib.testing.database.planning.mark_text import text_of
from corelib.testing.database.registry_database import REGISTRY_DATABASE

MARK = Mark(Kind.CLONE, "0123456789ab", "f00d")
EXISTS = (1801, "Database 'shop' already exists. Choose a different database name.")
BUSY = (1807, "Could not obtain exclusive lock on database 'model'. Retry the operation later.")
IN_USE = (5030, "The database could not be exclusively locked to perform the operation.")
UNKNOWN = (33557097, "'ALTER DATABASE' is not currently supported")
ONLINE = {"SELECT state_desc": [("ONLINE", False)]}
SEALED = {"SELECT state_desc": [("ONLINE", True)]}


class TestMssqlServer:
    def test_tells_its_host_and_the_url_of_a_database(self) -> None:
        server, _ = server_with({})

        assert server.host == "testhost"
        assert server.url("shop_c_1") == "mssql://sa:s3cret@testhost:1434/shop_c_1?driver=any"

    def test_closes_its_console(self) -> None:
        server, console = server_with({})

        server.close()

        assert console.closed

    def test_refuses_options_that_are_none(self) -> None:
        with pytest.raises(InvalidSetting):
            MssqlServer(URL, options={"RECOVERY": "'"})

    class WhenItIsAskedForFacts:
        def test_asks_once(self) -> None:
            server, console = server_with({})

            assert server.facts() is server.facts()
            assert len(console.ran) == 4

        def test_has_the_options_of_the_kit_and_of_the_host(self) -> None:
            server, _ = server_with({}, options={"RECOVERY": "FULL", "READ_COMMITTED_SNAPSHOT": "ON"})

            options = server.facts().options
            assert (options["RECOVERY"], options["READ_COMMITTED_SNAPSHOT"]) == ("FULL", "ON")
            assert options["DELAYED_DURABILITY"] == "FORCED"

        def test_does_without_what_the_login_may_not_see(self) -> None:
            hidden = refusal((300, "VIEW ANY DEFINITION permission was denied."))
            server, _ = server_with({"sys.master_files": hidden, "HAS_PERMS": hidden, "N'model'": hidden})

            assert server.facts().traits["data"] == "/var/opt/mssql/data/"

    class WhenDatabasesAreListed:
        def test_leaves_out_what_begins_so_only_by_the_collation(self) -> None:
            server, _ = server_with({"SELECT name": [("shop_c_2",), ("SHOP_c_1",), ("shop_c_1",)]})

            assert server.names("shop_c") == ["shop_c_1", "shop_c_2"]

    class WhenADatabaseIsMade:
        def test_makes_it_and_sets_its_options_one_by_one(self) -> None:
            server, console = server_with({}, options={"READ_COMMITTED_SNAPSHOT": "ON"})

            server.create("shop")

            assert console.texts() == [
                "CREATE DATABASE [shop]",
                "ALTER DATABASE [shop] SET AUTO_CLOSE OFF",
                "ALTER DATABASE [shop] SET AUTO_SHRINK OFF",
                "ALTER DATABASE [shop] SET DELAYED_DURABILITY = FORCED",
                "ALTER DATABASE [shop] SET RECOVERY SIMPLE",
                "ALTER DATABASE [shop] SET READ_COMMITTED_SNAPSHOT ON",
            ]

        def test_refuses_a_name_that_could_do_harm(self) -> None:
            server, console = server_with({})

            with pytest.raises(InvalidSetting):
                server.create("shop] SET OFFLINE --")

            assert console.ran == []

        def test_says_that_there_is_one(self) -> None:
            server, console = server_with({"CREATE": refusal(EXISTS)})

            with pytest.raises(AlreadyExists, match="a database shop already"):
                server.create("shop")

            assert console.texts("ALTER", "DROP") == []

        def test_looks_for_one_where_the_server_has_other_numbers(self) -> None:
            server, _ = server_with({"CREATE": refusal((33557097, "It exists.")), **ONLINE})

            with pytest.raises(AlreadyExists):
                server.create("shop")

        def test_hands_on_any_other_refusal(self) -> None:
            server, _ = server_with({"CREATE": refusal((1802, "CREATE DATABASE failed."))})

            with pytest.raises(PersistentFailure, match="CREATE DATABASE failed"):
                server.create("shop")

        def test_waits_for_others_who_make_one(self) -> None:
            server, console = server_with({"CREATE": Then([refusal(BUSY), refusal(BUSY), []])})

            server.create("shop")

            assert len(console.texts("CREATE")) == 3

        def test_does_not_wait_for_ever(self) -> None:
            server, console = server_with({"CREATE": refusal(BUSY)}, attempts=3)

            with pytest.raises(PersistentFailure, match="exclusive lock on database 'model'"):
                server.create("shop")

            assert len(console.texts("CREATE")) == 3

        def test_does_without_an_option_for_speed(self) -> None:
            server, console = server_with({"DELAYED_DURABILITY": refusal(UNKNOWN)})

            server.create("shop")

            assert console.texts("DROP") == []

        def test_leaves_nothing_behind_if_an_option_of_the_host_is_refused(self) -> None:
            state = {"SELECT state_desc": Then([[("ONLINE", False)], []])}
            server, console = server_with(
                {"ALLOW_SNAPSHOT": refusal(UNKNOWN), **state}, options={"ALLOW_SNAPSHOT_ISOLATION": "ON"}
            )

            with pytest.raises(InvalidSetting, match=r"ALLOW_SNAPSHOT_ISOLATION = ON: .*not currently supported"):
                server.create("shop")

            assert "DROP DATABASE [shop]" in console.texts()[-1]

        def test_gives_none_of_the_host_s_options_to_the_registry(self) -> None:
            server, console = server_with({}, options={"COLLATE": "Latin1_General_100_CS_AS", "RECOVERY": "FULL"})

            server.create(REGISTRY_DATABASE)

            assert console.texts()[0] == f"CREATE DATABASE [{REGISTRY_DATABASE}]"
            assert f"ALTER DATABASE [{REGISTRY_DATABASE}] SET RECOVERY SIMPLE" in console.texts()

    class WhenADatabaseIsRenamed:
        def test_renames_it(self) -> None:
            server, console = server_with({})

            server.rename("shop_b_1", "shop_t_1")

            assert console.texts() == ["ALTER DATABASE [shop_b_1] MODIFY NAME = [shop_t_1]"]

        def test_says_that_there_is_one(self) -> None:
            server, _ = server_with({"MODIFY NAME": refusal(EXISTS)})

            with pytest.raises(AlreadyExists, match="a database shop_t_1 already"):
                server.rename("shop_b_1", "shop_t_1")

        def test_waits_for_a_connection_that_is_just_ending(self) -> None:
            server, console = server_with({"MODIFY NAME": Then([refusal(IN_USE), []])})

            server.rename("shop_b_1", "shop_t_1")

            assert len(console.texts("ALTER")) == 2

    class WhenADatabaseIsSealed:
        def test_makes_it_read_only(self) -> None:
            server, console = server_with({})

            server.seal("shop_t_1")

            assert console.texts() == ["ALTER DATABASE [shop_t_1] SET READ_ONLY WITH ROLLBACK IMMEDIATE"]

        def test_does_without_where_the_server_cannot(self) -> None:
            server, console = server_with({"READ_ONLY": refusal(UNKNOWN)})

            server.seal("shop_t_1")

            assert len(console.ran) == 1

    class WhenADatabaseIsMarked:
        def test_writes_the_mark_in_that_database(self) -> None:
            server, console = server_with(ONLINE)

            server.mark("shop_c_1", MARK)

            text, database = console.ran[-1]
            assert database == "shop_c_1"
            assert "sp_updateextendedproperty" in text
            assert "sp_addextendedproperty" in text

        def test_opens_a_sealed_one_for_it_and_seals_it_again(self) -> None:
            server, console = server_with(SEALED)

            server.mark("shop_t_1", MARK)

            assert [text.split(" WITH ")[0] for text in console.texts("ALTER", "IF")] == [
                "ALTER DATABASE [shop_t_1] SET READ_WRITE",
                *console.texts("IF"),
                "ALTER DATABASE [shop_t_1] SET READ_ONLY",
            ]

        def test_seals_it_again_after_an_error(self) -> None:
            server, console = server_with({**SEALED, "IF EXISTS": refusal((9002, "The log is full."))})

            with pytest.raises(PersistentFailure):
                server.mark("shop_t_1", MARK)

            assert console.texts()[-1].startswith("ALTER DATABASE [shop_t_1] SET READ_ONLY")

        def test_reads_the_mark_in_that_database(self) -> None:
            server, console = server_with({READ_MARK: [(text_of(MARK),)], **ONLINE})

            assert server.mark_of("shop_c_1") == MARK
            assert console.ran[-1] == (READ_MARK, "shop_c_1")

    class WhenADatabaseHasNoMark:
        def test_has_none(self) -> None:
            server, _ = server_with(ONLINE)

            assert server.mark_of("shop_c_1") is None

        @pytest.mark.parametrize("state", [[], [("RESTORING", False)], [("SUSPECT", False)]])
        def test_has_none_where_it_cannot_be_read(self, state: list[tuple[object, ...]]) -> None:
            server, console = server_with({"SELECT state_desc": state, READ_MARK: [(text_of(MARK),)]})

            assert server.mark_of("shop_c_1") is None
            assert {database for _, database in console.ran} == {"master"}

        @pytest.mark.parametrize(
            "number", [4060, 916, 911, 924, 33557097], ids=["no login", "no user", "gone", "single user", "unknown"]
        )
        def test_has_none_where_nobody_may_look(self, number: int) -> None:
            server, _ = server_with({READ_MARK: refusal((number, "Not you.")), **ONLINE})

            assert server.mark_of("shop_c_1") is None

        def test_is_not_taken_for_unmarked_when_nobody_answers(self) -> None:
            error = ServerUnreachable("The SQL Server does not answer.")
            server, _ = server_with({READ_MARK: error, **ONLINE})

            with pytest.raises(ServerUnreachable):
                server.mark_of("shop_c_1")

    class WhenADatabaseIsBeingMade:
        @pytest.mark.parametrize(("sessions", "made"), [(1, True), (0, False)])
        def test_finds_the_statement(self, sessions: int, made: bool) -> None:
            server, _ = server_with({"sys.dm_exec_requests": [(sessions,)]})

            assert server.is_being_made("shop_c_1") is made

        def test_does_not_know_it_without_the_right(self) -> None:
            server, _ = server_with(
                {"sys.dm_exec_requests": refusal((300, "VIEW SERVER STATE permission was denied."))}
            )

            assert server.is_being_made("shop_c_1") is False

    class WhenSessionsAreListed:
        def test_tells_what_is_known_of_each(self) -> None:
            since = datetime(2026, 1, 2, 12)  # noqa: DTZ001 - as the driver has it
            full = (55, "corelib ", "sleeping", since, "UPDATE  orders\r\n SET paid = ?")
            server, _ = server_with({"sys.dm_exec_connections": [full, (56, None, "running", None, None)]})

            assert server.sessions("shop_c_1") == [
                Session(55, "corelib", "sleeping", since.replace(tzinfo=UTC), "UPDATE orders SET paid = ?"),
                Session(56, "", "running", None, ""),
            ]

        def test_asks_for_less_where_the_server_has_less(self) -> None:
            plain = [(55, "corelib", "sleeping", None, None)]
            server, _ = server_with({"sys.dm_exec_connections": refusal(UNKNOWN), "sys.dm_exec_sessions": plain})

            assert [session.number for session in server.sessions("shop_c_1")] == [55]

        def test_does_not_ask_again_where_nobody_is_connected(self) -> None:
            server, console = server_with({})

            assert server.sessions("shop_c_1") == []
            assert len(console.ran) == 1

        def test_tells_none_where_none_may_be_seen(self) -> None:
            server, _ = server_with({"sys.dm_exec_sessions": refusal((300, "Denied."))})

            assert server.sessions("shop_c_1") == []

    class WhenASessionIsEnded:
        def test_ends_it(self) -> None:
            server, console = server_with({})

            server.end_session(55)

            assert console.texts() == ["KILL 55"]

        @pytest.mark.parametrize("number", [6106, 33557097])
        def test_takes_one_that_is_gone_for_ended(self, number: int) -> None:
            server, console = server_with({"KILL": refusal((number, "Process ID 55 is not an active process ID."))})

            server.end_session(55)

            assert console.texts("KILL") == ["KILL 55"]

        def test_says_what_right_is_missing(self) -> None:
            server, _ = server_with({"KILL": refusal((6102, "User does not have permission to use KILL."))})

            with pytest.raises(PermissionDenied, match="GRANT ALTER ANY CONNECTION"):
                server.end_session(55)

        def test_hands_on_any_other_refusal(self) -> None:
            server, _ = server_with({"KILL": refusal((6107, "Only user processes can be killed.")), "= 55": [(55,)]})

            with pytest.raises(PersistentFailure, match="Only user processes"):
                server.end_session(55)


class TestRequireOnline:
    def test_lets_an_open_database_pass(self) -> None:
        server, console = server_with(ONLINE)

        require_online(server, "shop_c_1")

        assert len(console.ran) == 1

    @pytest.mark.parametrize(
        ("rows", "text"), [([("RECOVERY_PENDING", False)], "is RECOVERY_PENDING"), ([], "is not there")]
    )
    def test_refuses_any_other(self, rows: list[tuple[object, ...]], text: str) -> None:
        server, _ = server_with({"SELECT state_desc": rows})

        with pytest.raises(PersistentFailure, match=text):
            require_online(server, "shop_c_1")
