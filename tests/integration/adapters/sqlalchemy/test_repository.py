from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest
from attrs import define, frozen

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy.sample import (
    Basket,
    Money,
    Receipt,
    Status,
    Ware,
    committed,
    line,
    loaded,
    opened,
    sent_by,
    stored,
)

from corelib.adapters.sqlalchemy import Parts, SqlSchema, SqlStorage, mapped
from corelib.domain.identifiers import new_id
from corelib.errors import (
    AlreadyExists,
    ConcurrencyConflict,
    InvalidData,
    MisuseError,
    NotFound,
    ReferenceViolation,
    UnboundHandler,
)

HELD = "WHERE shop_basket.id = ? AND shop_basket.version = ?"
UPDATE_PLACE = (
    "UPDATE shop_basket_line SET quantity=? WHERE shop_basket_line.basket_id = ? AND shop_basket_line.position = ?"
)


class Mood(Enum):
    GOOD = "good"


@define(eq=False)
class Setting:
    """Its fields have the names that statements might give to their parameters."""

    id: str
    key: str
    loaded: int = 0
    after: str = ""
    mood: Mood | None = None


@frozen
class Entry:
    place: int
    owner_id: str


@define(eq=False)
class Register:
    id: str
    entries: list[Entry]


@define(eq=False)
class Tags:
    id: str
    names: list[str]


@define(eq=False)
class Person:
    id: str
    name: str


def _table(metadata: sa.MetaData, name: str, *columns: sa.Column[object], collation: str | None = None) -> sa.Table:
    key = sa.Column("id", sa.Unicode(50, collation=collation), primary_key=True)
    return sa.Table(name, metadata, key, *columns, sa.Column("version", sa.Integer, nullable=False))


def odd_schema() -> SqlSchema:
    metadata = sa.MetaData()
    setting = _table(
        metadata,
        "setting",
        sa.Column("key", sa.Unicode(50)),
        sa.Column("loaded", sa.Integer),
        sa.Column("after", sa.Unicode(50)),
        sa.Column("mood", sa.Unicode(50)),
    )
    entry = sa.Table(
        "entry",
        metadata,
        sa.Column("register_id", sa.Unicode(50), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer),
        sa.Column("owner_id", sa.Unicode(50)),
    )
    parts = {"entries": Parts(Entry, entry, owner="register_id")}
    mappings = [
        mapped(Setting, setting),
        mapped(Register, _table(metadata, "register"), parts=parts),
        mapped(Tags, _table(metadata, "tags", sa.Column("names", sa.JSON))),
        mapped(Person, _table(metadata, "person", sa.Column("name", sa.Unicode(50)), collation="NOCASE")),
    ]
    return SqlSchema(name="odd", metadata=metadata, mappings=mappings)


@contextmanager
def odd(folder: Path) -> Iterator[SqlStorage]:
    with opened(folder, odd_schema) as storage:
        yield storage


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    with opened(tmp_path) as opened_storage:
        stored(opened_storage, Ware("W-1"), Ware("W-2"))
        yield opened_storage


def baskets(count: int) -> list[Basket]:
    return [Basket(f"B-{number:04}", [line(1), line(2)]) for number in range(count)]


def quantities(basket: Basket | None) -> list[int]:
    return [] if basket is None else [entry.quantity for entry in basket.lines]


def version_of(storage: SqlStorage, identifier: str) -> int:
    with committed(storage) as transaction:
        statement = sa.text("SELECT version FROM shop_basket WHERE id = :id")
        return int(transaction.connection.execute(statement, {"id": identifier}).scalar_one())


