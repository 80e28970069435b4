"""The tables of corelib itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from corelib.adapters.sqlalchemy.tokens import state_apart
from corelib.adapters.sqlalchemy.types import RowVersion, UtcDateTime

MIGRATIONS: Path = Path(__file__).parent / "migrations" / "versions"
"""The revision files of these tables: whoever changes a table here adds one there."""

metadata: sa.MetaData = sa.MetaData()


def schedule_name_type() -> sa.Unicode:
    """Return the type of names of schedules, compared exactly; SQL Server's NVARCHAR counts UTF-16 units."""
    return sa.Unicode(100).with_variant(mssql.NVARCHAR(200, collation="Latin1_General_100_BIN2"), "mssql")


def _context_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("correlation_id", sa.Unicode(100), nullable=False),
        sa.Column("causation_id", sa.Unicode(100)),
        sa.Column("principal", sa.Unicode(200)),
        sa.Column("tenant", sa.Unicode(200)),
        sa.Column("deadline", UtcDateTime),
    ]


def _filtered_index(
    name: str, *columns: sa.ColumnElement[Any], rows: sa.ColumnElement[bool], unique: bool = False
) -> None:
    """Add an index of the rows for which a condition is true; every engine has such."""
    sa.Index(name, *columns, unique=unique, mssql_where=rows, postgresql_where=rows, sqlite_where=rows)


