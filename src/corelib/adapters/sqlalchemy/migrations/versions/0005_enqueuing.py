"""Versions of payloads, payloads beside the row, unique jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add columns that rows of older workers leave empty, and their indexes."""
    op.add_column(
        "corelib_job", sa.Column("payload_version", sa.Integer(), nullable=False, server_default=sa.text("1"))
    )
    op.add_column("corelib_job", sa.Column("payload_key", sa.Unicode(length=300), nullable=True))
    op.add_column("corelib_job", sa.Column("unique_key", sa.Unicode(length=64), nullable=True))
    _index("uq_corelib_job_unique_key", "unique_key", unique=True)
    _index("ix_corelib_job_payload_key", "payload_key", unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_corelib_job_payload_key", "corelib_job")
    op.drop_index("uq_corelib_job_unique_key", "corelib_job")
    op.drop_column("corelib_job", "unique_key")
    op.drop_column("corelib_job", "payload_key")
    op.drop_column("corelib_job", "payload_version", mssql_drop_default=True)


def _index(name: str, column: str, *, unique: bool) -> None:
    filled = sa.text(f"{column} IS NOT NULL")
    op.create_index(
        name, "corelib_job", [column], unique=unique, mssql_where=filled, postgresql_where=filled, sqlite_where=filled
    )
