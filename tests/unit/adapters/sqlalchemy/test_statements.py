"""The text of every statement on every engine, compared with the files in `golden`.

After a change that is meant, write them anew with CORELIB_REWRITE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from sqlalchemy.dialects import mssql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from tests.unit.adapters.sqlalchemy.club import Ticket, queue_mapping, ticket_mapping
from tests.unit.adapters.sqlalchemy.recording import Sent, Target, sent_for
from tests.unit.adapters.sqlalchemy.repository_statements import SOURCES as REPOSITORIES
from tests.unit.adapters.sqlalchemy.repository_statements import of_tickets
from tests.unit.adapters.sqlalchemy.sample import committed, new_job, opened, sent_by, shop_schema
from tests.unit.adapters.sqlalchemy.standin import mssql_engine

from corelib.adapters.sqlalchemy import ExactDecimal, SqlSchema, SqlStorage, UtcDateTime, tables
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.job_store import SqlJobStore
from corelib.adapters.sqlalchemy.mssql import BEGIN_IF_NEEDED, MssqlDialect
from corelib.adapters.sqlalchemy.postgresql import PostgresqlDialect
from corelib.adapters.sqlalchemy.repository import SqlRepository
from corelib.adapters.sqlalchemy.sqlite import SqliteDialect
from corelib.domain.event import RecordedEvent
from corelib.domain.identifiers import new_id
from corelib.domain.job import Claim, JobState

GOLDEN = Path(__file__).parent / "golden"
REWRITE = os.environ.get("CORELIB_REWRITE_GOLDEN") == "1"
HINTS = "WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)"
MINUTE = timedelta(minutes=1)


@cache
def _mssql() -> Dialect:
    """SQLAlchemy adapts its text to the version of the server, so it has to meet one."""
    engine = mssql_engine()
    engine.connect().close()
    return engine.dialect


@cache
def _sqlite() -> Dialect:
    return sa.create_engine("sqlite://").dialect


MSSQL = Target("mssql", MssqlDialect(), _mssql)
POSTGRESQL = Target("postgresql", PostgresqlDialect(), PGDialect_psycopg)
SQLITE = Target("sqlite", SqliteDialect(), _sqlite)
TARGETS = [MSSQL, POSTGRESQL, SQLITE]


@contextmanager
def noted(engine: Engine) -> Iterator[list[Sent]]:
    """What is executed within the block."""
    found: list[Sent] = []

    def note(
        _: Connection, clause: sa.ClauseElement, many: list[dict[str, object]], one: dict[str, object], __: object
    ) -> None:
        found.append(Sent(clause, many[0] if many else one))

    sa.event.listen(engine, "before_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_execute", note)


def only(sent: list[Sent]) -> Sent:
    [statement] = sent
    return statement


def of_jobs(folder: Path, dialect: SqlDialect) -> dict[str, Sent]:
    """What the life of jobs takes; run on SQLite, but written for the given dialect."""
    named: dict[str, Sent] = {}
    with opened(folder) as storage:
        store = SqlJobStore(storage.engine, dialect)
        job = new_job()

        def claim() -> Claim:
            with noted(storage.engine) as sent:
                claimed = store.claim(job.id)
            named["claim"] = only(sent)
            assert claimed is not None
            return claimed

        with noted(storage.engine) as sent, committed(storage) as transaction:
            transaction.add_jobs([job])
        named["insert"] = only(sent)

        with noted(storage.engine) as sent:
            store.forget_announcements()
        named["forget announcements"] = only(sent)

        with noted(storage.engine) as sent:
            store.wake(limit=10, again_after=MINUTE)
        named["wake"] = only(sent)

        for name, settle in (
            ("retry", lambda held: store.retry(held, error="failed", wait=timedelta(0))),
            ("release", store.release),
        ):
            held = claim()
            with noted(storage.engine) as sent:
                settle(held)
            named[name] = only(sent)

        held = claim()
        with noted(storage.engine) as sent, committed(storage) as transaction:
            transaction.complete_job(job.id, held.token)
        named["complete"] = only(sent)

        with noted(storage.engine) as sent:
            store.bury(held, error="failed")
        named["bury"] = only(sent)

        with noted(storage.engine) as sent:
            store.claim(job.id)
        named["bury abandoned"] = sent[1]

        with noted(storage.engine) as sent:
            store.find(job.id)
            store.list(state=JobState.DEAD, limit=20)
            store.count()
            list(store.stream())
        named |= dict(zip(("find", "list", "count", "stream"), sent, strict=True))

        event = RecordedEvent(new_id(), "Charged", "{}", job.context, datetime(2026, 1, 1, tzinfo=UTC))
        with noted(storage.engine) as sent, committed(storage) as transaction:
            transaction.add_events([event])
        named["insert event"] = only(sent)

        with noted(storage.engine) as sent:
            list(storage.events())
        named["stream events"] = only(sent)
    return named


def of_schema(dialect: Dialect) -> dict[str, str]:
    """What makes the tables of corelib and those of a host."""
    named: dict[str, str] = {}
    for metadata in (tables.metadata, shop_schema().metadata):
        for table in metadata.sorted_tables:
            named[f"create table {table.name}"] = str(CreateTable(table).compile(dialect=dialect)).strip()
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                named[f"create index {index.name}"] = str(CreateIndex(index).compile(dialect=dialect))
    return named


def statements(source: str, target: Target, folder: Path) -> dict[str, Sent]:
    """What is sent for a target, by name."""
    return of_jobs(folder, target.ours) if source == "jobs" else REPOSITORIES[source](target)


SOURCES = ["jobs", *REPOSITORIES]


def written(texts: Mapping[str, str]) -> str:
    """The statements as a file that people can read."""
    whole = ";\n\n".join(f"-- {name}\n{text}" for name, text in texts.items())
    return "\n".join(line.rstrip() for line in whole.splitlines()) + ";\n"


def golden(name: str) -> dict[str, str]:
    """The statements of a golden file, of which the tests above say that they are those that are sent."""
    whole = (GOLDEN / f"{name}.sql").read_text(encoding="utf-8").removeprefix("-- ").removesuffix(";\n")
    parts = (part.partition("\n") for part in whole.split(";\n\n-- "))
    return {name: text for name, _, text in parts}


def served(repository: SqlRepository[Any]) -> None:
    """Change nothing but a part."""
    repository.get(7).waiting.append("Ann")


def compare(name: str, text: str) -> None:
    file = GOLDEN / f"{name}.sql"
    if REWRITE:
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")


class TestStatements:
    @pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
    @pytest.mark.parametrize("source", SOURCES)
    def test_have_the_text_of_the_golden_file(self, tmp_path: Path, source: str, target: Target) -> None:
        sent = statements(source, target, tmp_path)

        texts = {name: target.sql(statement)[0] for name, statement in sent.items()}

        compare(f"{target.name}_{source}", written(texts))

    @pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
    def test_make_the_tables_of_the_golden_file(self, target: Target) -> None:
        texts = of_schema(target.theirs())

        compare(f"{target.name}_schema", written(texts))

    class WhenTheServerIsSqlServer:
        @pytest.mark.parametrize("source", SOURCES)
        def test_have_a_parameter_for_every_question_mark(self, tmp_path: Path, source: str) -> None:
            for name, sent in statements(source, MSSQL, tmp_path).items():
                text, parameters = MSSQL.sql(sent)

                assert (name, text.count("?")) == (name, parameters)

        @pytest.mark.parametrize("name", [f"mssql_{source}" for source in (*SOURCES, "schema")])
        def test_are_transact_sql(self, name: str) -> None:
            sqlglot = pytest.importorskip("sqlglot")
            known = tuple(getattr(sqlglot.exp, kind) for kind in ("Select", "Insert", "Update", "Delete", "Create"))

            for text in golden(name).values():
                parsed = sqlglot.parse_one(text, read="tsql")

                assert isinstance(parsed, known)

        @pytest.mark.parametrize("name", ["claim", "wake"])
        def test_pass_over_rows_that_others_have_locked(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert text.count(f"FROM corelib_job {HINTS}\n") == 1

        @pytest.mark.parametrize("name", ["claim", "wake"])
        def test_give_out_the_rows_that_they_take(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert " OUTPUT inserted.id, inserted." in text

        def test_take_no_more_than_the_limit(self) -> None:
            text = golden("mssql_jobs")["wake"]

            assert "(SELECT TOP 10 corelib_job.id " in text

        @pytest.mark.parametrize("name", ["insert", "retry", "wake", "claim"])
        def test_count_time_in_numbers_that_hold_more_than_24_days(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert "AS bigint) / 1000 AS int)" in text

        @pytest.mark.parametrize("name", ["retry", "release", "complete", "bury", "bury abandoned"])
        def test_write_null_without_a_parameter(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert "token=NULL" in text

        @pytest.mark.parametrize(
            ("lock", "hint"),
            [
                ("wait", "WITH (UPDLOCK, ROWLOCK)"),
                ("skip", HINTS),
                ("fail", "WITH (UPDLOCK, ROWLOCK, NOWAIT)"),
            ],
        )
        @pytest.mark.parametrize("name", ["select one", "list"])
        def test_lock_what_they_read_by_hints(self, name: str, lock: str, hint: str) -> None:
            text = golden("mssql_repository")[f"{name}, lock {lock}"]

            assert text.count(f"FROM shop_basket {hint}\n") == 1

        @pytest.mark.parametrize(
            ("file", "name"),
            [
                ("mssql_repository", "upsert: lock keys"),
                ("mssql_composite_keys", "upsert 1"),
                ("mssql_tenants_and_marks", "upsert 1"),
            ],
        )
        def test_lock_also_keys_that_are_not_there(self, file: str, name: str) -> None:
            text = golden(file)[name]

            assert text.count(" WITH (UPDLOCK, SERIALIZABLE)\n") == 1

        def test_lock_roots_before_their_parts_are_removed(self) -> None:
            text = golden("mssql_repository")["lock what is removed where"]

            assert "FROM shop_basket WITH (UPDLOCK, ROWLOCK)\n" in text

        @pytest.mark.parametrize("name", ["insert", "update", "update for parts", "update where"])
        def test_leave_the_version_of_a_row_to_the_server(self, name: str) -> None:
            text = golden("mssql_row_versions")[name]

            assert "version=" not in text
            assert "(id, value) VALUES" in text or "SET value=?" in text

        @pytest.mark.parametrize("name", ["select many", "select parts of many", "upsert: lock keys"])
        def test_send_any_number_of_identifiers_as_one_parameter(self, name: str) -> None:
            text = golden("mssql_repository")[name]

            assert text.count("?") == 1
            assert "OPENJSON(?) WITH (v NVARCHAR(101) '$')" in text

        @pytest.mark.parametrize(
            ("kind", "value", "sent"),
            [
                (sa.Uuid(), UUID(int=10), '["00000000-0000-0000-0000-00000000000a"]'),
                (ExactDecimal(18, 4), Decimal("1E+3"), '["1000"]'),
                (UtcDateTime(), datetime(2026, 1, 2, 3, 4, 5, 6, UTC), '["2026-01-02T03:04:05.000006"]'),
                (sa.Unicode(10), "\u00e4 ", '["\\u00e4 "]'),
                (sa.Integer(), 7, "[7]"),
            ],
            ids=str,
        )
        def test_write_values_so_that_the_server_can_convert_them(
            self, kind: sa.types.TypeEngine[object], value: object, sent: str
        ) -> None:
            condition = MSSQL.ours.listed(sa.column("x", kind), "values")

            compiled = condition.compile(dialect=MSSQL.theirs())

            [(_, processor)] = compiled._bind_processors.items()  # type: ignore[attr-defined]
            assert processor([value]) == sent

        def test_compare_identifiers_by_the_collation_of_their_column(self) -> None:
            column = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Unicode(9, collation="Latin1_General_BIN2"))).c.id

            text = str(MSSQL.ours.listed(column, "values").compile(dialect=MSSQL.theirs()))

            assert "SELECT listed.v COLLATE Latin1_General_BIN2 AS " in text
            assert "WITH (v NVARCHAR(10) '$')" in text

        def test_compare_identifiers_by_the_collation_that_the_column_has_here(self) -> None:
            exact = mssql.NVARCHAR(9, collation="Latin1_General_BIN2")
            column = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Unicode(9).with_variant(exact, "mssql"))).c.id

            text = str(MSSQL.ours.listed(column, "values").compile(dialect=MSSQL.theirs()))

            assert "SELECT listed.v COLLATE Latin1_General_BIN2 AS " in text

        @pytest.mark.parametrize(
            ("kind", "written"),
            [
                (sa.Unicode(9), "NVARCHAR(10)"),
                (sa.Unicode(4000), "NVARCHAR(max)"),
                (sa.UnicodeText(), "NVARCHAR(max)"),
                (sa.String(9), "VARCHAR(10)"),
                (sa.Enum("a", "bc", native_enum=False), "VARCHAR(2)"),
                (sa.Integer(), "INTEGER"),
            ],
            ids=str,
        )
        def test_cut_off_nothing_that_is_too_long_for_the_column(
            self, kind: sa.types.TypeEngine[object], written: str
        ) -> None:
            text = str(MSSQL.ours.listed(sa.column("x", kind), "values").compile(dialect=MSSQL.theirs()))

            assert f"WITH (v {written} '$')" in text

        def test_tell_tenants_apart_whose_names_the_collation_takes_for_the_same(self) -> None:
            texts = golden("mssql_tenants_and_marks").values()

            compared = [text for text in texts if "tenant = ?" in text]

            assert len(compared) == 11
            assert all("(club_errand.tenant COLLATE Latin1_General_100_BIN2) = ?" in text for text in compared)

        def test_never_write_a_column_that_the_server_counts(self) -> None:
            [_, _, update, _] = sent_for(queue_mapping(), MSSQL, served, [(1, "a", 7)])

            text, _ = MSSQL.sql(update)

            assert text.startswith("UPDATE club_queue SET title=? WHERE ")

        def test_take_identifiers_in_the_order_of_the_rows(self) -> None:
            engine = mssql_engine()
            [insert] = of_tickets(MSSQL).values()
            rows = [{"title": title, "version": 1} for title in ("a", "b", "c")]

            with engine.connect() as connection, sent_by(engine) as sent, suppress(sa.exc.InvalidRequestError):
                connection.execute(insert.clause, rows)  # type: ignore[call-overload]

            expected = (
                "INSERT INTO club_ticket (title, version) OUTPUT inserted.id, inserted.id AS id__1 "
                "SELECT p0, p1 FROM (VALUES (?, ?, 0), (?, ?, 1), (?, ?, 2)) AS imp_sen(p0, p1, sen_counter) "
                "ORDER BY sen_counter"
            )
            assert sent == [expected]

        def test_ask_for_each_identifier_where_the_table_says_so(self) -> None:
            executed: list[str] = []
            mapping = ticket_mapping()
            mapping.table.implicit_returning = False
            engine = mssql_engine({"scope_identity": [7, 8]}, executed=executed)
            storage = SqlStorage(engine, SqlSchema("club", mapping.table.metadata, [mapping]))
            first, second = Ticket("a"), Ticket("b")
            transaction = storage.begin()
            transaction.repository(Ticket).add_many([first, second])

            transaction.flush()

            insert = "INSERT INTO club_ticket (title, version) VALUES (?, ?); select scope_identity()"
            assert [text for text in executed if "club_ticket" in text] == [insert, insert]
            assert (first.id, second.id) == (7, 8)

        def test_take_a_lock_of_the_transaction_before_they_change_tables(self) -> None:
            engine = mssql_engine({"sp_getapplock": 0})
            with engine.connect() as connection, sent_by(engine) as sent:
                MssqlDialect().lock_schema(connection)

            assert len(sent) == 2
            assert sent[0] == BEGIN_IF_NEEDED  # the procedure would not begin it
            assert "EXEC @code = sp_getapplock @Resource = N'corelib schema', @LockMode = 'Exclusive'" in sent[1]
            assert "@LockOwner = 'Transaction'" in sent[1]

    class WhenTheServerIsPostgresql:
        @pytest.mark.parametrize("name", ["claim", "wake"])
        def test_pass_over_rows_that_others_have_locked(self, name: str) -> None:
            text = golden("postgresql_jobs")[name]

            assert text.count("FOR UPDATE OF corelib_job SKIP LOCKED") == 1

        @pytest.mark.parametrize(("lock", "words"), [("wait", ""), ("skip", " SKIP LOCKED"), ("fail", " NOWAIT")])
        @pytest.mark.parametrize("name", ["select one", "list"])
        def test_lock_what_they_read_but_not_those_who_refer_to_it(self, name: str, lock: str, words: str) -> None:
            text = golden("postgresql_repository")[f"{name}, lock {lock}"]

            assert text.endswith(f" FOR NO KEY UPDATE OF shop_basket{words}")

        def test_take_a_lock_of_the_transaction_before_they_change_tables(self) -> None:
            sent: list[str] = []
            url = "postgresql+psycopg://"
            recording = sa.create_mock_engine(url, lambda clause, *_: sent.append(str(clause.compile())))

            PostgresqlDialect().lock_schema(recording)  # type: ignore[arg-type]

            assert len(sent) == 1
            assert sent[0].startswith("SELECT pg_advisory_xact_lock(")

    @pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
    def test_index_only_the_jobs_that_wait(self, target: Target) -> None:
        text = golden(f"{target.name}_schema")["create index ix_corelib_job_wake"]

        assert text == "CREATE INDEX ix_corelib_job_wake ON corelib_job (wake_at, id) WHERE wake_at IS NOT NULL"
