"""Limits for the jobs of a queue that have the same key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns that workers of earlier versions leave empty, and the table of windows."""
    op.add_column("corelib_job", sa.Column("limit_key", sa.Unicode(length=64), nullable=True))
    op.add_column("corelib_queue", sa.Column("key_concurrency", sa.Integer(), nullable=True))
    op.add_column("corelib_queue", sa.Column("key_rate_limit", sa.Integer(), nullable=True))
    op.add_column("corelib_queue", sa.Column("key_rate_ms", sa.BigInteger(), nullable=True))
    op.create_table(
        "corelib_job_key",
        sa.Column("queue", sa.Unicode(length=64), nullable=False),
        sa.Column("limit_key", sa.Unicode(length=64), nullable=False),
        sa.Column("window_until", UtcDateTime(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "limit_key"),
    )
    op.create_index("ix_corelib_job_key_window", "corelib_job_key", ["queue", "window_until"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_corelib_job_key_window", "corelib_job_key")
    op.drop_table("corelib_job_key")
    op.drop_column("corelib_queue", "key_rate_ms")
    op.drop_column("corelib_queue", "key_rate_limit")
    op.drop_column("corelib_queue", "key_concurrency")
    op.drop_column("corelib_job", "limit_key")
