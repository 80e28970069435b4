from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("psycopg")

import sqlalchemy as sa
from attrs import frozen

from corelib.adapters.sqlalchemy.diagnosis import Finding, Purpose, State
from corelib.adapters.sqlalchemy.diagnosis.examining import run
from corelib.adapters.sqlalchemy.diagnosis.postgresql import PostgresqlExamination
from corelib.adapters.sqlalchemy.diagnosis.session import Row, Session
from corelib.errors import PermissionDenied, PersistentFailure

OK, WARNING, FAILURE, UNKNOWN = State.OK, State.WARNING, State.FAILURE, State.UNKNOWN
TESTS, PRODUCTION = Purpose.TESTS, Purpose.PRODUCTION
URL = "postgresql://app:s3cret@db.example/shop"


@frozen
class RecordedSession(Session):
    """Gives recorded answers, each to the statements that have its key in them; an error is raised."""

    answers: Mapping[str, Row | Exception] = {}

    def rows(self, text: str) -> list[Row]:
        answer = next(answer for part, answer in self.answers.items() if part in text)
        if isinstance(answer, Exception):
            raise answer
        return [answer] if answer else []


def answers(**changed: Row | Exception) -> dict[str, Row | Exception]:
    return {
        "current_user, current_database": changed.get("login", ("app", "shop")),
        "server_version": changed.get("version", (160004, "16.4")),
        "rolcreatedb": changed.get("create", (False, True)),
        "pg_read_all_stats": changed.get("see", (True,)),
        "pg_try_advisory_lock": changed.get("lock", (True, True)),
        "datcollversion": changed.get("collation", ("UTF8", "en_US.UTF-8", "2.36", "2.36")),
        "max_connections": changed.get("connections", (97, 10)),
        "'fsync'": changed.get("fsync", ("on",)),
        "'full_page_writes'": changed.get("full_page_writes", ("on",)),
        "'synchronous_commit'": changed.get("synchronous_commit", ("on",)),
        "clock_timestamp": changed.get("time", (datetime.now(UTC).replace(tzinfo=None),)),
        "FROM pg_stat_ssl": changed.get("ssl", (True, "TLSv1.3")),
        "to_regclass": changed.get("regclass", ("pg_stat_ssl",)),
    }


def diagnosis(purpose: Purpose | None = None, url: str = URL, **changed: Row | Exception) -> dict[str, Finding]:
    engine, examination = sa.create_engine("postgresql+psycopg://"), PostgresqlExamination()
    session = RecordedSession(engine, sa.make_url(url), purpose, answers(**changed))
    judged = {check.name: run(check, session, examination) for check in examination.checks(deep=False)}
    return {name: Finding(name, each.state, each.found, each.advice) for name, each in judged.items()}


