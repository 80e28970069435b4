"""Jobs and events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "corelib_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("queue", sa.Unicode(length=64), nullable=False),
        sa.Column("payload", sa.UnicodeText(), nullable=False),
        sa.Column("correlation_id", sa.Unicode(length=100), nullable=False),
        sa.Column("causation_id", sa.Unicode(length=100), nullable=True),
        sa.Column("principal", sa.Unicode(length=200), nullable=True),
        sa.Column("tenant", sa.Unicode(length=200), nullable=True),
        sa.Column("deadline", UtcDateTime(), nullable=True),
        sa.Column("state", sa.Unicode(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_ms", sa.BigInteger(), nullable=False),
        sa.Column("enqueued_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("token", sa.Uuid(), nullable=True),
        sa.Column("wake_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Unicode(length=1000), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_corelib_job_state", "corelib_job", ["state", "enqueued_at", "id"])
    waiting = sa.text("wake_at IS NOT NULL")
    op.create_index(
        "ix_corelib_job_wake",
        "corelib_job",
        ["wake_at", "id"],
        mssql_where=waiting,
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
    op.create_table(
        "corelib_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("payload", sa.UnicodeText(), nullable=False),
        sa.Column("correlation_id", sa.Unicode(length=100), nullable=False),
        sa.Column("causation_id", sa.Unicode(length=100), nullable=True),
        sa.Column("principal", sa.Unicode(length=200), nullable=True),
        sa.Column("tenant", sa.Unicode(length=200), nullable=True),
        sa.Column("deadline", UtcDateTime(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_corelib_event_recorded_at", "corelib_event", ["recorded_at"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("corelib_event")
    op.drop_table("corelib_job")
