"""Flows: jobs that wait for one another."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import UtcDateTime

revision = "0009"
down_revision = "0008"

_COLUMNS: dict[str, Any] = {
    "flow_id": sa.Uuid(),
    "flow_position": sa.Integer(),
    "waits_at": sa.Integer(),
    "leads_to": sa.Integer(),
    "runs_always": sa.SmallInteger(),
    "flow_stage": sa.SmallInteger(),
    "start_delay_ms": sa.BigInteger(),
    "counted_as": sa.Unicode(length=16),
}


def upgrade() -> None:
    """Add columns that rows of older workers leave empty, their indexes, and the tables of flows and gates."""
    for name, kind in _COLUMNS.items():
        op.add_column("corelib_job", sa.Column(name, kind, nullable=True))
    _index("ix_corelib_job_flow", ["flow_id", "leads_to", "flow_position"], "flow_id IS NOT NULL")
    _index("ix_corelib_job_waits_at", ["flow_id", "waits_at"], "state = 'waiting'")
    _index("ix_corelib_job_skipped", ["flow_id", "waits_at"], "counted_as = 'skipped'")
    _index("ix_corelib_job_uncounted", ["id"], "flow_id IS NOT NULL AND finished_at IS NOT NULL AND counted_as IS NULL")
    op.create_table(
        "corelib_flow",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("gates", sa.Integer(), nullable=False),
        sa.Column("unfinished", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("enqueued_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_corelib_flow_enqueued_at", "corelib_flow", ["enqueued_at"])
    op.create_table(
        "corelib_flow_gate",
        sa.Column("flow_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["corelib_flow.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("flow_id", "number"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("corelib_flow_gate")
    op.drop_table("corelib_flow")
    for name in (
        "ix_corelib_job_uncounted",
        "ix_corelib_job_skipped",
        "ix_corelib_job_waits_at",
        "ix_corelib_job_flow",
    ):
        op.drop_index(name, "corelib_job")
    for name in _COLUMNS:
        op.drop_column("corelib_job", name)


def _index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name, "corelib_job", columns, mssql_where=condition, postgresql_where=condition, sqlite_where=condition
    )
