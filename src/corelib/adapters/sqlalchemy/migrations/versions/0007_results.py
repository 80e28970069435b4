"""What handlers of jobs returned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns that workers of earlier versions leave empty, and the index that a sweep of objects takes."""
    op.add_column("corelib_job", sa.Column("result", sa.UnicodeText(), nullable=True))
    op.add_column("corelib_job", sa.Column("result_key", sa.Unicode(length=300), nullable=True))
    filled = sa.text("result_key IS NOT NULL")
    op.create_index(
        "ix_corelib_job_result_key",
        "corelib_job",
        ["result_key"],
        mssql_where=filled,
        postgresql_where=filled,
        sqlite_where=filled,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_corelib_job_result_key", "corelib_job")
    op.drop_column("corelib_job", "result_key")
    op.drop_column("corelib_job", "result")
