"""The tables that all contenders share.

Amounts are whole cents, and statuses are texts: conversions of values cost every contender the same and would hide what
differs between them. Identifiers and instants are converted, since nobody does without.
"""

from __future__ import annotations

import sqlalchemy as sa

from _persistence.domain import Line, Order, Product
from corelib.adapters.sqlalchemy import Parts, SqlSchema, UtcDateTime, mapped

metadata: sa.MetaData = sa.MetaData()

order: sa.Table = sa.Table(
    "bench_order",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("customer", sa.Unicode(100), nullable=False),
    sa.Column("status", sa.Unicode(20), nullable=False),
    sa.Column("placed_at", UtcDateTime, nullable=False),
    sa.Column("note", sa.Unicode(200)),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Index("ix_bench_order_status", "status", "placed_at"),
)
line: sa.Table = sa.Table(
    "bench_order_line",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("bench_order.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sku", sa.Unicode(40), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("price", sa.Integer, nullable=False),
)
product: sa.Table = sa.Table(
    "bench_product",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sku", sa.Unicode(40), nullable=False),
    sa.Column("name", sa.Unicode(100), nullable=False),
    sa.Column("price", sa.Integer, nullable=False),
    sa.Column("stock", sa.Integer, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)
schema: SqlSchema = SqlSchema(
    "bench",
    metadata,
    [mapped(Order, order, parts={"lines": Parts(Line, line, owner="order_id")}), mapped(Product, product)],
)
