"""Classes whose aggregates lie on pages that cursors lead to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import NewType
from uuid import UUID

from attrs import define, frozen

from corelib.domain.specification import Sort, ascending, descending

Number = NewType("Number", int)


class Colour(Enum):
    RED = "red"


class Isbn(str):
    __slots__ = ()


@frozen
class Place:
    shelf: str
    number: int


@frozen
class Money:
    amount: Decimal


@define(eq=False)
class Book:
    id: UUID
    title: str | None = None
    pages: Number = Number(0)
    weight: float = 0.0
    price: Money | None = None
    printed: date | None = None
    lent_at: datetime | None = None
    lent_for: timedelta | None = None
    sold: bool = False


@define(eq=False)
class Slot:
    id: Place
    label: str = ""


@define(eq=False)
class Edition:
    id: Isbn


@define(eq=False)
class Paint:
    id: Colour


IDENTIFIER = UUID(int=7)
EVERYTHING = [
    ascending("title"),
    descending("pages"),
    ascending("weight"),
    ascending("price.amount"),
    ascending("printed"),
    descending("lent_at"),
    ascending("lent_for"),
]


def values_of(book: Book, sort: Sequence[Sort]) -> list[object]:
    known = {
        "title": book.title,
        "pages": book.pages,
        "weight": book.weight,
        "price.amount": book.price.amount if book.price else None,
        "printed": book.printed,
        "lent_at": book.lent_at,
        "lent_for": book.lent_for,
    }
    return [known[entry.path] for entry in sort]
