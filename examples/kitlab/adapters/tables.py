"""kitlab's tables and how its aggregates lie in them."""

from __future__ import annotations

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import ExactDecimal, Parts, SqlSchema, UtcDateTime, mapped
from kitlab.domain.billing import Confirmation, Invoice, Payment
from kitlab.domain.catalogue import KitType, Practitioner
from kitlab.domain.kit import Kit
from kitlab.domain.order import Order, OrderLine
from kitlab.domain.user import User

metadata = sa.MetaData()


def _code(name: str = "id", *, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Unicode(200), primary_key=primary_key, nullable=False)


def _money(name: str) -> tuple[sa.Column[object], sa.Column[str]]:
    return (
        sa.Column(f"{name}_amount", ExactDecimal(18, 4), nullable=False),
        sa.Column(f"{name}_currency", sa.Unicode(3), nullable=False),
    )


def _version() -> sa.Column[int]:
    return sa.Column("version", sa.Integer, nullable=False)


def _order() -> sa.Column[str]:
    return sa.Column("order_id", sa.Unicode(200), sa.ForeignKey("kitlab_order.id"), nullable=False, unique=True)


practitioner = sa.Table(
    "kitlab_practitioner",
    metadata,
    _code(primary_key=True),
    sa.Column("name", sa.Unicode(200), nullable=False),
    sa.Column("email", sa.Unicode(200), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    _version(),
)
kit_type = sa.Table(
    "kitlab_kit_type",
    metadata,
    _code(primary_key=True),
    sa.Column("name", sa.Unicode(200), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    _version(),
)
order = sa.Table(
    "kitlab_order",
    metadata,
    _code(primary_key=True),
    sa.Column("ordered_at", UtcDateTime, nullable=False),
    sa.Column("practitioner_id", sa.Unicode(200), sa.ForeignKey("kitlab_practitioner.id"), nullable=False),
    sa.Column("user_name", sa.Unicode(200), nullable=False),
    sa.Column("user_email", sa.Unicode(200), nullable=False),
    sa.Column("card_token", sa.Unicode(200), nullable=False),
    sa.Column("note", sa.Unicode(2000)),
    *_money("total"),
    sa.Column("fingerprint", sa.Unicode(64), nullable=False),
    sa.Column("status", sa.Unicode(16), nullable=False),
    _version(),
)
order_line = sa.Table(
    "kitlab_order_line",
    metadata,
    sa.Column("order_id", sa.Unicode(200), sa.ForeignKey("kitlab_order.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kit_code", sa.Unicode(200), sa.ForeignKey("kitlab_kit_type.id"), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    *_money("unit_price"),
)
payment = sa.Table(
    "kitlab_payment",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _order(),
    *_money("amount"),
    sa.Column("reference", sa.Unicode(200)),
    _version(),
)
invoice = sa.Table(
    "kitlab_invoice",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _order(),
    *_money("amount"),
    sa.Column("issued_at", UtcDateTime, nullable=False, index=True),
    _version(),
)
confirmation = sa.Table(
    "kitlab_confirmation",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _order(),
    sa.Column("recipient", sa.Unicode(200), nullable=False),
    sa.Column("subject", sa.Unicode(250), nullable=False),
    sa.Column("sent_at", UtcDateTime, nullable=False),
    _version(),
)

user = sa.Table(
    "kitlab_user",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Unicode(200), nullable=False),
    sa.Column("email", sa.Unicode(200), nullable=False, unique=True),
    sa.Column("registered_at", UtcDateTime, nullable=False),
    _version(),
)
kit = sa.Table(
    "kitlab_kit",
    metadata,
    _code(primary_key=True),
    sa.Column("order_id", sa.Unicode(200), sa.ForeignKey("kitlab_order.id"), nullable=False, index=True),
    sa.Column("kit_code", sa.Unicode(200), sa.ForeignKey("kitlab_kit_type.id"), nullable=False),
    sa.Column("status", sa.Unicode(16), nullable=False),
    sa.Column("received_at", UtcDateTime),
    _version(),
)

# The books of the sandbox services (see sandbox.py), which kitlab itself never reads.
sandbox_charge = sa.Table(
    "kitlab_sandbox_charge",
    metadata,
    sa.Column("idempotency_key", sa.Unicode(100), primary_key=True),
    sa.Column("order_id", sa.Unicode(200), nullable=False, index=True),
    *_money("amount"),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Unicode(16)),
)
sandbox_email = sa.Table(
    "kitlab_sandbox_email",
    metadata,
    sa.Column("idempotency_key", sa.Unicode(100), primary_key=True),
    sa.Column("recipient", sa.Unicode(200), nullable=False),
    sa.Column("subject", sa.Unicode(250), nullable=False),
)
sandbox_health = sa.Table(
    "kitlab_sandbox_health",
    metadata,
    sa.Column("idempotency_key", sa.Unicode(100), primary_key=True),
    sa.Column("order_id", sa.Unicode(200), nullable=False, index=True),
)

schema = SqlSchema(
    name="kitlab",
    metadata=metadata,
    mappings=[
        mapped(Practitioner, practitioner),
        mapped(KitType, kit_type),
        mapped(Order, order, parts={"lines": Parts(OrderLine, order_line, owner="order_id")}),
        mapped(Payment, payment),
        mapped(Invoice, invoice),
        mapped(Confirmation, confirmation),
        mapped(User, user),
        mapped(Kit, kit),
    ],
    migrations="kitlab.adapters.migrations",
)
