"""The store over one engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from corelib.adapters.sqlalchemy import job_rows, tables
from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.job_event_log import SqlJobEventLog, insert_statement
from corelib.adapters.sqlalchemy.job_store import SqlJobStore
from corelib.adapters.sqlalchemy.job_telling import JobTelling
from corelib.adapters.sqlalchemy.migrations import online
from corelib.adapters.sqlalchemy.plans import Plans
from corelib.adapters.sqlalchemy.queue_control import SqlQueueControl
from corelib.adapters.sqlalchemy.schedule_store import SqlScheduleStore
from corelib.adapters.sqlalchemy.schema import SqlSchema
from corelib.adapters.sqlalchemy.sqlite import READ_ONLY
from corelib.adapters.sqlalchemy.tools import Tools, utc_now
from corelib.adapters.sqlalchemy.transaction import SqlTransaction
from corelib.domain.event import RecordedEvent
from corelib.ports.cipher import Cipher
from corelib.ports.clock import Clock
from corelib.ports.codec import Codec
from corelib.ports.job_events import JobEventListener
from corelib.ports.logger import Logger
from corelib.ports.storage import DEFAULT_TERMS, Terms

if TYPE_CHECKING:
    from corelib.adapters.sqlalchemy.migrations.commands import Migrations

EVENTS_AT_A_TIME = 500


class SqlStorage:
    """Keeps the contract of `corelib.ports.storage.Storage`.

    Args:
        engine: made by `create_engine`; closing the storage disposes of it.
        schema: what the host stores.
        clock: tells the instant for stamps and removals; by default this machine's.
        codec: writes values into JSON columns, where a mapping has such.
        cipher: encrypts fields, where a mapping has such.
        replica: an engine for units of work that only read; by default the same.
        log: takes the warnings of `check`.
    """

    def __init__(
        self,
        engine: Engine,
        schema: SqlSchema,
        *,
        clock: Clock | None = None,
        codec: Codec | None = None,
        cipher: Cipher | None = None,
        replica: Engine | None = None,
        log: Logger | None = None,
    ) -> None:
        self._engine = engine
        self._replica = replica or engine
        self._log = log
        self._reading = engine.execution_options(**{READ_ONLY: True})
        self._schema = schema
        self._dialect = dialect_of(engine)
        tools = Tools(utc_now if clock is None else clock.now, codec, cipher)
        self._plans = Plans(schema, self._dialect, tools)
        at_once = self._dialect.committing_each_statement(engine)
        self._at_once = None if at_once is engine else at_once
        self._telling = JobTelling(insert_statement(self._dialect), tools.now)
        self._job_events = SqlJobEventLog(engine, self._dialect)
        self._jobs = SqlJobStore(engine, self._dialect, self._telling)
        self._queues = SqlQueueControl(engine, self._dialect)
        self._schedules = SqlScheduleStore(engine, self._dialect, self._telling)

    @property
    def engine(self) -> Engine:
        """Return the engine, for a host's own queries."""
        return self._engine

    @property
    def replica(self) -> Engine:
        """Return the engine for what only reads; it may be some moments behind the other one."""
        return self._replica

    @property
    def jobs(self) -> SqlJobStore:
        """Return the stored jobs."""
        return self._jobs

    @property
    def queues(self) -> SqlQueueControl:
        """Return what pauses and limits queues."""
        return self._queues

    @property
    def schedules(self) -> SqlScheduleStore:
        """Return the schedules."""
        return self._schedules

    def begin(self, terms: Terms = DEFAULT_TERMS) -> SqlTransaction:
        """Return a new transaction; a read-only one runs on the replica, if there is one."""
        engine = self._replica if terms.read_only else self._engine
        return SqlTransaction(engine, self._plans, terms, at_once=self._at_once, telling=self._telling)

    @property
    def job_events(self) -> SqlJobEventLog:
        """Return the job events that were recorded."""
        return self._job_events

    def tell(self, listener: JobEventListener | None, *, record: bool = False) -> None:
        """Tell somebody what happens to jobs; statements return more of them then."""
        self._telling.listener = listener
        self._telling.recording = record

    def remembers(self, key: str) -> bool:
        """Look for the key, never on the replica."""
        statement = sa.select(tables.idempotency_key.c.stored_at).where(tables.idempotency_key.c.key == key)
        with translated(self._dialect), self._reading.connect() as connection:
            return connection.execute(statement).first() is not None

    def events(self) -> Iterator[RecordedEvent]:
        """Go through all events with a cursor of the server."""
        statement = sa.select(tables.event).order_by(tables.event.c.recorded_at, tables.event.c.id)
        with (
            translated(self._dialect),
            self._reading.connect() as connection,
            connection.execution_options(yield_per=EVENTS_AT_A_TIME).execute(statement) as rows,
        ):
            for row in rows:
                yield job_rows.event_of(row)

    def payload_keys(self, keys: Sequence[str]) -> set[str]:
        """Look for the keys, never on the replica."""
        if not keys:
            return set()
        columns = (tables.job.c.payload_key, tables.job.c.result_key)
        wanted = [sa.select(column).where(column.in_(keys)) for column in columns]
        with translated(self._dialect), self._reading.connect() as connection:
            # Each is fetched before the next is sent: SQL Server has one result at a time on a connection.
            found = [connection.execute(statement).scalars().all() for statement in wanted]
            return {str(key) for key in chain.from_iterable(found)}

    def check(self) -> None:
        """Connect and compare revisions, the replica's as well; warn about settings that a person should change."""
        if self._replica is not self._engine:
            with translated(self._dialect), self._replica.connect() as connection:
                self._schema.check(connection)
        with translated(self._dialect), self._reading.connect() as connection:
            self._schema.check(connection)
            if self._log is not None:
                for warning in self._dialect.warnings(connection):
                    self._log.warning("database setting", advice=warning)

    def create(self) -> None:
        """Make missing tables and upgrade older ones, one process at a time."""
        self.migrations.upgrade()

    @property
    def migrations(self) -> Migrations:
        """Return the migrations of this database.

        Raises:
            MissingExtra: if Alembic is not installed.
        """
        return online(self._engine, self._dialect, self._schema)

    def close(self) -> None:
        """Dispose of the engines."""
        self._engine.dispose()
        self._replica.dispose()