class TestLoading:
    @pytest.mark.parametrize("count", [1, 40])
    def test_takes_two_statements_for_any_number_of_aggregates_with_parts(
        self, storage: SqlStorage, count: int
    ) -> None:
        stored(storage, *baskets(count))
        identifiers = [basket.id for basket in baskets(count)]

        with committed(storage) as transaction, sent_by(storage.engine) as sent:
            found = transaction.repository(Basket).find_many(identifiers)

        assert len(sent) == 2
        assert [basket.id for basket in found] == identifiers
        assert all(quantities(basket) == [1, 2] for basket in found)

    def test_takes_two_statements_for_one_aggregate_with_parts(self, storage: SqlStorage) -> None:
        stored(storage, *baskets(3))

        with committed(storage) as transaction, sent_by(storage.engine) as sent:
            transaction.repository(Basket).get("B-0001")

        assert len(sent) == 2

    def test_gives_back_what_was_stored(self, storage: SqlStorage) -> None:
        original = Basket(
            "B-1", [line(7, "W-2", "1.2345")], limit=Money(Decimal("0.5")), status=Status.PAID, note="\u05d0"
        )
        stored(storage, original)

        found = loaded(storage, Basket, "B-1")

        assert found is not None
        assert found is not original
        assert (found.id, found.lines, found.opened_at) == (original.id, original.lines, original.opened_at)
        assert (found.limit, found.status, found.note) == (original.limit, original.status, original.note)

    class WhenThereAreMoreIdentifiersThanOneStatementTakes:
        def test_sends_them_as_one_parameter(self, storage: SqlStorage) -> None:
            identifiers = [f"none-{number}" for number in range(2100)]

            with committed(storage) as transaction, sent_by(storage.engine) as sent:
                found = transaction.repository(Basket).find_many([*identifiers, "B-1"])

            assert found == []
            assert [statement.count("?") for statement in sent] == [1]

    class WhenThereIsNone:
        def test_find_returns_none(self, storage: SqlStorage) -> None:
            assert loaded(storage, Basket, "B-1") is None

        def test_get_raises(self, storage: SqlStorage) -> None:
            with (
                committed(storage) as transaction,
                pytest.raises(NotFound, match="no Basket with the identifier 'B-1'"),
            ):
                transaction.repository(Basket).get("B-1")

        def test_find_many_leaves_it_out(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                found = transaction.repository(Ware).find_many(["W-2", "W-9", "W-1", "W-2"])

            assert [ware.id for ware in found] == ["W-2", "W-1"]

    class WhenTheClassIsNotMapped:
        def test_lists_the_mapped_ones(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction, pytest.raises(UnboundHandler) as caught:
                transaction.repository(Person)

            assert str(caught.value) == "No table is mapped for Person. Mapped are: Basket, Receipt, Ware."


class TestIdentityMap:
    def test_gives_the_same_instance_without_asking_again(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            first = transaction.repository(Ware).get("W-1")
            with sent_by(storage.engine) as sent:
                second = transaction.repository(Ware).get("W-1")

        assert second is first
        assert sent == []

    def test_asks_only_for_those_it_has_not(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            first = transaction.repository(Ware).get("W-1")
            with sent_by(storage.engine) as sent:
                found = transaction.repository(Ware).find_many(["W-1", "W-2"])

        assert found[0] is first
        assert [statement.count("?") for statement in sent] == [1]

    def test_knows_a_new_aggregate_before_it_is_written(self, storage: SqlStorage) -> None:
        ware = Ware("W-3")

        with committed(storage) as transaction, sent_by(storage.engine) as sent:
            transaction.repository(Ware).add(ware)
            found = transaction.repository(Ware).find("W-3")

            assert found is ware
            assert sent == []

    def test_makes_another_instance_for_another_transaction(self, storage: SqlStorage) -> None:
        assert loaded(storage, Ware, "W-1") is not loaded(storage, Ware, "W-1")

    def test_hands_out_what_is_tracked_class_by_class(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            ware = transaction.repository(Ware).get("W-1")
            basket = Basket("B-1", [])
            transaction.repository(Basket).add(basket)

            assert list(transaction.tracked()) == [ware, basket]

    class WhenTheDatabaseTakesTwoSpellingsForTheSame:
        def test_keeps_the_instance_and_its_changes(self, tmp_path: Path) -> None:
            with odd(tmp_path) as storage:
                stored(storage, Person("ann", "Ann"))

                with committed(storage) as transaction:
                    first = transaction.repository(Person).get("ann")
                    first.name = "Anna"
                    second = transaction.repository(Person).get("ANN")
                    transaction.repository(Person).find_many(["Ann", "ann"])

                found = loaded(storage, Person, "ann")

            assert second is first
            assert found is not None
            assert found.name == "Anna"

    class WhenAnAggregateIsRemoved:
        def test_does_not_find_it_again(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                wares = transaction.repository(Ware)
                wares.remove(wares.get("W-1"))

                assert wares.find("W-1") is None
                assert [ware.id for ware in wares.find_many(["W-1", "W-2"])] == ["W-2"]


class TestWritingChanges:
    def test_names_only_the_changed_columns(self, storage: SqlStorage) -> None:
        stored(storage, Basket("B-1", [line()]))

        with sent_by(storage.engine) as sent, committed(storage) as transaction:
            transaction.repository(Basket).get("B-1").note = "fragile"

        assert sent[2:] == [f"UPDATE shop_basket SET note=?, version=? {HELD}"]

    def test_names_only_the_changed_columns_of_a_value_object(self, storage: SqlStorage) -> None:
        stored(storage, Basket("B-1", []))

        with sent_by(storage.engine) as sent, committed(storage) as transaction:
            transaction.repository(Basket).get("B-1").limit = Money(Decimal(5))

        assert sent[2:] == [f"UPDATE shop_basket SET limit_amount=?, version=? {HELD}"]

    def test_counts_the_version_up(self, storage: SqlStorage) -> None:
        stored(storage, Basket("B-1", []))

        for note in ("a", "b"):
            with committed(storage) as transaction:
                transaction.repository(Basket).get("B-1").note = note

        assert version_of(storage, "B-1") == 3

    class WhenNothingHasChanged:
        def test_writes_nothing(self, storage: SqlStorage) -> None:
            stored(storage, Basket("B-1", [line()]))

            with sent_by(storage.engine) as sent, committed(storage) as transaction:
                basket = transaction.repository(Basket).get("B-1")
                basket.note = None
                basket.lines = [line()]
                basket.limit = Money(Decimal("1000.00"))

            assert len(sent) == 2

        def test_takes_no_connection_for_a_transaction_that_was_not_used(self, storage: SqlStorage) -> None:
            with sent_by(storage.engine) as sent, committed(storage):
                pass

            assert sent == []
            assert storage.engine.pool.checkedout() == 0  # type: ignore[attr-defined]

    class WhenFlushedBefore:
        def test_writes_only_what_has_changed_since(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                basket = Basket("B-1", [line(1)])
                transaction.repository(Basket).add(basket)
                transaction.flush()
                basket.note = "later"
                transaction.flush()
                with sent_by(storage.engine) as sent:
                    basket.lines.append(line(2))
                    transaction.flush()
                    transaction.flush()

            assert [statement.split()[0] for statement in sent] == ["UPDATE", "INSERT"]
            assert version_of(storage, "B-1") == 3

    class WhenAValueWasChangedInPlace:
        def test_writes_it(self, tmp_path: Path) -> None:
            with odd(tmp_path) as storage:
                stored(storage, Tags("T-1", ["a"]))

                with committed(storage) as transaction:
                    transaction.repository(Tags).get("T-1").names.append("b")
                found = loaded(storage, Tags, "T-1")

            assert found is not None
            assert found.names == ["a", "b"]

    class WhenFieldsAreNamedAsParametersMightBe:
        def test_writes_them(self, tmp_path: Path) -> None:
            with odd(tmp_path) as storage:
                stored(storage, Setting("S-1", "colour"))

                with committed(storage) as transaction:
                    setting = transaction.repository(Setting).get("S-1")
                    setting.key, setting.loaded, setting.after = "size", 7, "S-0"
                found = loaded(storage, Setting, "S-1")

            assert found is not None
            assert (found.key, found.loaded, found.after) == ("size", 7, "S-0")

        def test_writes_those_of_parts(self, tmp_path: Path) -> None:
            with odd(tmp_path) as storage:
                stored(storage, Register("R-1", [Entry(7, "a"), Entry(8, "b")]))

                with committed(storage) as transaction:
                    transaction.repository(Register).get("R-1").entries[1] = Entry(0, "c")
                found = loaded(storage, Register, "R-1")

            assert found is not None
            assert found.entries == [Entry(7, "a"), Entry(0, "c")]

    class WhenAnEnumMayBeMissing:
        @pytest.mark.parametrize("mood", [None, Mood.GOOD])
        def test_writes_it_or_null(self, tmp_path: Path, mood: Mood | None) -> None:
            with odd(tmp_path) as storage:
                stored(storage, Setting("S-1", "key", mood=mood))

                found = loaded(storage, Setting, "S-1")

            assert found is not None
            assert found.mood is mood

    class WhenSomebodyElseChangedTheRow:
        def test_raises_with_both_versions(self, storage: SqlStorage) -> None:
            stored(storage, Basket("B-1", []))

            transaction = storage.begin()
            transaction.repository(Basket).get("B-1").note = "mine"
            transaction.connection.execute(sa.text("UPDATE shop_basket SET version = 5"))

            with pytest.raises(ConcurrencyConflict) as caught:
                transaction.commit()

            conflict = caught.value
            assert (conflict.kind, conflict.identifier) == ("Basket", "B-1")
            assert (conflict.expected, conflict.found) == (1, 5)

        def test_stores_nothing_of_the_transaction(self, storage: SqlStorage) -> None:
            stored(storage, Basket("B-1", []))

            transaction = storage.begin()
            transaction.repository(Ware).add(Ware("W-3"))
            transaction.repository(Basket).get("B-1").note = "mine"
            transaction.connection.execute(sa.text("UPDATE shop_basket SET version = 5"))

            with pytest.raises(ConcurrencyConflict):
                transaction.commit()

            assert loaded(storage, Ware, "W-3") is None

        @pytest.mark.parametrize("changed", ["B-1", "B-2", "B-3"])
        def test_names_the_one_of_several(self, storage: SqlStorage, changed: str) -> None:
            stored(storage, *(Basket(identifier, []) for identifier in ("B-1", "B-2", "B-3")))

            transaction = storage.begin()
            for basket in transaction.repository(Basket).list():
                basket.note = "mine"
            statement = sa.text("UPDATE shop_basket SET version = 5 WHERE id = :id")
            transaction.connection.execute(statement, {"id": changed})

            with pytest.raises(ConcurrencyConflict) as caught:
                transaction.commit()

            assert (caught.value.identifier, caught.value.expected, caught.value.found) == (changed, 1, 5)

    class WhenSomebodyElseRemovedTheRow:
        def test_raises_without_a_version_found(self, storage: SqlStorage) -> None:
            stored(storage, Basket("B-1", []))

            transaction = storage.begin()
            transaction.repository(Basket).get("B-1").note = "mine"
            transaction.connection.execute(sa.text("DELETE FROM shop_basket"))

            with pytest.raises(ConcurrencyConflict, match="but it is gone") as caught:
                transaction.commit()

            assert caught.value.found is None

    class WhenTheIdentifierWasChanged:
        def test_says_from_which(self, storage: SqlStorage) -> None:
            transaction = storage.begin()
            transaction.repository(Ware).get("W-1").id = "W-9"

            with pytest.raises(MisuseError, match="identifier of a Ware was changed from 'W-1'"):
                transaction.commit()


class TestWritingParts:
    def test_updates_only_the_place_and_the_column_that_have_changed(self, storage: SqlStorage) -> None:
        stored(storage, Basket("B-1", [line(1), line(2), line(3)]))

        with sent_by(storage.engine) as sent, committed(storage) as transaction:
            transaction.repository(Basket).get("B-1").lines[1] = line(20)

        assert sent[2:] == [f"UPDATE shop_basket SET version=? {HELD}", UPDATE_PLACE]
        assert quantities(loaded(storage, Basket, "B-1")) == [1, 20, 3]

    @pytest.mark.parametrize(
        ("before", "after", "statements"),
        [
            ([], [1], ["UPDATE", "INSERT"]),
            ([1, 2], [1, 2, 3, 4], ["UPDATE", "INSERT"]),
            ([1, 2, 3], [1], ["UPDATE", "DELETE"]),
            ([1, 2], [], ["UPDATE", "DELETE"]),
            ([1, 2, 3], [2, 3], ["UPDATE", "DELETE", "UPDATE"]),
            ([1, 2, 3], [3, 2, 1], ["UPDATE", "UPDATE"]),
            ([1, 2], [0, 1, 2], ["UPDATE", "UPDATE", "INSERT"]),
            ([1, 2], [1, 2], []),
        ],
        ids=["first", "added", "removed", "cleared", "first removed", "reordered", "put in front", "same"],
    )
    def test_writes_the_difference(
        self, storage: SqlStorage, before: list[int], after: list[int], statements: list[str]
    ) -> None:
        stored(storage, Basket("B-1", [line(quantity) for quantity in before]))

        with sent_by(storage.engine) as sent, committed(storage) as transaction:
            transaction.repository(Basket).get("B-1").lines = [line(quantity) for quantity in after]

        assert [statement.split()[0] for statement in sent[2:]] == statements
        assert quantities(loaded(storage, Basket, "B-1")) == after
        assert version_of(storage, "B-1") == (2 if statements else 1)

    def test_inserts_the_parts_of_many_new_aggregates_at_once(self, storage: SqlStorage) -> None:
        with sent_by(storage.engine) as sent:
            stored(storage, *baskets(30))

        assert [statement.split("(")[0] for statement in sent] == [
            "INSERT INTO shop_basket ",
            "INSERT INTO shop_basket_line ",
        ]

    def test_inserts_no_parts_where_there_are_none(self, storage: SqlStorage) -> None:
        with sent_by(storage.engine) as sent:
            stored(storage, Basket("B-1", []), Basket("B-2", []))

        assert len(sent) == 1


class TestAdding:
    class WhenTheIdentifierIsTakenInThisTransaction:
        def test_raises_at_once(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                transaction.repository(Ware).get("W-1")

                with pytest.raises(
                    AlreadyExists, match="a Ware with the identifier 'W-1' in this unit of work already"
                ):
                    transaction.repository(Ware).add(Ware("W-1"))

    class WhenTheIdentifierIsTakenInTheDatabase:
        def test_raises_on_commit_and_stores_nothing(self, storage: SqlStorage) -> None:
            with pytest.raises(AlreadyExists):
                stored(storage, Ware("W-3"), Ware("W-1"))

            assert loaded(storage, Ware, "W-3") is None

    class WhenAValueCannotBeWritten:
        @pytest.mark.parametrize(
            ("key", "number", "message"),
            [("\ud800", 0, "surrogates not allowed"), ("key", 10**30, "too large")],
            ids=["half a character", "huge number"],
        )
        def test_refuses_and_stores_nothing(self, tmp_path: Path, key: str, number: int, message: str) -> None:
            with odd(tmp_path) as storage:
                with pytest.raises(InvalidData, match=message):
                    stored(storage, Person("ann", "Ann"), Setting("S-1", key, number))

                assert loaded(storage, Person, "ann") is None

        def test_says_which_value_has_no_time_zone(self, storage: SqlStorage) -> None:
            basket = Basket("B-1", [])
            basket.opened_at = basket.opened_at.replace(tzinfo=None)

            with pytest.raises(InvalidData, match="has no time zone"):
                stored(storage, basket)


class TestStoringOver:
    class WhenOneIsInHand:
        def test_refuses(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                wares = transaction.repository(Ware)
                wares.get("W-1")

                with pytest.raises(MisuseError, match="The Ware 'W-1' is in hand in this unit of work"):
                    wares.upsert_many([Ware("W-1")])

    class WhenThereIsNothingToStore:
        def test_sends_nothing(self, storage: SqlStorage) -> None:
            with sent_by(storage.engine) as sent, committed(storage) as transaction:
                transaction.repository(Ware).upsert_many([])

            assert sent == []


class TestRemoving:
    def test_deletes_the_parts_and_the_row_of_the_loaded_version(self, storage: SqlStorage) -> None:
        stored(storage, Basket("B-1", [line()]))

        with sent_by(storage.engine) as sent, committed(storage) as transaction:
            found = transaction.repository(Basket).get("B-1")
            found.note = "not written"
            transaction.repository(Basket).remove(found)

        assert sent[2:] == [
            "DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = ?",
            f"DELETE FROM shop_basket {HELD}",
        ]
        assert loaded(storage, Basket, "B-1") is None

    class WhenItWasAddedInThisTransaction:
        def test_writes_nothing(self, storage: SqlStorage) -> None:
            with sent_by(storage.engine) as sent, committed(storage) as transaction:
                ware = Ware("W-3")
                transaction.repository(Ware).add(ware)
                transaction.repository(Ware).remove(ware)

            assert sent == []

    class WhenItComesFromAnotherTransaction:
        def test_refuses(self, storage: SqlStorage) -> None:
            ware = loaded(storage, Ware, "W-1")

            with (
                committed(storage) as transaction,
                pytest.raises(MisuseError, match="does not belong to this unit of work"),
            ):
                transaction.repository(Ware).remove(ware)  # type: ignore[arg-type]

    class WhenSomebodyElseChangedTheRow:
        def test_raises(self, storage: SqlStorage) -> None:
            stored(storage, Basket("B-1", []))

            transaction = storage.begin()
            transaction.repository(Basket).remove(transaction.repository(Basket).get("B-1"))
            transaction.connection.execute(sa.text("UPDATE shop_basket SET version = 2"))

            with pytest.raises(ConcurrencyConflict) as caught:
                transaction.commit()

            assert (caught.value.expected, caught.value.found) == (1, 2)


class TestFlushOrder:
    def test_inserts_first_what_others_refer_to(self, storage: SqlStorage) -> None:
        with sent_by(storage.engine) as sent, committed(storage) as transaction:
            transaction.repository(Receipt).add(Receipt(new_id(), "B-1"))
            transaction.repository(Basket).add(Basket("B-1", [line(1, "W-3")]))
            transaction.repository(Ware).add(Ware("W-3"))

        assert [statement.split("(")[0].split()[-1] for statement in sent] == [
            *("shop_ware", "shop_basket", "shop_basket_line", "shop_a_receipt")
        ]

    def test_deletes_last_what_others_refer_to(self, storage: SqlStorage) -> None:
        receipt = Receipt(new_id(), "B-1")
        stored(storage, receipt, Basket("B-1", [line()]))

        with committed(storage) as transaction:
            for kind, identifier in ((Ware, "W-1"), (Basket, "B-1"), (Receipt, receipt.id)):
                transaction.repository(kind).remove(transaction.repository(kind).get(identifier))
            with sent_by(storage.engine) as sent:
                transaction.flush()

        assert [statement.split()[2] for statement in sent] == [
            *("shop_a_receipt", "shop_basket_line", "shop_basket", "shop_ware")
        ]

    def test_deletes_after_updates_have_let_go(self, storage: SqlStorage) -> None:
        stored(storage, Basket("B-1", [line(1, "W-1")]))

        with committed(storage) as transaction:
            transaction.repository(Ware).remove(transaction.repository(Ware).get("W-1"))
            transaction.repository(Basket).get("B-1").lines[0] = line(1, "W-2")

        assert loaded(storage, Ware, "W-1") is None

    class WhenAReferenceIsBroken:
        def test_raises_and_stores_nothing(self, storage: SqlStorage) -> None:
            with pytest.raises(ReferenceViolation):
                stored(storage, Ware("W-3"), Receipt(new_id(), "no basket"))

            assert loaded(storage, Ware, "W-3") is None


class TestCounting:
    def test_includes_what_is_not_written_yet(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            wares = transaction.repository(Ware)
            wares.add(Ware("W-3"))
            wares.add(Ware("W-4"))
            wares.remove(wares.get("W-1"))

            before = wares.count()
            transaction.flush()

            assert (before, wares.count()) == (3, 3)


class TestStreaming:
    def test_goes_through_all_in_the_order_of_their_identifiers(self, storage: SqlStorage) -> None:
        stored(storage, *reversed(baskets(5)))

        with committed(storage) as transaction:
            found = list(transaction.repository(Basket).stream(batch=2))

        assert [basket.id for basket in found] == [basket.id for basket in baskets(5)]
        assert all(quantities(basket) == [1, 2] for basket in found)

    def test_reads_a_batch_and_its_parts_at_a_time(self, storage: SqlStorage) -> None:
        stored(storage, *baskets(5))

        with committed(storage) as transaction, sent_by(storage.engine) as sent:
            stream = iter(transaction.repository(Basket).stream(batch=2))
            next(stream)
            next(stream)

            assert len(sent) == 2
            next(stream)
            assert len(sent) == 3

    def test_does_not_track_what_it_gives(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            for ware in transaction.repository(Ware).stream():
                ware.name = "not written"

            assert list(transaction.tracked()) == []
        assert {ware.name for ware in (loaded(storage, Ware, "W-1"),) if ware} == {"a ware"}

    def test_sees_what_was_added_and_what_that_refers_to(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            transaction.repository(Basket).add(Basket("B-1", [line(1, "W-3")]))
            transaction.repository(Ware).add(Ware("W-3"))

            found = list(transaction.repository(Basket).stream())

        assert [basket.id for basket in found] == ["B-1"]