job: sa.Table = sa.Table(
    "corelib_job",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Unicode(200), nullable=False),
    sa.Column("queue", sa.Unicode(64), nullable=False),
    sa.Column("payload", sa.UnicodeText, nullable=False),
    *_context_columns(),
    sa.Column("state", sa.Unicode(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("lease_ms", sa.BigInteger, nullable=False),
    sa.Column("enqueued_at", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("lease_until", UtcDateTime),
    # The claim that holds the job; every later word about the run must show it.
    sa.Column("token", sa.Uuid),
    # When the relay has to look at this row again; NULL once the job has ended.
    sa.Column("wake_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("error", sa.Unicode(1000)),
    # Of the last claim: who, since when, and until when the run may last. Workers of earlier versions leave them out.
    sa.Column("worker", sa.Unicode(200)),
    sa.Column("started_at", UtcDateTime),
    sa.Column("run_until", UtcDateTime),
    sa.Column("cancel_requested_at", UtcDateTime),
    # Workers of earlier versions leave it out.
    sa.Column("priority", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
    # Of the payload's class, for upcasters; workers that are older than this column write version 1.
    sa.Column("payload_version", sa.Integer, nullable=False, server_default=sa.text("1")),
    # Of the object that holds the payload, if that is too large for the row.
    sa.Column("payload_key", sa.Unicode(300)),
    # While another one with this key is to be kept out, and until somebody asks after that. Hexadecimal digits, which
    # every collation compares in the same way.
    sa.Column("unique_key", sa.Unicode(64)),
    # Whose jobs its queue limits together with it; hexadecimal digits as well.
    sa.Column("limit_key", sa.Unicode(64)),
    # Which schedule enqueued it, for the history of its runs.
    sa.Column("schedule", schedule_name_type()),
    # What its handler returned, as JSON text; of one that is too large for the row, the key of the object.
    sa.Column("result", sa.UnicodeText),
    sa.Column("result_key", sa.Unicode(300)),
    # What the last run has told last about how far it is; without an instant it has told nothing yet.
    sa.Column("progress_done", sa.Double),
    sa.Column("progress_total", sa.Double),
    sa.Column("progress_text", sa.Unicode(400)),
    sa.Column("progress_at", UtcDateTime),
    # Its place in a flow: the gate that it waits at, and the gate that counts its end. Workers that are older than
    # these columns end jobs without counting them; `JobFlows.settle_flows` makes up for it.
    sa.Column("flow_id", sa.Uuid),
    sa.Column("flow_position", sa.Integer),
    sa.Column("waits_at", sa.Integer),
    sa.Column("leads_to", sa.Integer),
    sa.Column("runs_always", sa.SmallInteger),
    sa.Column("flow_stage", sa.SmallInteger),
    # Counted from the moment when its gate opens; NULL if it was enqueued for an instant.
    sa.Column("start_delay_ms", sa.BigInteger),
    # How its end was counted: NULL if it was not.
    sa.Column("counted_as", sa.Unicode(16)),
    # Of whoever enqueued it: W3C's traceparent, and behind a blank its tracestate.
    sa.Column("trace", sa.Unicode(600)),
)

_filtered_index("ix_corelib_job_wake", job.c.wake_at, job.c.id, rows=job.c.wake_at.is_not(None))
has_unique_key: sa.ColumnElement[bool] = job.c.unique_key.is_not(None)
"""The filter of the unique index: SQL Server takes only one NULL into one without a filter."""

_filtered_index("uq_corelib_job_unique_key", job.c.unique_key, rows=has_unique_key, unique=True)
_filtered_index("ix_corelib_job_payload_key", job.c.payload_key, rows=job.c.payload_key.is_not(None))
_filtered_index("ix_corelib_job_result_key", job.c.result_key, rows=job.c.result_key.is_not(None))
sa.Index("ix_corelib_job_state", job.c.state, job.c.enqueued_at, job.c.id)
# The best due job of a queue comes first; finished jobs are not in it, however many there are.
pending: sa.ColumnElement[bool] = state_apart(job.c.state) == sa.literal_column("'pending'")
"""The filter of the index below. The state stands in the text: a filter serves no statement that leaves it to a
parameter (Microsoft: "Create filtered indexes"; PostgreSQL: "Partial Indexes")."""

_filtered_index("ix_corelib_job_due", job.c.queue, job.c.priority.desc(), job.c.due_at, job.c.id, rows=pending)

_filtered_index("ix_corelib_job_schedule", job.c.schedule, job.c.enqueued_at, rows=job.c.schedule.is_not(None))

_filtered_index(
    "ix_corelib_job_flow", job.c.flow_id, job.c.leads_to, job.c.flow_position, rows=job.c.flow_id.is_not(None)
)
# Whoever opens a gate looks at the jobs that wait there, and at no lock of another one.
_filtered_index(
    "ix_corelib_job_waits_at", job.c.flow_id, job.c.waits_at, rows=job.c.state == sa.literal_column("'waiting'")
)
skipped: sa.ColumnElement[bool] = job.c.counted_as == sa.literal_column("'skipped'")
"""Cancelled because a job before it has failed."""

# For the same reason: who wakes them up again looks at no other row of the flow.
_filtered_index("ix_corelib_job_skipped", job.c.flow_id, job.c.waits_at, rows=skipped)
# Empty but for what older workers have ended.
uncounted: sa.ColumnElement[bool] = sa.and_(
    job.c.flow_id.is_not(None), job.c.finished_at.is_not(None), job.c.counted_as.is_(None)
)
"""Ended jobs of flows that were not counted."""

_filtered_index("ix_corelib_job_uncounted", job.c.id, rows=uncounted)

flow: sa.Table = sa.Table(
    "corelib_flow",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("jobs", sa.Integer, nullable=False),
    sa.Column("gates", sa.Integer, nullable=False),
    sa.Column("unfinished", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("enqueued_at", UtcDateTime, nullable=False, index=True),
    sa.Column("finished_at", UtcDateTime),
)
"""Flows. Whoever counts a job locks the row of its flow first."""

gate: sa.Table = sa.Table(
    "corelib_flow_gate",
    metadata,
    sa.Column("flow_id", sa.ForeignKey("corelib_flow.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("remaining", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
)
"""Gates between the jobs of flows: how many that lead there have not ended, and how many have failed."""

schedule: sa.Table = sa.Table(
    "corelib_schedule",
    metadata,
    sa.Column("name", schedule_name_type(), primary_key=True),
    sa.Column("job", sa.Unicode(200), nullable=False),
    sa.Column("payload", sa.UnicodeText, nullable=False),
    sa.Column("payload_version", sa.Integer, nullable=False),
    sa.Column("cron", sa.Unicode(200)),
    sa.Column("every_us", sa.BigInteger),
    sa.Column("zone", sa.Unicode(64), nullable=False),
    sa.Column("start_at", UtcDateTime, nullable=False),
    sa.Column("missed", sa.Unicode(16), nullable=False),
    sa.Column("bound", sa.Integer, nullable=False),
    sa.Column("grace_ms", sa.BigInteger, nullable=False),
    # The app whose code declares it.
    sa.Column("owner", sa.Unicode(100)),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("next_at", UtcDateTime, index=True),
    sa.Column("last_at", UtcDateTime),
    sa.Column("paused_at", UtcDateTime),
)
"""Schedules, and the next occurrence of each."""

queue: sa.Table = sa.Table(
    "corelib_queue",
    metadata,
    sa.Column("name", sa.Unicode(64), primary_key=True),
    sa.Column("paused_at", UtcDateTime),
    sa.Column("concurrency", sa.Integer),
    # So many jobs begin within so many milliseconds: a window that opens with the first of them.
    sa.Column("rate_limit", sa.Integer),
    sa.Column("rate_ms", sa.BigInteger),
    sa.Column("window_until", UtcDateTime),
    sa.Column("window_used", sa.Integer, nullable=False, server_default=sa.text("0")),
    # Of the jobs with the same key, as many run at a time, and so many begin within so many milliseconds.
    sa.Column("key_concurrency", sa.Integer),
    sa.Column("key_rate_limit", sa.Integer),
    sa.Column("key_rate_ms", sa.BigInteger),
    # The limits as a host's code had them last: they are taken over again only when the code changes.
    sa.Column("declared", sa.Unicode(100)),
)
"""Queues that are paused or limited, or once were; a queue without a row is neither."""

job_key: sa.Table = sa.Table(
    "corelib_job_key",
    metadata,
    sa.Column("queue", sa.Unicode(64), primary_key=True),
    sa.Column("limit_key", sa.Unicode(64), primary_key=True),
    sa.Column("window_until", UtcDateTime, nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Index("ix_corelib_job_key_window", "queue", "window_until"),
)
"""How many jobs of a key have begun within its window; a key without a row has none open."""

job_attempt: sa.Table = sa.Table(
    "corelib_job_attempt",
    metadata,
    sa.Column("job_id", sa.ForeignKey("corelib_job.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("outcome", sa.Unicode(16), nullable=False),
    sa.Column("worker", sa.Unicode(200)),
    sa.Column("started_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime, nullable=False),
    sa.Column("error", sa.Unicode(1000)),
    sa.Column("traceback", sa.UnicodeText),
)
"""Attempts that failed; of one that runs or has succeeded, the row of the job tells all."""

job_log: sa.Table = sa.Table(
    "corelib_job_log",
    metadata,
    sa.Column("job_id", sa.ForeignKey("corelib_job.id", ondelete="CASCADE"), primary_key=True),
    # The token of the claim: a run that was handed back leaves its attempt to another one.
    sa.Column("run", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("logged_at", UtcDateTime, nullable=False),
    # SQL Server's NVARCHAR counts UTF-16 units, of which a character may need two.
    sa.Column("text", sa.Unicode(2000), nullable=False),
)
"""Lines that runs have written."""

job_event: sa.Table = sa.Table(
    "corelib_job_event",
    metadata,
    # Where an event stands for readers: of PostgreSQL the transaction, of SQL Server the row's version.
    sa.Column("mark", RowVersion, nullable=False),
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.Unicode(16), nullable=False),
    sa.Column("job_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Unicode(200), nullable=False),
    sa.Column("queue", sa.Unicode(64), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("correlation_id", sa.Unicode(100), nullable=False),
    sa.Column("tenant", sa.Unicode(200)),
    sa.Column("details", sa.UnicodeText, nullable=False),
    sqlite_autoincrement=True,
)
"""What happened to jobs, for readers with a cursor; without a foreign key, since it may outlive the job."""

sa.Index("ix_corelib_job_event_mark", job_event.c.mark, job_event.c.number)

job_event_floor: sa.Table = sa.Table(
    "corelib_job_event_floor",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("mark", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""One row, once something was purged: the last job event that was."""

event: sa.Table = sa.Table(
    "corelib_event",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Unicode(200), nullable=False),
    sa.Column("payload", sa.UnicodeText, nullable=False),
    *_context_columns(),
    sa.Column("recorded_at", UtcDateTime, nullable=False, index=True),
)

idempotency_key: sa.Table = sa.Table(
    "corelib_idempotency_key",
    metadata,
    # Compared exactly: under the usual collations of SQL Server, keys that differ in case alone would be the same.
    # Its NVARCHAR counts UTF-16 units, of which a character may need two.
    sa.Column(
        "key",
        sa.Unicode(200).with_variant(mssql.NVARCHAR(400, collation="Latin1_General_100_BIN2"), "mssql"),
        primary_key=True,
    ),
    sa.Column("stored_at", UtcDateTime, nullable=False),
)
"""Units of work that were committed, by the key that their caller gave; nothing removes old ones."""
