"""Users, kits, the books of the health service, and an index for the revenue of a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "kitlab_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("email", sa.Unicode(length=200), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "kitlab_kit",
        sa.Column("id", sa.Unicode(length=200), nullable=False),
        sa.Column("order_id", sa.Unicode(length=200), nullable=False),
        sa.Column("kit_code", sa.Unicode(length=200), nullable=False),
        sa.Column("status", sa.Unicode(length=16), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["kit_code"], ["kitlab_kit_type.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["kitlab_order.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_kitlab_kit_order_id", "kitlab_kit", ["order_id"])
    op.create_table(
        "kitlab_sandbox_health",
        sa.Column("idempotency_key", sa.Unicode(length=100), nullable=False),
        sa.Column("order_id", sa.Unicode(length=200), nullable=False),
        sa.PrimaryKeyConstraint("idempotency_key"),
    )
    op.create_index("ix_kitlab_sandbox_health_order_id", "kitlab_sandbox_health", ["order_id"])
    op.create_index("ix_kitlab_invoice_issued_at", "kitlab_invoice", ["issued_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_kitlab_invoice_issued_at", table_name="kitlab_invoice")
    op.drop_table("kitlab_sandbox_health")
    op.drop_table("kitlab_kit")
    op.drop_table("kitlab_user")
