"""Idempotency keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql

from corelib.adapters.sqlalchemy import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; its key is compared exactly, as `tables.idempotency_key` says."""
    exact = mssql.NVARCHAR(length=400, collation="Latin1_General_100_BIN2")
    op.create_table(
        "corelib_idempotency_key",
        sa.Column("key", sa.Unicode(length=200).with_variant(exact, "mssql"), nullable=False),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("corelib_idempotency_key")
