"""Schedules, and which of them enqueued a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import UtcDateTime
from corelib.adapters.sqlalchemy.tables import schedule_name_type

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table, and the column that workers of earlier versions leave empty."""
    op.create_table(
        "corelib_schedule",
        sa.Column("name", schedule_name_type(), nullable=False),
        sa.Column("job", sa.Unicode(length=200), nullable=False),
        sa.Column("payload", sa.UnicodeText(), nullable=False),
        sa.Column("payload_version", sa.Integer(), nullable=False),
        sa.Column("cron", sa.Unicode(length=200), nullable=True),
        sa.Column("every_us", sa.BigInteger(), nullable=True),
        sa.Column("zone", sa.Unicode(length=64), nullable=False),
        sa.Column("start_at", UtcDateTime(), nullable=False),
        sa.Column("missed", sa.Unicode(length=16), nullable=False),
        sa.Column("bound", sa.Integer(), nullable=False),
        sa.Column("grace_ms", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Unicode(length=100), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("last_at", UtcDateTime(), nullable=True),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("ix_corelib_schedule_next_at", "corelib_schedule", ["next_at"])
    op.add_column("corelib_job", sa.Column("schedule", schedule_name_type(), nullable=True))
    scheduled = sa.text("schedule IS NOT NULL")
    op.create_index(
        "ix_corelib_job_schedule",
        "corelib_job",
        ["schedule", "enqueued_at"],
        mssql_where=scheduled,
        postgresql_where=scheduled,
        sqlite_where=scheduled,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_corelib_job_schedule", "corelib_job")
    op.drop_column("corelib_job", "schedule")
    op.drop_table("corelib_schedule")
