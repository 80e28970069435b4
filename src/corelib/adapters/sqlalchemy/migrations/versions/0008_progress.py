"""What runs tell about themselves: how far they are, and lines of text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns that workers of earlier versions leave empty, and the table."""
    op.add_column("corelib_job", sa.Column("progress_done", sa.Double(), nullable=True))
    op.add_column("corelib_job", sa.Column("progress_total", sa.Double(), nullable=True))
    op.add_column("corelib_job", sa.Column("progress_text", sa.Unicode(length=400), nullable=True))
    op.add_column("corelib_job", sa.Column("progress_at", UtcDateTime(), nullable=True))
    op.create_table(
        "corelib_job_log",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("logged_at", UtcDateTime(), nullable=False),
        sa.Column("text", sa.Unicode(length=2000), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["corelib_job.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "run", "number"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("corelib_job_log")
    for column in ("progress_at", "progress_text", "progress_total", "progress_done"):
        op.drop_column("corelib_job", column)
