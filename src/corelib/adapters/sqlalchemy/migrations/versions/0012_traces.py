"""Which span of a trace enqueued a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column that hosts without a tracer, and workers of earlier versions, leave empty."""
    op.add_column("corelib_job", sa.Column("trace", sa.Unicode(length=600), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("corelib_job", "trace")
