"""What the suites of stores keep in them: two aggregates, an event, and jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from attrs import asdict, define, evolve, frozen

from corelib.domain.aggregate import Aggregate
from corelib.domain.constraint import Constraint, LongestText, NotNull, Reference, Unique
from corelib.domain.context import Context
from corelib.domain.event import RecordedEvent
from corelib.domain.identifiers import new_id
from corelib.domain.job import NewJob


class Currency(Enum):
    """Two of them."""

    CHF = "CHF"
    EUR = "EUR"


class Status(Enum):
    """Stage of a parcel."""

    PACKED = "packed"
    SENT = "sent"


@frozen
class Price:
    """A value object; up to four digits after the point."""

    amount: Decimal
    currency: Currency = Currency.CHF


@frozen
class Item:
    """A part of a parcel."""

    code: str
    quantity: int
    price: Price
    weight: Decimal | None = None


@frozen
class ParcelSent:
    """A parcel left its depot."""

    parcel_id: UUID
    price: Price


@define(eq=False)
class Depot(Aggregate):
    """An aggregate whose identifier is a text."""

    id: str
    city: str


@define(eq=False)
class Parcel(Aggregate):
    """An aggregate with a field of each kind; `label` is unique, `depot_id` refers to a depot."""

    id: UUID
    label: str
    price: Price
    status: Status
    packed_at: datetime
    note: str | None
    depot_id: str | None
    items: list[Item]

    def send(self) -> None:
        """Change the status and record it."""
        self.status = Status.SENT
        self.record(ParcelSent(self.id, self.price))


LONGEST_CITY = 40
"""Characters that fit the column of a depot's city, on the engines that count them."""

constraints: tuple[Constraint, ...] = (
    Unique(Parcel, "label"),
    NotNull(Parcel, "label", "price.amount", "packed_at"),
    Reference(Parcel, "depot_id", Depot),
    LongestText(Depot, "city", LONGEST_CITY),
)
"""What the tables of the samples enforce, for a store without a schema."""

PARCEL = Parcel(
    id=UUID(int=0),
    label="",
    price=Price(Decimal("12.50")),
    status=Status.PACKED,
    packed_at=datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC),
    note=None,
    depot_id=None,
    items=[],
)
ITEM = Item("", 1, Price(Decimal("2.25")))


def a_parcel(**fields: object) -> Parcel:
    """Return a new parcel, unlike any other; `fields` replace what it has by default."""
    own: dict[str, Any] = {"id": new_id(), "label": f"label-{uuid4().hex}", "items": [], **fields}
    return evolve(PARCEL, **own)


def an_item(**fields: object) -> Item:
    """Return an item with a code of its own."""
    own: dict[str, Any] = {"code": f"code-{uuid4().hex}", **fields}
    return evolve(ITEM, **own)


def a_depot(city: str = "Bern") -> Depot:
    """Return a new depot."""
    return Depot(f"depot-{uuid4().hex}", city)


def contents(aggregate: Parcel | Depot) -> dict[str, object]:
    """Return the fields of an aggregate, by which two of them can be compared."""
    found = asdict(aggregate, recurse=False)
    return {name: value for name, value in found.items() if name != "_events"}


def a_job(**fields: object) -> NewJob:
    """Return a job with a lease of an hour, unlike any other; `fields` replace what it has by default."""
    job = NewJob(
        id=new_id(),
        name="count_items",
        queue="default",
        payload='{"parcel":"P-1"}',
        context=Context(correlation_id=uuid4().hex),
        max_attempts=3,
        timeout=timedelta(hours=1),
    )
    replaced: dict[str, Any] = {**fields}
    return evolve(job, **replaced)


def an_event(**fields: object) -> RecordedEvent:
    """Return a recorded event, unlike any other; `fields` replace what it has by default."""
    event = RecordedEvent(
        id=new_id(),
        name="ParcelSent",
        payload='{"parcel":"P-1"}',
        context=Context(correlation_id=uuid4().hex),
        recorded_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
    )
    replaced: dict[str, Any] = {**fields}
    return evolve(event, **replaced)
