"""Runs with a time-out apart from their lease, requests to cancel, and the history of attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns that workers of earlier versions leave empty, and the table of attempts."""
    op.add_column("corelib_job", sa.Column("worker", sa.Unicode(length=200), nullable=True))
    for name in ("started_at", "run_until", "cancel_requested_at"):
        op.add_column("corelib_job", sa.Column(name, UtcDateTime(), nullable=True))
    op.create_table(
        "corelib_job_attempt",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Unicode(length=16), nullable=False),
        sa.Column("worker", sa.Unicode(length=200), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("error", sa.Unicode(length=1000), nullable=True),
        sa.Column("traceback", sa.UnicodeText(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["corelib_job.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "attempt"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("corelib_job_attempt")
    for name in ("cancel_requested_at", "run_until", "started_at", "worker"):
        op.drop_column("corelib_job", name)
