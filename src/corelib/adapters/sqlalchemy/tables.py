"""The tables of corelib itself."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from corelib.adapters.sqlalchemy.types import UtcDateTime

MIGRATIONS: Path = Path(__file__).parent / "migrations" / "versions"
"""The revision files of these tables: whoever changes a table here adds one there."""

metadata: sa.MetaData = sa.MetaData()


def _context_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("correlation_id", sa.Unicode(100), nullable=False),
        sa.Column("causation_id", sa.Unicode(100)),
        sa.Column("principal", sa.Unicode(200)),
        sa.Column("tenant", sa.Unicode(200)),
        sa.Column("deadline", UtcDateTime),
    ]


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
)
_waiting = job.c.wake_at.is_not(None)
sa.Index(
    "ix_corelib_job_wake",
    job.c.wake_at,
    job.c.id,
    mssql_where=_waiting,
    postgresql_where=_waiting,
    sqlite_where=_waiting,
)
sa.Index("ix_corelib_job_state", job.c.state, job.c.enqueued_at, job.c.id)

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
