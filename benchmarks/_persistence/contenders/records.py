"""The declarative classes of the ORM; they play the part of the domain's classes for those who use it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, relationship

from _persistence import tables
from _persistence.domain import OrderData, ProductData


class Record(DeclarativeBase):
    """Base of the mapped classes."""

    metadata = tables.metadata


class LineRecord(Record):
    """A line."""

    __table__: ClassVar[sa.FromClause] = tables.line
    order_id: Mapped[UUID]
    position: Mapped[int]
    sku: Mapped[str]
    quantity: Mapped[int]
    price: Mapped[int]


class OrderRecord(Record):
    """An order, loaded with its lines."""

    __table__: ClassVar[sa.FromClause] = tables.order
    id: Mapped[UUID]
    version: Mapped[int]
    customer: Mapped[str]
    status: Mapped[str]
    placed_at: Mapped[datetime]
    note: Mapped[str | None]
    total: Mapped[int]
    lines: Mapped[list[LineRecord]] = relationship(
        lazy="selectin", order_by=tables.line.c.position, cascade="all, delete-orphan"
    )
    __mapper_args__ = {"version_id_col": tables.order.c.version}  # noqa: RUF012 - declared so by SQLAlchemy


class ProductRecord(Record):
    """A product."""

    __table__: ClassVar[sa.FromClause] = tables.product
    id: Mapped[UUID]
    version: Mapped[int]
    sku: Mapped[str]
    name: Mapped[str]
    price: Mapped[int]
    stock: Mapped[int]
    active: Mapped[bool]
    __mapper_args__ = {"version_id_col": tables.product.c.version}  # noqa: RUF012 - declared so by SQLAlchemy


def order_record(data: OrderData) -> OrderRecord:
    """Make the instance with its lines."""
    lines = [
        LineRecord(position=place, sku=each.sku, quantity=each.quantity, price=each.price)
        for place, each in enumerate(data.lines)
    ]
    return OrderRecord(
        id=data.id,
        customer=data.customer,
        status=data.status,
        placed_at=data.placed_at,
        note=data.note,
        total=data.total,
        lines=lines,
    )


def product_record(data: ProductData) -> ProductRecord:
    """Make the instance."""
    return ProductRecord(
        id=data.id, sku=data.sku, name=data.name, price=data.price, stock=data.stock, active=data.active
    )
