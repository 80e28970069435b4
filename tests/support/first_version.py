"""The tables of corelib as its first version made them, by `create_all`. They never change."""

from __future__ import annotations

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import UtcDateTime

metadata = sa.MetaData()


def _context() -> list[sa.Column[object]]:
    return [
        sa.Column("correlation_id", sa.Unicode(100), nullable=False),
        sa.Column("causation_id", sa.Unicode(100)),
        sa.Column("principal", sa.Unicode(200)),
        sa.Column("tenant", sa.Unicode(200)),
        sa.Column("deadline", UtcDateTime),
    ]


job = sa.Table(
    "corelib_job",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Unicode(200), nullable=False),
    sa.Column("queue", sa.Unicode(64), nullable=False),
    sa.Column("payload", sa.UnicodeText, nullable=False),
    *_context(),
    sa.Column("state", sa.Unicode(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("lease_ms", sa.BigInteger, nullable=False),
    sa.Column("enqueued_at", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("token", sa.Uuid),
    sa.Column("wake_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("error", sa.Unicode(1000)),
)
waiting = job.c.wake_at.is_not(None)
sa.Index(
    "ix_corelib_job_wake",
    job.c.wake_at,
    job.c.id,
    mssql_where=waiting,
    postgresql_where=waiting,
    sqlite_where=waiting,
)
sa.Index("ix_corelib_job_state", job.c.state, job.c.enqueued_at, job.c.id)
sa.Table(
    "corelib_event",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Unicode(200), nullable=False),
    sa.Column("payload", sa.UnicodeText, nullable=False),
    *_context(),
    sa.Column("recorded_at", UtcDateTime, nullable=False, index=True),
)
