"""The index of the pending jobs, on PostgreSQL with a condition that only its own queries have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make it anew; workers of earlier versions find jobs by the index of the states meanwhile."""
    _make_anew("state COLLATE \"C\" = 'pending'")


def downgrade() -> None:
    """Make it as it was."""
    _make_anew("state = 'pending'")


def _make_anew(condition: str) -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    op.drop_index("ix_corelib_job_due", "corelib_job")
    op.create_index(
        "ix_corelib_job_due",
        "corelib_job",
        ["queue", sa.text("priority DESC"), "due_at", "id"],
        postgresql_where=sa.text(condition),
    )
