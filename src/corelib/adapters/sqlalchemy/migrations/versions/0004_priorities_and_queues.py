"""Priorities, and queues that are paused or limited."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column and the index by which jobs are claimed, and the table of queues."""
    op.add_column("corelib_job", sa.Column("priority", sa.SmallInteger(), nullable=False, server_default=sa.text("0")))
    pending = sa.text("state = 'pending'")
    op.create_index(
        "ix_corelib_job_due",
        "corelib_job",
        ["queue", sa.text("priority DESC"), "due_at", "id"],
        mssql_where=pending,
        postgresql_where=pending,
        sqlite_where=pending,
    )
    op.create_table(
        "corelib_queue",
        sa.Column("name", sa.Unicode(length=64), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("concurrency", sa.Integer(), nullable=True),
        sa.Column("rate_limit", sa.Integer(), nullable=True),
        sa.Column("rate_ms", sa.BigInteger(), nullable=True),
        sa.Column("window_until", UtcDateTime(), nullable=True),
        sa.Column("window_used", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("declared", sa.Unicode(length=100), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("corelib_queue")
    op.drop_index("ix_corelib_job_due", "corelib_job")
    op.drop_column("corelib_job", "priority", mssql_drop_default=True)
