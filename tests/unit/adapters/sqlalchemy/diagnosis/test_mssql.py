from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy import standin
from tests.unit.adapters.sqlalchemy.diagnosis.healthy import (
    ABSENT,
    DENIED,
    GIB,
    URL,
    answers,
    diagnosis,
    finding,
)

from corelib.adapters.sqlalchemy.diagnosis import Purpose, State
from corelib.adapters.sqlalchemy.diagnosis.examining import diagnose_engine

OK, WARNING, FAILURE, UNKNOWN = State.OK, State.WARNING, State.FAILURE, State.UNKNOWN
TESTS, PRODUCTION = Purpose.TESTS, Purpose.PRODUCTION
AZURE, MANAGED, SYNAPSE = 5, 8, 6
GOLDEN = Path(__file__).parent / "golden" / "mssql.sql"
OURS = ("SELECT", "DECLARE", "CREATE", "BACKUP", "RESTORE", "EXEC", "DROP")
LOCAL = "mssql://app:s3cret@localhost/shop"


def in_utc(ahead: timedelta) -> datetime:
    return (datetime.now(UTC) + ahead).replace(tzinfo=None)


class TestDiagnoseSqlServer:
    class WhenAllIsWell:
        def test_finds_nothing_to_do(self) -> None:
            findings = diagnosis().findings

            assert {each.name: each.state for each in findings if each.state is not OK} == {}
            assert [each.advice for each in findings if each.advice] == []

        def test_looks_at_what_it_promises(self) -> None:
            names = [each.name for each in diagnosis().findings]

            assert names == [
                "driver",
                "login",
                "version",
                "edition",
                "right to create databases",
                "right to back up",
                "right to see the server's state",
                "application locks",
                "backup folder",
                "collation",
                "READ_COMMITTED_SNAPSHOT",
                "ALLOW_SNAPSHOT_ISOLATION",
                "instant file initialization",
                "disk space",
                "clock",
                "encryption",
            ]

        def test_changes_nothing(self) -> None:
            executed: list[str] = []

            diagnosis(executed=executed)

            changing = ("CREATE DATABASE [", "DROP", "ALTER", "BACKUP DATABASE [", "INSERT", "UPDATE", "DELETE")
            assert [each for each in executed if each.startswith(changing)] == []

        def test_tells_no_password(self) -> None:
            assert "s3cret" not in repr(diagnosis())

    class WhenTheDriverIs:
        @pytest.mark.parametrize(
            ("driver", "state"),
            [
                ("ODBC Driver 17 for SQL Server", WARNING),
                ("ODBC Driver 18 for SQL Server", OK),
                ("FreeTDS", OK),
            ],
        )
        def test_recommends_the_one_that_encrypts_by_default(self, driver: str, state: State) -> None:
            known = standin.mssql_engine(answers())
            url = sa.URL.create(
                "mssql+pyodbc", "app", "s3cret", "db.example", database="shop", query={"driver": driver}
            )
            engine = sa.create_engine(url, module=known.dialect.loaded_dbapi)

            found = diagnose_engine(engine, url).findings[0]

            assert (found.name, found.state) == ("driver", state)
            assert driver in found.found

    class WhenTheVersionIs:
        @pytest.mark.parametrize(
            ("version", "state", "name"),
            [
                ("12.0.2000.8", FAILURE, "SQL Server 2014"),
                ("14.0.3456.2", FAILURE, "SQL Server 2017"),
                ("9.0.1", FAILURE, "SQL Server older"),
                ("15.0.2000.5", OK, "SQL Server 2019"),
                ("17.0.1000.7", OK, "SQL Server 2025"),
                ("18.0.1.1", OK, "SQL Server newer than 2025"),
            ],
        )
        def test_wants_2019_or_newer(self, version: str, state: State, name: str) -> None:
            found = finding("version", version=version)

            assert (found.state, found.found) == (state, f"{version}, {name}")

        @pytest.mark.parametrize("engine", [AZURE, MANAGED])
        def test_takes_any_of_a_service(self, engine: int) -> None:
            assert finding("version", version="12.0.2000.8", engine=engine).state is OK

    class WhenTheEditionIs:
        def test_warns_of_the_limits_of_express(self) -> None:
            found = finding("edition", edition="Express Edition (64-bit)", engine=4)

            assert found.state is WARNING
            assert "10 GB" in found.found

        @pytest.mark.parametrize(("purpose", "state"), [(None, OK), (TESTS, OK), (PRODUCTION, FAILURE)])
        @pytest.mark.parametrize("edition", ["Developer Edition (64-bit)", "Enterprise Evaluation Edition"])
        def test_refuses_one_without_licence_in_production_alone(
            self, edition: str, purpose: Purpose | None, state: State
        ) -> None:
            found = finding("edition", edition=edition, purpose=purpose)

            assert found.state is state
            assert "no licence for production" in found.found

        def test_refuses_an_engine_for_analysis(self) -> None:
            assert finding("edition", edition="SQL Azure", engine=SYNAPSE).state is FAILURE

    class WhenTheLoginMayNotCreateDatabases:
        @pytest.mark.parametrize(("purpose", "state"), [(None, WARNING), (TESTS, FAILURE), (PRODUCTION, OK)])
        def test_matters_for_tests_alone(self, purpose: Purpose | None, state: State) -> None:
            found = finding("right to create databases", create=standin.Row(0, 0), purpose=purpose)

            assert found.state is state

        def test_says_which_statement_grants_it(self) -> None:
            found = finding("right to create databases", create=standin.Row(0, 0), login="a]b")

            assert found.advice == "Run: GRANT CREATE ANY DATABASE TO [a]]b]"

        def test_is_content_with_the_right_in_master(self) -> None:
            assert finding("right to create databases", create=standin.Row(0, 1)).state is OK

        @pytest.mark.parametrize("answer", [standin.Row(None, None), standin.NO_ROW])
        def test_does_not_guess(self, answer: object) -> None:
            assert finding("right to create databases", create=answer).state is UNKNOWN

        @pytest.mark.parametrize(("member", "state"), [(1, OK), (0, UNKNOWN), (None, UNKNOWN)])
        def test_asks_azure_for_its_role(self, member: int | None, state: State) -> None:
            assert finding("right to create databases", engine=AZURE, dbmanager=member).state is state

    class WhenTheLoginMayNotBackUp:
        def test_is_content_where_it_may_make_databases_of_its_own(self) -> None:
            assert finding("right to back up", back_up=0).state is OK

        def test_says_what_gives_it_otherwise(self) -> None:
            found = finding("right to back up", back_up=0, create=standin.Row(0, 0), purpose=TESTS)

            assert found.state is FAILURE
            assert found.advice == "Run in shop: ALTER ROLE db_backupoperator ADD MEMBER [app]"

        def test_does_not_guess(self) -> None:
            assert finding("right to back up", back_up=None, create=standin.Row(0, 0)).state is UNKNOWN

        def test_says_so_of_a_server_that_cannot_back_up(self) -> None:
            found = finding("right to back up", backup_views=0)

            assert (found.state, found.found) == (UNKNOWN, "this server has no BACKUP")

        @pytest.mark.parametrize("engine", [AZURE, MANAGED])
        def test_leaves_it_to_a_service(self, engine: int) -> None:
            assert finding("right to back up", back_up=0, engine=engine).state is OK

    class WhenTheLoginMayNotSeeTheState:
        def test_says_which_statement_grants_it(self) -> None:
            found = finding("right to see the server's state", see_state=0)

            assert (found.state, found.advice) == (WARNING, "Run: GRANT VIEW SERVER STATE TO [app]")

        def test_names_the_role_in_azure(self) -> None:
            found = finding("right to see the server's state", see_state=None, engine=AZURE)

            assert "##MS_ServerStateReader##" in found.advice

        @pytest.mark.parametrize(
            ("name", "answer"),
            [
                ("instant file initialization", "services"),
                ("disk space", "volumes"),
                ("backup folder", "is_folder"),
                ("encryption", "encryption"),
            ],
        )
        def test_names_the_right_where_an_answer_is_missing(self, name: str, answer: str) -> None:
            found = finding(name, **{answer: DENIED})

            assert (found.state, found.found) == (UNKNOWN, "the login lacks VIEW SERVER STATE")
            assert found.advice == "Run: GRANT VIEW SERVER STATE TO [app]"

    class WhenTheServerHasLess:
        @pytest.mark.parametrize(
            ("name", "answer", "view"),
            [
                ("instant file initialization", "services", "sys.dm_server_services"),
                ("disk space", "volumes", "sys.dm_os_volume_stats"),
                ("backup folder", "is_folder", "sys.dm_os_file_exists"),
                ("encryption", "encryption", "sys.dm_exec_connections"),
            ],
        )
        def test_names_the_view_that_is_not_there(self, name: str, answer: str, view: str) -> None:
            found = finding(name, **{answer: ABSENT, "catalogue": 0})

            assert (found.state, found.found) == (UNKNOWN, f"this server has no {view}")

        def test_repeats_what_the_server_said_about_a_view_that_is_there(self) -> None:
            found = finding("disk space", volumes=ABSENT, catalogue=1)

            assert found.state is UNKNOWN
            assert found.found.startswith("the server did not answer: A table does not exist")

        def test_repeats_it_also_where_the_catalogue_is_silent(self) -> None:
            found = finding("disk space", volumes=ABSENT, catalogue=ABSENT)

            assert found.found.startswith("the server did not answer: A table does not exist")

        @pytest.mark.parametrize(
            ("name", "changed"),
            [
                ("version", {"version": "unheard of"}),
                ("edition", {"engine": "unheard of"}),
                ("disk space", {"volumes": standin.Row("/", None, None)}),
                ("collation", {"collations": standin.NO_ROW}),
            ],
        )
        def test_goes_on_after_an_answer_that_nobody_can_read(self, name: str, changed: dict[str, object]) -> None:
            findings = {each.name: each for each in diagnosis(**changed).findings}  # type: ignore[arg-type]

            assert findings[name].state is UNKNOWN
            assert "cannot be read" in findings[name].found
            assert len(findings) == 16

        @pytest.mark.parametrize(
            ("name", "changed"),
            [
                ("instant file initialization", {"services": standin.NO_ROW}),
                ("disk space", {"volumes": standin.NO_ROW}),
                ("encryption", {"encryption": standin.NO_ROW}),
                ("backup folder", {"is_folder": standin.NO_ROW}),
                ("backup folder", {"folder": None}),
                ("READ_COMMITTED_SNAPSHOT", {"committed_snapshots": standin.NO_ROW}),
                ("clock", {"time": "noon"}),
            ],
        )
        def test_takes_no_answer_for_unknown(self, name: str, changed: dict[str, object]) -> None:
            assert finding(name, **changed).state is UNKNOWN

    class WhenLocksAreRefused:
        @pytest.mark.parametrize(("purpose", "state"), [(None, WARNING), (TESTS, FAILURE), (PRODUCTION, OK)])
        @pytest.mark.parametrize(
            "answer", [-999, standin.ProgrammingError("42000", "[42000] No access to master. (916) (SQLExecDirectW)")]
        )
        def test_matters_for_tests_alone(self, answer: object, purpose: Purpose | None, state: State) -> None:
            found = finding("application locks", lock=answer, purpose=purpose)

            assert found.state is state
            assert "sp_getapplock in master" in found.found

    class WhenTheBackupFolderIsMissing:
        @pytest.mark.parametrize(("purpose", "state"), [(None, WARNING), (TESTS, WARNING), (PRODUCTION, OK)])
        def test_is_no_failure_until_it_is_tried(self, purpose: Purpose | None, state: State) -> None:
            assert finding("backup folder", is_folder=0, purpose=purpose).state is state

        def test_says_how_to_make_one(self) -> None:
            found = finding("backup folder", is_folder=0)

            assert found.found.startswith("/var/opt/mssql/data is not there, or the server may not enter it")
            assert "10001" in found.advice

        def test_leaves_it_to_a_service(self) -> None:
            assert finding("backup folder", folder=None, engine=AZURE).state is OK

    class WhenCollationsDiffer:
        def test_warns_of_comparisons_with_temporary_tables(self) -> None:
            found = finding("collation", collations=standin.Row("Latin1_General_CI_AS", "Finnish_Swedish_CI_AS"))

            assert found.state is WARNING
            assert "DATABASE_DEFAULT" in found.advice

    class WhenReadersWait:
        @pytest.mark.parametrize(
            ("name", "answer"),
            [("READ_COMMITTED_SNAPSHOT", "committed_snapshots"), ("ALLOW_SNAPSHOT_ISOLATION", "snapshots")],
        )
        def test_says_which_statement_changes_it(self, name: str, answer: str) -> None:
            found = finding(name, **{answer: 0, "database": "a]b"})

            assert (found.state, found.advice) == (WARNING, f"Run: ALTER DATABASE [a]]b] SET {name} ON.")

        @pytest.mark.parametrize("state", [2, 3])
        def test_takes_a_change_under_way_for_off(self, state: int) -> None:
            assert finding("ALLOW_SNAPSHOT_ISOLATION", snapshots=state).state is WARNING

        def test_looks_at_model_from_a_database_of_the_system(self) -> None:
            executed: list[str] = []

            found = finding("READ_COMMITTED_SNAPSHOT", database="master", committed_snapshots=0, executed=executed)

            assert "for new databases" in found.found
            assert "name it in the URL" in found.advice
            assert any("WHERE name = N'model'" in each for each in executed)

    class WhenFilesAreSlow:
        def test_names_the_right_of_the_service(self) -> None:
            found = finding("instant file initialization", services="N")

            assert found.state is WARNING
            assert "Perform volume maintenance tasks" in found.advice

        def test_leaves_it_to_a_service(self) -> None:
            assert finding("instant file initialization", services=ABSENT, engine=AZURE).state is OK

    class WhenTheDiskFills:
        @pytest.mark.parametrize(("free", "state"), [(0.5, FAILURE), (1, WARNING), (4.9, WARNING), (5, OK)])
        def test_warns_early(self, free: float, state: State) -> None:
            found = finding("disk space", volumes=standin.Row("D:\\", int(free * GIB), 100 * GIB))

            assert (found.state, found.found) == (state, f"{free:.1f} of 100.0 GiB free on D:\\")

        def test_leaves_it_to_azure(self) -> None:
            assert finding("disk space", volumes=ABSENT, engine=AZURE).state is OK

    class WhenClocksDiffer:
        @pytest.mark.parametrize(
            ("ahead", "state", "found"),
            [
                (timedelta(seconds=10), WARNING, "10 s ahead of this machine's"),
                (timedelta(seconds=-10), WARNING, "10 s behind this machine's"),
                (timedelta(hours=1), FAILURE, "3600 s ahead of this machine's"),
            ],
        )
        def test_tells_by_how_much(self, ahead: timedelta, state: State, found: str) -> None:
            result = finding("clock", time=in_utc(ahead))

            assert (result.state, result.found) == (state, found)

    class WhenTheConnectionIsNotSafe:
        def test_warns_of_plain_text(self) -> None:
            assert finding("encryption", encryption="FALSE").state is WARNING

        @pytest.mark.parametrize(
            "query", ["TrustServerCertificate=yes", "odbc_connect=trustservercertificate%3DTrue%3BPWD%3Ds3cret"]
        )
        def test_warns_of_a_certificate_that_nobody_checks(self, query: str) -> None:
            found = finding("encryption", url=f"mssql://app:s3cret@db.example/shop?{query}")

            assert found.state is WARNING
            assert "not checked" in found.found

        def test_is_content_with_a_checked_one(self) -> None:
            found = finding("encryption", url="mssql://app:s3cret@db.example/shop?TrustServerCertificate=no")

            assert found.state is OK

        @pytest.mark.parametrize("encryption", ["FALSE", "TRUE"])
        def test_is_content_with_either_on_this_machine(self, encryption: str) -> None:
            found = finding("encryption", url=f"{LOCAL}?TrustServerCertificate=yes", encryption=encryption)

            assert found.state is OK

    class WhenABackupIsTried:
        def test_makes_a_database_of_its_own_and_drops_it(self) -> None:
            executed: list[str] = []

            found = finding("backup trial", deep=True, executed=executed)

            named = [each for each in executed if "corelib_doctor_" in each]
            assert (found.state, found.found) == (OK, "BACKUP to /var/opt/mssql/data works")
            assert [each.partition("corelib")[0] for each in named] == [
                "CREATE DATABASE [",
                "BACKUP DATABASE [",
                "RESTORE VERIFYONLY FROM DISK = N'",
                "EXEC master.sys.xp_delete_files N'/var/opt/mssql/data/",
                "DROP DATABASE [",
            ]
            assert "WITH COPY_ONLY, FORMAT, INIT, CHECKSUM" in named[1]

        def test_explains_a_folder_that_the_server_may_not_use(self) -> None:
            error = standin.ProgrammingError(
                "42000",
                "[42000] Cannot open 'x.bak'. Operating system error 5(Access is denied.). (3201) (SQLExecDirectW)",
            )
            executed: list[str] = []

            found = finding("backup trial", deep=True, write=error, purpose=TESTS, executed=executed)

            assert found.state is FAILURE
            assert "10001" in found.advice
            assert any(each.startswith("DROP DATABASE [corelib_doctor_") for each in executed)

        def test_does_not_blame_the_folder_for_other_errors(self) -> None:
            error = standin.ProgrammingError("42000", "[42000] BACKUP was denied. (262) (SQLExecDirectW)")

            found = finding("backup trial", deep=True, write=error, purpose=TESTS)

            assert found.advice == "Grant the right to the user of the database URL."

        def test_sends_to_the_error_log_for_what_it_does_not_know(self) -> None:
            error = standin.ProgrammingError("42000", "[42000] BACKUP is terminating. (3013) (SQLExecDirectW)")

            assert "error log" in finding("backup trial", deep=True, verify=error).advice

        @pytest.mark.parametrize(
            ("changed", "path"),
            [
                ({"catalogue": 0}, "/var/opt/mssql/data/corelib_doctor_"),
                ({"delete": ABSENT, "folder": "D:\\Backup"}, "D:\\Backup\\corelib_doctor_"),
                ({"delete": ABSENT, "folder": "D:\\Backup\\"}, "D:\\Backup\\corelib_doctor_"),
                ({"folder": None}, "file corelib_doctor_"),
            ],
        )
        def test_names_a_file_that_stays_behind(self, changed: dict[str, object], path: str) -> None:
            found = finding("backup trial", deep=True, **changed)

            assert found.state is WARNING
            assert path in found.found

        def test_names_a_database_that_stays_behind(self) -> None:
            found = finding("backup trial", deep=True, drop=ABSENT)

            assert found.state is WARNING
            assert found.advice.startswith("Run: DROP DATABASE [corelib_doctor_")

        def test_is_not_tried_without_a_database(self) -> None:
            assert finding("backup trial", deep=True, make=DENIED).state is UNKNOWN

        def test_is_not_tried_where_there_is_no_backup(self) -> None:
            executed: list[str] = []

            found = finding("backup trial", deep=True, backup_views=0, executed=executed)

            assert found.state is UNKNOWN
            assert not [each for each in executed if each.startswith("CREATE DATABASE")]

        def test_is_left_to_a_service(self) -> None:
            assert finding("backup trial", deep=True, engine=AZURE).state is OK

    class WhenThereIsNoConnection:
        @pytest.mark.parametrize(
            ("number", "state", "name"),
            [(18456, "28000", "login"), (4060, "42000", "database"), (10060, "08001", "connection")],
        )
        def test_names_what_was_refused_and_asks_no_more(self, number: int, state: str, name: str) -> None:
            error = standin.OperationalError(state, f"[{state}] Refused to app with s3cret. ({number}) (SQLDriver)")
            engine = standin.mssql_engine({"LOGIN": error})

            result = diagnose_engine(engine, sa.make_url(URL))

            assert not result.connected
            assert [(each.name, each.state) for each in result.findings] == [(name, FAILURE)]
            assert "s3cret" not in repr(result)


class TestStatements:
    def test_are_those_that_were_agreed(self) -> None:
        executed: list[str] = []
        engine = standin.mssql_engine(answers(), executed=executed)
        engine.connect().close()  # SQLAlchemy asks for what it wants to know
        executed.clear()

        diagnose_engine(engine, sa.make_url(URL), deep=True)

        told = dict.fromkeys(re.sub("[0-9a-f]{32}", "0123abcd", each) for each in executed if each.startswith(OURS))
        assert "".join(f"{each};\n" for each in told) == GOLDEN.read_text(encoding="utf-8")
