"""What is stored: an order with lines, and a product without."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from attrs import define, frozen

from corelib import Aggregate


@frozen
class Line:
    """A number of pieces of one article; the price is in cents."""

    sku: str
    quantity: int
    price: int


@define(eq=False)
class Order(Aggregate):
    """An aggregate with parts."""

    id: UUID
    customer: str
    status: str
    placed_at: datetime
    note: str | None
    total: int
    lines: list[Line]


@define(eq=False)
class Product(Aggregate):
    """An aggregate without parts."""

    id: UUID
    sku: str
    name: str
    price: int
    stock: int
    active: bool


class LineData(NamedTuple):
    """What a line is made from."""

    sku: str
    quantity: int
    price: int


class OrderData(NamedTuple):
    """What an order is made from, as it might come from a request: to make its object is a contender's work."""

    id: UUID
    customer: str
    status: str
    placed_at: datetime
    note: str | None
    total: int
    lines: tuple[LineData, ...]


class ProductData(NamedTuple):
    """What a product is made from."""

    id: UUID
    sku: str
    name: str
    price: int
    stock: int
    active: bool


def order_of(data: OrderData) -> Order:
    """Make the aggregate."""
    identifier, customer, status, placed_at, note, total, lines = data
    return Order(identifier, customer, status, placed_at, note, total, [Line(*line) for line in lines])


class LineLike(Protocol):
    """A line of any contender."""

    @property
    def sku(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def price(self) -> int: ...


class OrderLike(Protocol):
    """An order of any contender: an aggregate, or an instance of a class that the ORM maps."""

    @property
    def id(self) -> UUID: ...
    @property
    def customer(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def placed_at(self) -> datetime: ...
    @property
    def note(self) -> str | None: ...
    @property
    def total(self) -> int: ...
    @property
    def lines(self) -> Sequence[LineLike]: ...


def data_of(order: OrderLike) -> OrderData:
    """Return what an order holds, to compare contenders' answers."""
    lines = tuple(LineData(line.sku, line.quantity, line.price) for line in order.lines)
    return OrderData(order.id, order.customer, order.status, order.placed_at, order.note, order.total, lines)
