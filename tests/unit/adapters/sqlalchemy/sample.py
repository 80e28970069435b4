"""A shop in tables, for the tests of this folder: every call makes tables and objects of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from attrs import define, frozen
from sqlalchemy.engine import Engine

from corelib.adapters.sqlalchemy import ExactDecimal, Parts, SqlSchema, SqlStorage, UtcDateTime, create_engine, mapped
from corelib.adapters.sqlalchemy.transaction import SqlTransaction
from corelib.domain.aggregate import Aggregate
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import NewJob

A = TypeVar("A")

FILE = "shop.sqlite"


class Currency(Enum):
    EUR = "EUR"
    CHF = "CHF"


class Status(Enum):
    OPEN = "open"
    PAID = "paid"


@frozen
class Money:
    amount: Decimal
    currency: Currency = Currency.EUR


@frozen
class Line:
    ware_id: str
    quantity: int
    price: Money


@define(eq=False)
class Ware(Aggregate):
    id: str
    name: str = "a ware"


@define(eq=False)
class Basket(Aggregate):
    id: str
    lines: list[Line]
    opened_at: datetime = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    limit: Money = Money(Decimal(1000))
    status: Status = Status.OPEN
    note: str | None = None


@define(eq=False)
class Receipt(Aggregate):
    id: UUID
    basket_id: str


def line(quantity: int = 1, ware: str = "W-1", price: str = "9.90") -> Line:
    return Line(ware, quantity, Money(Decimal(price)))


def _identifier(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.Unicode(100), primary_key=True)


def _reference(name: str, target: str, *, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Unicode(100), sa.ForeignKey(target), primary_key=primary_key, nullable=False)


def _money(name: str) -> tuple[sa.Column[object], sa.Column[str]]:
    return (
        sa.Column(f"{name}_amount", ExactDecimal(18, 4), nullable=False),
        sa.Column(f"{name}_currency", sa.Unicode(3), nullable=False),
    )


def _version() -> sa.Column[int]:
    return sa.Column("version", sa.Integer, nullable=False)


def shop_schema(revisions: tuple[str, ...] = ("0001",)) -> SqlSchema:
    """The lines of a basket refer to the wares, whose table comes last in the alphabet."""
    metadata = sa.MetaData()
    ware = sa.Table(
        "shop_ware", metadata, _identifier(), sa.Column("name", sa.Unicode(100), nullable=False), _version()
    )
    basket = sa.Table(
        "shop_basket",
        metadata,
        _identifier(),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        *_money("limit"),
        sa.Column("status", sa.Unicode(10), nullable=False),
        sa.Column("note", sa.Unicode(200)),
        _version(),
    )
    basket_line = sa.Table(
        "shop_basket_line",
        metadata,
        _reference("basket_id", "shop_basket.id", primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        _reference("ware_id", "shop_ware.id"),
        sa.Column("quantity", sa.Integer, nullable=False),
        *_money("price"),
    )
    receipt = sa.Table(
        "shop_a_receipt",
        metadata,
        sa.Column("id", sa.Uuid, primary_key=True),
        _reference("basket_id", "shop_basket.id"),
        _version(),
    )
    mappings = [
        mapped(Receipt, receipt),
        mapped(Basket, basket, parts={"lines": Parts(Line, basket_line, owner="basket_id")}),
        mapped(Ware, ware),
    ]
    return SqlSchema(name="shop", metadata=metadata, mappings=mappings, revisions=revisions)


def file_url(folder: Path) -> str:
    return f"sqlite:///{(folder / FILE).as_posix()}"


@cache
def _new_file(schema: Callable[[], SqlSchema]) -> bytes:
    """A database file with the tables and nothing in them; making one takes longer than most tests do."""
    with TemporaryDirectory() as folder:
        storage = SqlStorage(create_engine(file_url(Path(folder))), schema())
        storage.create()
        storage.close()
        return (Path(folder) / FILE).read_bytes()


@contextmanager
def opened(folder: Path, schema: Callable[[], SqlSchema] = shop_schema) -> Iterator[SqlStorage]:
    """A store with tables in a file of its own."""
    (folder / FILE).write_bytes(_new_file(schema))
    storage = SqlStorage(create_engine(file_url(folder)), schema())
    try:
        yield storage
    finally:
        storage.close()


@contextmanager
def committed(storage: SqlStorage) -> Iterator[SqlTransaction]:
    """A transaction that is committed at the end of the block, unless that raises."""
    transaction = storage.begin()
    try:
        yield transaction
        transaction.commit()
    finally:
        transaction.rollback()


def stored(storage: SqlStorage, *aggregates: object) -> None:
    """Store aggregates in a transaction of their own."""
    with committed(storage) as transaction:
        for aggregate in aggregates:
            transaction.repository(type(aggregate)).add(aggregate)


def loaded(storage: SqlStorage, kind: type[A], identifier: object) -> A | None:
    """Load an aggregate by a transaction of its own."""
    with committed(storage) as transaction:
        return transaction.repository(kind).find(identifier)


@contextmanager
def sent_by(engine: Engine) -> Iterator[list[str]]:
    """The statements that reach the driver within the block, on one line each and without BEGIN."""
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(" ".join(statement.split()))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def new_job(*, attempts: int = 3, delay: timedelta = timedelta(0), timeout: timedelta = timedelta(minutes=1)) -> NewJob:
    context = Context("c-1", "cause", "somebody", "a tenant", datetime(2026, 1, 1, tzinfo=UTC))
    return NewJob(new_id(), "charge", "default", '{"n": 1}', context, attempts, timeout, delay)