class TestDiagnosePostgresql:
    class WhenAllIsWell:
        def test_finds_nothing_to_do(self) -> None:
            findings = diagnosis().values()

            assert {each.name: each.state for each in findings if each.state is not OK} == {}
            assert [each.advice for each in findings if each.advice] == []

        def test_looks_at_what_it_promises(self) -> None:
            assert list(diagnosis()) == [
                "driver",
                "login",
                "version",
                "right to create databases",
                "right to see sessions",
                "advisory locks",
                "encoding and collation",
                "connections",
                "fsync",
                "full_page_writes",
                "synchronous_commit",
                "clock",
                "encryption",
            ]

    class WhenTheVersionIsOld:
        @pytest.mark.parametrize(("number", "state"), [(140012, FAILURE), (150000, OK), (180001, OK)])
        def test_wants_15_or_newer(self, number: int, state: State) -> None:
            assert diagnosis(version=(number, "its name"))["version"].state is state

    class WhenARightIsMissing:
        @pytest.mark.parametrize(("purpose", "state"), [(None, WARNING), (TESTS, FAILURE), (PRODUCTION, OK)])
        @pytest.mark.parametrize(
            ("name", "changed"),
            [("right to create databases", {"create": (False, False)}), ("right to see sessions", {"see": (False,)})],
        )
        def test_matters_for_tests_alone(
            self, name: str, changed: dict[str, Row], purpose: Purpose | None, state: State
        ) -> None:
            assert diagnosis(purpose, **changed)[name].state is state

        def test_says_which_statement_grants_it(self) -> None:
            found = diagnosis(create=(False, False), login=('a"b', "shop"))["right to create databases"]

            assert found.advice == 'Run: ALTER ROLE "a""b" CREATEDB'

        def test_repeats_what_was_refused(self) -> None:
            found = diagnosis(ssl=PermissionDenied("not for you."))["encryption"]

            assert (found.state, found.found) == (UNKNOWN, "not for you")

    class WhenNoLockIsGranted:
        def test_names_the_setting(self) -> None:
            found = diagnosis(lock=(False, False))["advisory locks"]

            assert found.state is FAILURE
            assert "max_locks_per_transaction" in found.advice

    class WhenTextsAreNotSafe:
        def test_wants_utf_8(self) -> None:
            assert diagnosis(collation=("SQL_ASCII", "C", None, None))["encoding and collation"].state is FAILURE

        def test_warns_of_a_collation_that_has_changed(self) -> None:
            found = diagnosis(collation=("UTF8", "en_US.UTF-8", "2.31", "2.36"))["encoding and collation"]

            assert found.state is WARNING
            assert "REFRESH COLLATION VERSION" in found.advice

        def test_is_content_with_a_collation_without_versions(self) -> None:
            assert diagnosis(collation=("UTF8", "C", None, None))["encoding and collation"].state is OK

    class WhenConnectionsAreFew:
        @pytest.mark.parametrize(("used", "state", "free"), [(77, OK, 20), (78, WARNING, 19), (99, WARNING, 0)])
        def test_warns_early(self, used: int, state: State, free: int) -> None:
            found = diagnosis(connections=(97, used))["connections"]

            assert (found.state, found.found) == (state, f"{free} of 97 free")

    class WhenACrashMayLoseData:
        @pytest.mark.parametrize(("purpose", "state"), [(None, WARNING), (TESTS, OK), (PRODUCTION, FAILURE)])
        @pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
        def test_matters_in_production_alone(self, name: str, purpose: Purpose | None, state: State) -> None:
            assert diagnosis(purpose, **{name: ("off",)})[name].state is state

        def test_is_content_with_commits_that_wait_for_this_machine_alone(self) -> None:
            assert diagnosis(synchronous_commit=("local",))["synchronous_commit"].state is OK

    class WhenTheConnectionIsNotEncrypted:
        @pytest.mark.parametrize(
            ("url", "state"),
            [
                (URL, WARNING),
                ("postgresql://app@127.0.0.1/shop", OK),
                ("postgresql:///shop", OK),
                ("postgresql:///shop?host=/run/postgresql", OK),
                ("postgresql:///shop?host=db.example", WARNING),
            ],
        )
        def test_warns_unless_it_stays_on_this_machine(self, url: str, state: State) -> None:
            assert diagnosis(url=url, ssl=(False, None))["encryption"].state is state

    class WhenTheServerHasLess:
        def test_names_the_view_that_is_not_there(self) -> None:
            found = diagnosis(ssl=PersistentFailure("no."), regclass=(None,))["encryption"]

            assert (found.state, found.found) == (UNKNOWN, "this server has no pg_stat_ssl")

        def test_takes_no_answer_for_unknown(self) -> None:
            assert diagnosis(ssl=())["encryption"].state is UNKNOWN


class TestPostgresqlExamination:
    def test_makes_the_login_a_member_of_a_role(self) -> None:
        session = RecordedSession(sa.create_engine("postgresql+psycopg://"), sa.make_url(URL), None, answers())

        assert PostgresqlExamination().grant(session, "pg_monitor") == 'GRANT pg_monitor TO "app"'
