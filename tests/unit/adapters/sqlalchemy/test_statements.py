"""The text of every statement on every engine, compared with the files in `golden`.

After a change that is meant, write them anew with CORELIB_REWRITE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.dialects import mssql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateTable
from tests.unit.adapters.sqlalchemy.club import Ticket, queue_mapping, ticket_mapping
from tests.unit.adapters.sqlalchemy.flow_statements import of_flows
from tests.unit.adapters.sqlalchemy.recording import Sent, Target, noted, sent_for
from tests.unit.adapters.sqlalchemy.repository_statements import SOURCES as REPOSITORIES
from tests.unit.adapters.sqlalchemy.repository_statements import of_tickets
from tests.unit.adapters.sqlalchemy.sample import committed, new_job, opened, sent_by, shop_schema
from tests.unit.adapters.sqlalchemy.standin import mssql_engine

from corelib.adapters.sqlalchemy import ExactDecimal, SqlSchema, SqlStorage, UtcDateTime, job_key_claims, tables
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.job_event_log import SqlJobEventLog, insert_statement
from corelib.adapters.sqlalchemy.job_store import SqlJobStore
from corelib.adapters.sqlalchemy.job_telling import JobTelling
from corelib.adapters.sqlalchemy.job_unique import UniqueJobs
from corelib.adapters.sqlalchemy.mssql import MssqlDialect
from corelib.adapters.sqlalchemy.mssql_locks import BEGIN_IF_NEEDED, HoldUntilEnd
from corelib.adapters.sqlalchemy.postgresql import PostgresqlDialect
from corelib.adapters.sqlalchemy.queue_control import SqlQueueControl
from corelib.adapters.sqlalchemy.repository import SqlRepository
from corelib.adapters.sqlalchemy.schedule_store import SqlScheduleStore
from corelib.adapters.sqlalchemy.sqlite import SqliteDialect
from corelib.adapters.sqlalchemy.translating import TranslatingConnection
from corelib.domain.event import RecordedEvent
from corelib.domain.identifiers import new_id
from corelib.domain.job import Claim, JobResult, JobState, NewJob, Progress
from corelib.domain.job_progress import ReportedLine, RunReport
from corelib.domain.job_queues import Queue, Rate
from corelib.domain.schedule import DueSchedule, ScheduleSpec, ScheduleStatus, Timing
from corelib.domain.unique_job import OnConflict, UniqueJob, Until, throttle, unique_key
from corelib.errors import CorelibError, LeaseLost, PersistentFailure, RowLocked, TransientFailure
from corelib.ports.job_steering import JobFilter

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


@compiles(HoldUntilEnd, "sqlite")
def _hold_until_end(*_: object, **__: object) -> str:
    """As it is answered by a server that grants the lock, for statements of another engine that are run on SQLite."""
    return "SELECT 0"


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
            store.promote(job.id)
        named["promote"] = only(sent)

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
            named |= dict(zip((name, "record attempt"), sent, strict=False))

        held = claim()
        with noted(storage.engine) as sent:
            store.park(held, reason="unreadable")
        named["park"] = only(sent)
        named |= of_lists(storage, store, held)
        SqlJobStore(storage.engine, SqliteDialect()).unpark([job.id])

        named |= of_ends(storage, store, claim)
        named |= of_steering(storage, store, job)

        named |= of_reports(storage, store)
        named |= of_claims(storage, store, job.queue)
        named |= of_queues(storage, store, dialect, job.queue)

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


def of_unique_jobs(folder: Path, dialect: SqlDialect) -> dict[str, Sent]:
    """What placing unique jobs takes; run on SQLite, but written for the given dialect."""
    named: dict[str, Sent] = {}
    replace = UniqueJob(until=Until.STARTED, on_conflict=OnConflict.REPLACE)
    with opened(folder) as storage:

        def sent_by_placing(new: NewJob) -> list[Sent]:
            with noted(storage.engine) as sent, committed(storage) as transaction:
                UniqueJobs(transaction.translating(), dialect).place(new)
            return [each for each in sent if not isinstance(each.clause, HoldUntilEnd)]

        def named_job(rule: UniqueJob, **changes: Any) -> NewJob:
            return evolve(new_job(), unique=unique_key("charge", None, "K-1", rule), **changes)

        first = named_job(replace)
        named["first"] = sent_by_placing(first)[-1]
        locks_first = not dialect.inserts_or_updates
        names = ("find", "lock the waiting one", "replace") if locks_first else ("", "find the waiting one", "replace")
        named |= dict(zip(names, sent_by_placing(named_job(replace)), strict=True))
        for_an_instant = named_job(replace, due_at=datetime(2026, 1, 1, tzinfo=UTC))
        named["replace for an instant"] = sent_by_placing(for_an_instant)[-1]
        find, place = ("find", 0) if locks_first else ("find the waiting one", -1)
        named[f"{find} until the end"] = sent_by_placing(named_job(UniqueJob()))[place]
        named[f"{find} in a window"] = sent_by_placing(named_job(throttle(every=MINUTE)))[place]
        storage.jobs.claim(first.id)
        started = sent_by_placing(named_job(replace))
        [free] = [sent for sent in started if isinstance(sent.clause, sa.Update)]
        if not locks_first:
            named["find the started one"] = started[started.index(free) - 1]
            del named[""]
        named["take the key away"] = free
    return named


def of_telling(folder: Path, dialect: SqlDialect) -> dict[str, Sent]:
    """What is sent in the place of other statements while somebody is told of jobs."""
    named: dict[str, Sent] = {}
    with opened(folder) as storage:
        telling = JobTelling(insert_statement(dialect), listener=lambda events: None)
        store = SqlJobStore(storage.engine, dialect, telling)
        job = new_job(attempts=9)
        with committed(storage) as transaction:
            transaction.add_jobs([job])
        settle: dict[str, Callable[[Claim], object]] = {
            "retry": lambda held: store.retry(held, error="failed", wait=timedelta(0)),
            "release": store.release,
            "park": lambda held: storage.jobs.unpark([held.job.id]) if store.park(held, reason="unreadable") else None,
            "end cancelled": lambda held: store.end_cancelled(held, error="stopped"),
            "bury": lambda held: store.bury(held, error="failed"),
            "complete together": lambda held: store.complete([held]),
        }
        for name, call in settle.items():
            store.retry_dead(job.id, attempts=9)
            held = store.claim(job.id)
            assert held is not None
            with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
                call(held)  # SQLite does not know what other engines have for lists
            named[name] = sent[0]
            storage.jobs.release(held)
        with noted(storage.engine) as sent:
            store.cancel(job.id)
            store.retry_dead(job.id)
            store.retry_many_dead(limit=10)
            store.drain("mail", limit=10)
        updates = [each for each in sent if isinstance(each.clause, sa.Update)]
        named |= dict(zip(("cancel", "retry dead", "retry many dead", "drain"), updates, strict=True))
        another = new_job()
        with committed(storage) as transaction:
            transaction.add_jobs([another])
        storage.tell(telling.listener)
        held = storage.jobs.claim(another.id)
        assert held is not None
        with noted(storage.engine) as sent, committed(storage) as transaction:
            transaction.complete_job(held.job.id, held.token)
        named["complete"] = only(sent)
    return named


def of_job_events(folder: Path, dialect: SqlDialect) -> dict[str, Sent]:
    """What recording and reading job events takes; run on SQLite, but written for the given dialect."""
    named: dict[str, Sent] = {}
    with opened(folder) as storage:
        log = SqlJobEventLog(storage.engine, dialect)
        storage.tell(None, record=True)
        with noted(storage.engine) as sent, committed(storage) as transaction:
            transaction.add_jobs([new_job(), new_job()])
        named["insert"] = Sent(insert_statement(dialect), sent[-1].parameters)
        first = storage.job_events.read()[0]
        calls: dict[str, Callable[[], object]] = {
            "read": lambda: log.read(limit=10),
            "read on": lambda: log.read(after=first.cursor, limit=10),
            "end": log.end,
            "purge": lambda: log.purge(older_than=timedelta(0), limit=10),
        }
        for name, call in calls.items():
            with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
                call()  # SQLite does not know what other engines have for lists
            named |= {name if place == 0 else f"{name}, {place + 1}": each for place, each in enumerate(sent)}
    return named


def of_claims(storage: SqlStorage, store: SqlJobStore, queue: str) -> dict[str, Sent]:
    """What it takes to claim the best due jobs, and to complete runs together."""
    named: dict[str, Sent] = {}
    with committed(storage) as transaction:
        transaction.add_jobs([new_job()])
    with noted(storage.engine) as sent:
        intake = store.claim_due(queue, limit=8)
    named["claim due"] = only(sent)
    with noted(storage.engine) as sent:
        store.claim_batch(queue, "charge", limit=8, within=MINUTE)
    named["claim batch"] = sent[0]

    with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
        store.complete(intake.claims)  # SQLite does not know what other engines have for lists
    named["complete together"] = only(sent)

    with committed(storage) as transaction:
        transaction.add_jobs([new_job(), new_job()])
    more = SqlJobStore(storage.engine, SqliteDialect()).claim_due(queue, limit=2).claims
    results = {more[0].token: JobResult("1"), more[1].token: JobResult("2")}
    with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
        store.complete(more, results)
    named["complete together with results"] = only(sent)
    with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
        store.complete(more[:1], {more[0].token: JobResult("", "results/1")})
    named["complete with an object as its result"] = only(sent)
    SqlJobStore(storage.engine, SqliteDialect()).complete(more)
    for name, result in (("with a result", JobResult("1")), ("with the key of a result", JobResult("", "results/1"))):
        with noted(storage.engine) as sent, suppress(LeaseLost), committed(storage) as transaction:
            transaction.complete_job(new_id(), new_id(), result)
        named[f"complete {name}"] = only(sent)
    return named


def of_queues(storage: SqlStorage, store: SqlJobStore, dialect: SqlDialect, queue: str) -> dict[str, Sent]:
    queues = SqlQueueControl(storage.engine, dialect)
    return of_limited_queues(storage, store, queues, queue) | of_keys(storage, queues, dialect)


def of_limited_queues(storage: SqlStorage, store: SqlJobStore, queues: SqlQueueControl, queue: str) -> dict[str, Sent]:
    """What it takes to limit a queue, and to claim from it."""
    named: dict[str, Sent] = {}
    with noted(storage.engine) as sent:
        queues.pause(queue)
        queues.resume(queue)
        queues.limit(queue, concurrency=5, rate=Rate(10))
        queues.declare(Queue(queue, 5))
        queues.limit(queue, concurrency=5, rate=Rate(10))
        queues.list()
    names = ("find queue", "make queue", "pause", "", "resume", "announce", "", "limit", "", "", "declare")
    named |= dict(zip(names, sent, strict=False))
    del named[""]

    with committed(storage) as transaction:
        transaction.add_jobs([new_job(), new_job()])
    with noted(storage.engine) as sent:
        store.claim_due(queue, limit=1)
        store.claim_due(queue, limit=1)
    names = ("", "is limited", "lock queue", "count running", "claim within limits", "open window")
    named |= dict(zip((*names, *[""] * 5, "count within window"), sent, strict=True))
    del named[""]
    return named


def of_keys(storage: SqlStorage, queues: SqlQueueControl, dialect: SqlDialect) -> dict[str, Sent]:
    """What it takes to limit the jobs of each key of a queue, and to claim from it."""
    queues.pause("keyed")
    with noted(storage.engine) as sent:
        queues.limit_keys("keyed", concurrency=5, rate=Rate(10))
    _, limited, _ = sent
    named: dict[str, object] = {"of_queue": "keyed"}
    looking = {**named, "most": 5, "rate": 10, "full": ["a" * 64], "taken": [new_id()]}
    claiming = {**named, "chosen": [new_id()], "claimant": "w", "claim_ms": 30_000}
    counting = {**named, "of_key": "a" * 64, "begun": 2}
    return {
        "limit keys": limited,
        "forget windows": Sent(job_key_claims.FORGET_WINDOWS, named),
        "candidates": Sent(job_key_claims.candidates(dialect, 20), looking),
        "count running of keys": Sent(job_key_claims.RUNNING_OF_KEYS, named),
        "used within windows": Sent(job_key_claims.used_within_windows(dialect), {**named, "keys": ["a" * 64]}),
        "claim of keys": Sent(job_key_claims.claim_chosen(dialect), claiming),
        "open window of key": Sent(job_key_claims.OPEN_WINDOW, counting),
        "count within window of key": Sent(job_key_claims.COUNT_WITHIN_WINDOW, counting),
        "look whether jobs wait": Sent(job_key_claims.JOB_WAITS, named),
    }


def of_schedules(folder: Path, dialect: SqlDialect) -> dict[str, Sent]:
    """What the life of a schedule takes; run on SQLite, but written for the given dialect."""
    with opened(folder) as storage:
        store = SqlScheduleStore(storage.engine, dialect)
        spec = ScheduleSpec("nightly", "bill", "{}", Timing(every=MINUTE))
        status = ScheduleStatus(spec, 1, datetime(2026, 1, 1, tzinfo=UTC))
        due = DueSchedule(status, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
        calls: dict[str, Callable[[], object]] = {
            "now": store.now,
            "make": lambda: store.put(spec, revision=0, next_at=due.next_at, owner="shop"),
            "replace": lambda: store.put(spec, revision=1, next_at=due.next_at, owner="shop"),
            "due": lambda: store.due(["bill"], limit=5),
            "fire": lambda: store.fire(due, [], next_at=due.now, last_at=due.now),
            "fire for the last time": lambda: store.fire(due, [], next_at=None, last_at=None),
            "pause": lambda: store.pause("nightly"),
            "resume": lambda: store.resume("nightly"),
            "find": lambda: store.find("nightly"),
            "list": store.list,
            "runs": lambda: store.runs("nightly", limit=5),
            "remove": lambda: store.remove("nightly"),
            "remove own": lambda: store.remove("nightly", owner="shop"),
        }
        named: dict[str, Sent] = {}
        for name, call in calls.items():
            with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
                call()
            named[name] = only(sent)
        return named


def of_lists(storage: SqlStorage, store: SqlJobStore, held: Claim) -> dict[str, Sent]:
    """What is sent with lists as parameters, of which SQLite does not know those of other engines."""
    named: dict[str, Sent] = {}
    calls: dict[str, Callable[[], object]] = {
        "heartbeat": lambda: store.heartbeat([held], lease=timedelta(0)),
        "parked": lambda: list(store.parked([held.job.name])),
        "unpark": lambda: store.unpark([held.job.id]),
    }
    for name, call in calls.items():
        with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
            call()
        named[name] = only(sent)
    return named


def of_abandoned(storage: SqlStorage, store: SqlJobStore) -> dict[str, Sent]:
    """What is sent about jobs whose lease has ended: one with attempts left, and one without."""
    named: dict[str, Sent] = {}
    for name, attempts in (("take over", 2), ("end abandoned", 1)):
        job = new_job(attempts=attempts)
        with committed(storage) as transaction:
            transaction.add_jobs([job])
        store.claim(job.id, lease=timedelta(0))
        with noted(storage.engine) as sent:
            store.claim(job.id)
        update = sent[3] if attempts > 1 else sent[2]
        named[name] = update
    return named


def of_ends(storage: SqlStorage, store: SqlJobStore, claim: Callable[[], Claim]) -> dict[str, Sent]:
    """What ends a run for good."""
    named: dict[str, Sent] = {}
    held = claim()
    with noted(storage.engine) as sent:
        store.end_cancelled(held, error="stopped")
    named["end cancelled"] = sent[0]
    store.retry_dead(held.job.id, attempts=5)

    held = claim()
    with noted(storage.engine) as sent, committed(storage) as transaction:
        transaction.complete_job(held.job.id, held.token)
    named["complete"] = only(sent)

    with noted(storage.engine) as sent:
        store.bury(held, error="failed")
    named["bury"] = only(sent)

    with noted(storage.engine) as sent:
        store.claim(held.job.id)
    named["find abandoned"] = sent[1]
    return named | of_abandoned(storage, store)


def of_reports(storage: SqlStorage, store: SqlJobStore) -> dict[str, Sent]:
    """What is sent about what a run tells."""
    new = new_job()
    with committed(storage) as transaction:
        transaction.add_jobs([new])
    claim = SqlJobStore(storage.engine, SqliteDialect()).claim(new.id)
    assert claim is not None
    with noted(storage.engine) as sent:
        writing = SqlJobStore(storage.engine, SqliteDialect())  # others set a lock timeout first, which SQLite has not
        writing.report([RunReport(claim, Progress(0.5), [ReportedLine(0, "begun")])])
        writing.report([RunReport(claim, Progress(1.0, 2.0))])
        writing.report([RunReport(claim, None, [ReportedLine(1, "done")])])
        store.log(new.id, limit=20)
    names = ("progress", "lines", "progress of a total", "is held", "", "log")
    named = dict(zip(names, sent, strict=True))
    del named[""]
    writing.complete([claim])
    return named


def of_steering(storage: SqlStorage, store: SqlJobStore, job: NewJob) -> dict[str, Sent]:
    """What people decide about jobs."""
    with noted(storage.engine) as sent:
        store.cancel(job.id)
        store.retry_dead(job.id)
        store.retry_dead(job.id, payload="{}")
        store.retry_many_dead(JobFilter("mail", "charge"), limit=10)
        store.discard(job.id)
        store.drain("mail", limit=10)
        store.purge(JobState.DEAD, older_than=MINUTE, limit=10)
        store.purge(JobState.DEAD, older_than=MINUTE, beyond=1000, which=JobFilter(name="charge"), limit=10)
        store.count_by_queue()
        store.attempts(job.id)
    retried = ("", "", "retry dead", "", "retry dead, edited", "retry many dead")
    steering = ("cancel", *retried, "", "discard", "drain", "purge", "purge beyond the newest")
    named = dict(zip((*steering, "count by queue", "find", "attempts"), sent, strict=True))
    del named[""]
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
    if source in OF_STORES:
        return OF_STORES[source](folder, target.ours)
    return REPOSITORIES[source](target)


OF_STORES = {
    "jobs": of_jobs,
    "telling": of_telling,
    "job_events": of_job_events,
    "flows": of_flows,
    "unique_jobs": of_unique_jobs,
    "schedules": of_schedules,
}
SOURCES = [*OF_STORES, *REPOSITORIES]


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
                # The parser knows neither hints nor OUTPUT of a DELETE, which Microsoft's grammar has in this order
                # ("DELETE (Transact-SQL)").
                parsed = sqlglot.parse_one(
                    text.replace(f" {HINTS} OUTPUT deleted.id, deleted.flow_id", ""), read="tsql"
                )

                assert isinstance(parsed, known)

        @pytest.mark.parametrize(
            "name",
            [
                "claim",
                "claim due",
                "claim batch",
                "claim within limits",
                "wake",
                "heartbeat",
                "find abandoned",
                "retry many dead",
                "drain",
                "purge",
                "purge beyond the newest",
            ],
        )
        def test_pass_over_rows_that_others_have_locked(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert f"FROM corelib_job {HINTS}\n" in text

        @pytest.mark.parametrize("name", ["find", "find until the end", "find in a window"])
        def test_find_a_unique_key_by_its_filtered_index_and_leave_a_started_job_to_its_worker(self, name: str) -> None:
            text = golden("mssql_unique_jobs")[name]

            assert text.endswith("WHERE corelib_job.unique_key = ? AND corelib_job.unique_key IS NOT NULL")
            assert "LOCK" not in text

        def test_lock_the_job_with_a_unique_key_only_if_it_waits(self) -> None:
            text = golden("mssql_unique_jobs")["lock the waiting one"]

            assert "FROM corelib_job WITH (UPDLOCK, ROWLOCK)\nWHERE corelib_job.id = ? AND " in text

        def test_lock_a_unique_key_until_the_transaction_ends(self) -> None:
            engine = mssql_engine({"sp_getapplock": 0})
            with engine.connect() as connection, sent_by(engine) as sent:
                MssqlDialect().lock_unique_key(TranslatingConnection(connection, MssqlDialect()), "0a1b")

            [text] = sent
            assert text.startswith(f"{BEGIN_IF_NEEDED}; DECLARE @code int; EXEC @code = sp_getapplock ")
            assert "@Resource = N'corelib unique job 0a1b', @LockMode = 'Exclusive', " in text
            assert text.endswith("@LockOwner = 'Transaction'; SELECT @code")

        @pytest.mark.parametrize(
            ("code", "error"),
            [(-1, RowLocked), (-2, TransientFailure), (-3, TransientFailure), (-999, PersistentFailure)],
        )
        def test_do_not_go_on_without_the_lock_of_a_unique_key(self, code: int, error: type[CorelibError]) -> None:
            engine = mssql_engine({"sp_getapplock": code})
            with engine.connect() as connection, pytest.raises(error):
                MssqlDialect().lock_unique_key(TranslatingConnection(connection, MssqlDialect()), "0a1b")

        @pytest.mark.parametrize(
            "name", ["claim", "claim due", "claim within limits", "claim of keys", "wake", "heartbeat"]
        )
        def test_give_out_the_rows_that_they_take(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert " OUTPUT inserted." in text

        def test_take_no_more_than_the_limit(self) -> None:
            text = golden("mssql_jobs")["wake"]

            assert "(SELECT TOP 10 corelib_job.id " in text

        def test_take_the_best_of_a_queue_in_one_statement(self) -> None:
            text = golden("mssql_jobs")["claim due"]

            assert "(SELECT TOP 8 corelib_job.id " in text
            assert "ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id" in text

        @pytest.mark.parametrize("name", ["claim due", "claim within limits", "claim of keys"])
        def test_name_the_state_in_the_text_so_that_the_filtered_index_serves(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert text.count("corelib_job.state = 'pending'") == 2

        @pytest.mark.parametrize("name", ["insert", "retry", "wake", "claim"])
        def test_count_time_in_numbers_that_hold_more_than_24_days(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert "AS bigint) / 86400000 AS int)" in text

        @pytest.mark.parametrize("name", ["insert", "wake", "claim due", "retry"])
        def test_tell_the_instant_as_a_column_keeps_it(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert text.count("SYSUTCDATETIME()") == text.count("CAST(SYSUTCDATETIME() AS DATETIME2(6))") > 0

        @pytest.mark.parametrize("name", ["claim due", "claim within limits"])
        def test_lock_the_rows_of_due_jobs_and_not_only_what_an_index_says_of_them(self, name: str) -> None:
            picked, _, _ = golden("mssql_jobs")[name].partition("\n UPDATE ")

            assert " AND corelib_job.attempts >= 0" in picked

        @pytest.mark.parametrize("name", ["announce", "forget announcements"])
        def test_announce_no_job_that_somebody_changes_at_this_moment(self, name: str) -> None:
            text = golden("mssql_jobs")[name]

            assert text.startswith(f"UPDATE corelib_job {HINTS} SET wake_at=")

        @pytest.mark.parametrize(
            "name", ["retry", "release", "complete", "bury", "end abandoned", "end cancelled", "park"]
        )
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
        @pytest.mark.parametrize("name", ["claim", "claim due", "claim within limits", "wake"])
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
