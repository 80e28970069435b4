"""Generated values of every kind come back from the database as they were, on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import TypeVar
from uuid import UUID

import pytest
from attrs import define, fields, frozen

pytest.importorskip("sqlalchemy")
pytest.importorskip("hypothesis")

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.databases import MSSQL, POSTGRESQL, fresh_database, server_named_by, sqlite_file
from tests.unit.adapters.sqlalchemy.sample import committed

from corelib.adapters.cattrs import CattrsCodec
from corelib.adapters.sqlalchemy import (
    ExactDecimal,
    ExactInterval,
    Parts,
    SqlSchema,
    SqlStorage,
    Subclasses,
    UtcDateTime,
    create_engine,
    mapped,
)
from corelib.domain.aggregate import Aggregate
from corelib.domain.identifiers import new_id

A = TypeVar("A")


class Currency(Enum):
    EUR = "EUR"
    CHF = "CHF"


class Grade(Enum):
    NONE = 0
    GOOD = 1


@frozen
class ThingId:
    value: UUID


@frozen
class Money:
    amount: Decimal
    currency: Currency


@frozen
class Address:
    street: str
    rent: Money | None
    since: date | None


@frozen
class Note:
    text: str
    at: datetime
    price: Money | None
    tags: tuple[str, ...]


@define(eq=False)
class Thing(Aggregate):
    id: ThingId
    text: str
    number: int
    truth: bool
    fraction: float
    exact: Decimal
    raw: bytes
    identifier: UUID
    instant: datetime
    day: date
    moment: time
    span: timedelta
    currency: Currency
    grade: Grade | None
    price: Money
    deposit: Money | None
    home: Address | None
    note: Note | None
    notes: list[Note]
    table: dict[str, int]
    words: list[str]
    labels: frozenset[str]
    numbers: set[int]
    prices: tuple[Money, ...]
    maybe: list[Address]


@frozen
class RoomId:
    house: str
    number: int


@frozen(slots=False)
class Room:
    """A frozen class without slots, with a key of two columns."""

    id: RoomId
    name: str | None
    windows: tuple[Money, ...] = ()


@define(eq=False, kw_only=True)
class Payment:
    id: int
    amount: Decimal


@define(eq=False, kw_only=True)
class CardPayment(Payment):
    card: str


@define(eq=False, kw_only=True)
class InvoicePayment(Payment):
    due: date
    note: str | None = None


def money(name: str, *, nullable: bool = False) -> tuple[sa.Column[Decimal], sa.Column[str]]:
    return (
        sa.Column(f"{name}_amount", ExactDecimal(18, 4), nullable=nullable),
        sa.Column(f"{name}_currency", sa.Unicode(3), nullable=nullable),
    )


def optional(name: str, kind: sa.types.TypeEngine[object] | type[sa.types.TypeEngine[object]]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=True)


def required(name: str, kind: sa.types.TypeEngine[object] | type[sa.types.TypeEngine[object]]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def parts_of(metadata: sa.MetaData, name: str, *columns: sa.Column[object]) -> sa.Table:
    owner = sa.Column("thing_id", sa.Uuid, sa.ForeignKey("trip_thing.id"), primary_key=True)
    return sa.Table(f"trip_{name}", metadata, owner, *columns)


def position() -> sa.Column[object]:
    return sa.Column("position", sa.Integer, primary_key=True, autoincrement=False)


def version() -> sa.Column[object]:
    return required("version", sa.Integer)


def thing_table(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        *("trip_thing", metadata),
        sa.Column("id", sa.Uuid, primary_key=True),
        *(required("text", sa.UnicodeText), required("number", sa.BigInteger), required("truth", sa.Boolean)),
        *(required("fraction", sa.Double), required("exact", ExactDecimal(18, 6)), required("raw", sa.LargeBinary)),
        *(required("identifier", sa.Uuid), required("instant", UtcDateTime), required("day", sa.Date)),
        *(
            required("moment", sa.Time),
            required("span", ExactInterval),
            required("currency", sa.Unicode(3)),
            optional("grade", sa.SmallInteger),
        ),
        *(*money("price"), *money("deposit", nullable=True)),
        *(optional("home_street", sa.Unicode(50)), *money("home_rent", nullable=True), optional("home_since", sa.Date)),
        *(optional("note", sa.JSON(none_as_null=True)), required("notes", sa.JSON), required("table", sa.JSON)),
        version(),
    )


def trip_schema() -> SqlSchema:
    metadata = sa.MetaData()
    thing = thing_table(metadata)
    words = parts_of(metadata, "word", position(), required("word", sa.Unicode(50)))
    labels = parts_of(metadata, "label", sa.Column("label", sa.Unicode(50), primary_key=True))
    numbers = parts_of(metadata, "number", sa.Column("number", sa.Integer, primary_key=True, autoincrement=False))
    prices = parts_of(
        metadata, "price", position(), required("amount", ExactDecimal(18, 4)), required("currency", sa.Unicode(3))
    )
    maybe = parts_of(
        *(metadata, "maybe", position(), required("street", sa.Unicode(50))),
        *(*money("rent", nullable=True), optional("since", sa.Date)),
    )
    room = sa.Table(
        *("trip_room", metadata),
        *(sa.Column("id_house", sa.Unicode(50), primary_key=True),),
        *(sa.Column("id_number", sa.Integer, primary_key=True, autoincrement=False),),
        *(optional("name", sa.Unicode(50)), version()),
    )
    window = sa.Table(
        *("trip_window", metadata),
        *(sa.Column("house", sa.Unicode(50), primary_key=True),),
        *(sa.Column("room", sa.Integer, primary_key=True, autoincrement=False), position()),
        *(required("amount", ExactDecimal(18, 4)), required("currency", sa.Unicode(3))),
        sa.ForeignKeyConstraint(["house", "room"], ["trip_room.id_house", "trip_room.id_number"]),
    )
    payment = sa.Table(
        *("trip_payment", metadata),
        *(sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), required("kind", sa.Unicode(10))),
        *(required("amount", ExactDecimal(18, 4)), optional("card", sa.Unicode(50)), optional("due", sa.Date)),
        *(optional("note", sa.Unicode(50)), version()),
    )
    parts = {
        "words": Parts(str, words, owner="thing_id", value="word"),
        "labels": Parts(str, labels, owner="thing_id", value="label", position=None),
        "numbers": Parts(int, numbers, owner="thing_id", value="number", position=None),
        "prices": Parts(Money, prices, owner="thing_id"),
        "maybe": Parts(Address, maybe, owner="thing_id"),
    }
    mappings = [
        mapped(Thing, thing, parts=parts),
        mapped(Room, room, parts={"windows": Parts(Money, window, owner=("house", "room"))}),
        mapped(Payment, payment, subclasses=Subclasses("kind", {"card": CardPayment, "invoice": InvoicePayment})),
    ]
    return SqlSchema(name="trip", metadata=metadata, mappings=mappings)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
words = st.text("abcdefgh", min_size=1, max_size=8)
amounts = st.decimals(-(10**8), 10**8, places=4)
instants = st.datetimes(timezones=st.sampled_from([UTC]))
days = st.dates(min_value=date(1, 1, 2))
prices = st.builds(Money, amounts, st.sampled_from(Currency))
addresses = st.builds(Address, texts, st.none() | prices, st.none() | days)
notes = st.builds(Note, texts, instants, st.none() | prices, st.lists(texts, max_size=2).map(tuple))
things = st.builds(
    Thing,
    id=st.builds(ThingId, st.builds(new_id)),
    text=texts,
    number=st.integers(-(2**63), 2**63 - 1),
    truth=st.booleans(),
    fraction=st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
    exact=st.decimals(-(10**8), 10**8, places=6),
    raw=st.binary(max_size=20),
    identifier=st.uuids(),
    instant=instants,
    day=days,
    moment=st.times(),
    span=st.timedeltas(timedelta(days=-(10**8)), timedelta(days=10**8)),
    currency=st.sampled_from(Currency),
    grade=st.none() | st.sampled_from(Grade),
    price=prices,
    deposit=st.none() | prices,
    home=st.none() | addresses,
    note=st.none() | notes,
    notes=st.lists(notes, max_size=2),
    table=st.dictionaries(words, st.integers(-(2**53), 2**53), max_size=2),
    words=st.lists(texts, max_size=3),
    labels=st.frozensets(words, max_size=3),
    numbers=st.sets(st.integers(-(2**31), 2**31 - 1), max_size=3),
    prices=st.lists(prices, max_size=2).map(tuple),
    maybe=st.lists(addresses, max_size=2),
)
few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def opened(url: str) -> Iterator[SqlStorage]:
    storage = SqlStorage(create_engine(url), trip_schema(), codec=CattrsCodec())
    try:
        storage.create()
        yield storage
    finally:
        storage.close()


@pytest.fixture(scope="module", params=["sqlite", POSTGRESQL, MSSQL])
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStorage]:
    if request.param == "sqlite":
        with opened(sqlite_file(tmp_path_factory.mktemp("trips"))) as made:
            yield made
    else:
        with fresh_database(server_named_by(request.param)) as url, opened(url) as made:
            yield made


def contents(thing: object) -> dict[str, object]:
    return {entry.name: getattr(thing, entry.name) for entry in fields(type(thing)) if entry.name != "_events"}


def stored_and_loaded(storage: SqlStorage, thing: A, identifier: object) -> A:
    with committed(storage) as transaction:
        transaction.repository(type(thing)).add(thing)
    return loaded(storage, type(thing), identifier)


def loaded(storage: SqlStorage, kind: type[A], identifier: object) -> A:
    with committed(storage) as transaction:
        return transaction.repository(kind).get(identifier)


class TestRoundTrip:
    @given(thing=things)
    @few
    def test_gives_back_what_was_added(self, storage: SqlStorage, thing: Thing) -> None:
        found = stored_and_loaded(storage, thing, thing.id)

        assert contents(found) == contents(thing)
        assert type(found.labels) is frozenset
        assert type(found.prices) is tuple

    @given(before=things, after=things)
    @few
    def test_gives_back_what_was_changed(self, storage: SqlStorage, before: Thing, after: Thing) -> None:
        with committed(storage) as transaction:
            transaction.repository(Thing).add(before)
        wanted = {**contents(after), "id": before.id}

        with committed(storage) as transaction:
            held = transaction.repository(Thing).get(before.id)
            for name, value in wanted.items():
                setattr(held, name, value)

        assert contents(loaded(storage, Thing, before.id)) == wanted

    @given(before=things, after=things)
    @few
    def test_gives_back_what_was_stored_over(self, storage: SqlStorage, before: Thing, after: Thing) -> None:
        after.id = before.id

        for thing in (before, after):
            with committed(storage) as transaction:
                transaction.repository(Thing).upsert_many([thing])

        assert contents(loaded(storage, Thing, before.id)) == contents(after)

    @given(thing=things)
    @few
    def test_writes_nothing_if_nothing_was_changed(self, storage: SqlStorage, thing: Thing) -> None:
        with committed(storage) as transaction:
            transaction.repository(Thing).add(thing)
            transaction.flush()
            transaction.flush()

        with committed(storage) as transaction:
            transaction.repository(Thing).get(thing.id)
        with committed(storage) as transaction:
            table = trip_schema().metadata.tables["trip_thing"]
            query = sa.select(table.c.version).where(table.c.id == thing.id.value)
            assert transaction.connection.execute(query).scalar_one() == 1

    @given(found=st.lists(things, min_size=2, max_size=4))
    @few
    def test_finds_all_by_their_identifiers(self, storage: SqlStorage, found: list[Thing]) -> None:
        with committed(storage) as transaction:
            transaction.repository(Thing).add_many(found)

        with committed(storage) as transaction:
            again = transaction.repository(Thing).find_many([thing.id for thing in found])

        assert [contents(thing) for thing in again] == [contents(thing) for thing in found]


class TestFrozenAggregates:
    def test_are_added_changed_by_specification_stored_over_and_removed(self, storage: SqlStorage) -> None:
        first, second = RoomId(new_id().hex, 1), RoomId(new_id().hex, 2)
        window = Money(Decimal("1.5000"), Currency.CHF)

        with committed(storage) as transaction:
            transaction.repository(Room).add_many([Room(first, "old", (window,)), Room(second, None)])
        with committed(storage) as transaction:
            rooms = transaction.repository(Room)
            held = rooms.get(first)
            assert rooms.update_where(None, {"name": "new"}) == 2
            assert held.name == "new"
        with committed(storage) as transaction:
            transaction.repository(Room).upsert_many([Room(second, "over", (window, window))])

        with committed(storage) as transaction:
            rooms = transaction.repository(Room)
            assert rooms.get_many([second, first]) == [
                Room(second, "over", (window, window)),
                Room(first, "new", (window,)),
            ]
            assert list(rooms.stream(batch=1)) == sorted(rooms.list(), key=lambda room: (room.id.house, room.id.number))
            rooms.remove(rooms.get(first))
            assert rooms.remove_where(None) == 1
            assert rooms.count() == 0


class TestHierarchies:
    def test_come_back_as_the_classes_that_they_were(self, storage: SqlStorage) -> None:
        card = CardPayment(id=1, amount=Decimal("1.2500"), card="1234")
        invoice = InvoicePayment(id=2, amount=Decimal("2.5000"), due=date(2026, 1, 31))
        with committed(storage) as transaction:
            transaction.repository(Payment).add_many([card, invoice])

        with committed(storage) as transaction:
            payments = transaction.repository(Payment)
            found = payments.list()
            assert [(type(payment), contents(payment)) for payment in found] == [
                (CardPayment, contents(card)),
                (InvoicePayment, contents(invoice)),
            ]
            changed = payments.get(2)
            assert isinstance(changed, InvoicePayment)
            changed.note = "late"

        again = loaded(storage, Payment, 2)
        assert isinstance(again, InvoicePayment)
        assert (again.note, again.due) == ("late", date(2026, 1, 31))
