"""Job events, and which of them were purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import RowVersion, UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add tables that workers of earlier versions do not know."""
    op.create_table(
        "corelib_job_event",
        sa.Column("mark", RowVersion(), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.Unicode(length=16), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("queue", sa.Unicode(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("correlation_id", sa.Unicode(length=100), nullable=False),
        sa.Column("tenant", sa.Unicode(length=200), nullable=True),
        sa.Column("details", sa.UnicodeText(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_corelib_job_event_mark", "corelib_job_event", ["mark", "number"])
    op.create_table(
        "corelib_job_event_floor",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("corelib_job_event_floor")
    op.drop_index("ix_corelib_job_event_mark", "corelib_job_event")
    op.drop_table("corelib_job_event")
