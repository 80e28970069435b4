"""Catalogue, orders, billing and the books of the sandbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corelib.adapters.sqlalchemy import ExactDecimal, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "kitlab_kit_type",
        sa.Column("id", sa.Unicode(length=200), nullable=False),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "kitlab_practitioner",
        sa.Column("id", sa.Unicode(length=200), nullable=False),
        sa.Column("name", sa.Unicode(length=200), nullable=False),
        sa.Column("email", sa.Unicode(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "kitlab_sandbox_charge",
        sa.Column("idempotency_key", sa.Unicode(length=100), nullable=False),
        sa.Column("order_id", sa.Unicode(length=200), nullable=False),
        sa.Column("amount_amount", ExactDecimal(precision=18, scale=4), nullable=False),
        sa.Column("amount_currency", sa.Unicode(length=3), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Unicode(length=16), nullable=True),
        sa.PrimaryKeyConstraint("idempotency_key"),
    )
    op.create_index("ix_kitlab_sandbox_charge_order_id", "kitlab_sandbox_charge", ["order_id"])
    op.create_table(
        "kitlab_sandbox_email",
        sa.Column("idempotency_key", sa.Unicode(length=100), nullable=False),
        sa.Column("recipient", sa.Unicode(length=200), nullable=False),
        sa.Column("subject", sa.Unicode(length=250), nullable=False),
        sa.PrimaryKeyConstraint("idempotency_key"),
    )
    op.create_table(
        "kitlab_order",
        sa.Column("id", sa.Unicode(length=200), nullable=False),
        sa.Column("ordered_at", UtcDateTime(), nullable=False),
        sa.Column("practitioner_id", sa.Unicode(length=200), nullable=False),
        sa.Column("user_name", sa.Unicode(length=200), nullable=False),
        sa.Column("user_email", sa.Unicode(length=200), nullable=False),
        sa.Column("card_token", sa.Unicode(length=200), nullable=False),
        sa.Column("note", sa.Unicode(length=2000), nullable=True),
        sa.Column("total_amount", ExactDecimal(precision=18, scale=4), nullable=False),
        sa.Column("total_currency", sa.Unicode(length=3), nullable=False),
        sa.Column("fingerprint", sa.Unicode(length=64), nullable=False),
        sa.Column("status", sa.Unicode(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practitioner_id"], ["kitlab_practitioner.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "kitlab_confirmation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Unicode(length=200), nullable=False),
        sa.Column("recipient", sa.Unicode(length=200), nullable=False),
        sa.Column("subject", sa.Unicode(length=250), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["kitlab_order.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_id"),
    )
    op.create_table(
        "kitlab_invoice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Unicode(length=200), nullable=False),
        sa.Column("amount_amount", ExactDecimal(precision=18, scale=4), nullable=False),
        sa.Column("amount_currency", sa.Unicode(length=3), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["kitlab_order.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_id"),
    )
    op.create_table(
        "kitlab_order_line",
        sa.Column("order_id", sa.Unicode(length=200), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kit_code", sa.Unicode(length=200), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_amount", ExactDecimal(precision=18, scale=4), nullable=False),
        sa.Column("unit_price_currency", sa.Unicode(length=3), nullable=False),
        sa.ForeignKeyConstraint(["kit_code"], ["kitlab_kit_type.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["kitlab_order.id"]),
        sa.PrimaryKeyConstraint("order_id", "position"),
    )
    op.create_table(
        "kitlab_payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Unicode(length=200), nullable=False),
        sa.Column("amount_amount", ExactDecimal(precision=18, scale=4), nullable=False),
        sa.Column("amount_currency", sa.Unicode(length=3), nullable=False),
        sa.Column("reference", sa.Unicode(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["kitlab_order.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_id"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("kitlab_payment")
    op.drop_table("kitlab_order_line")
    op.drop_table("kitlab_invoice")
    op.drop_table("kitlab_confirmation")
    op.drop_table("kitlab_order")
    op.drop_table("kitlab_sandbox_email")
    op.drop_table("kitlab_sandbox_charge")
    op.drop_table("kitlab_practitioner")
    op.drop_table("kitlab_kit_type")
