from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from attrs import define, field, frozen

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.adapters.memory.transaction import MemoryTransaction
from corelib.application.context import use_context
from corelib.domain.aggregate import Aggregate
from corelib.domain.constraint import Constraint, LongestText, NotNull, Reference, Unique
from corelib.domain.context import Context
from corelib.domain.event import RecordedEvent
from corelib.domain.fields import assigned_field, created_at_field, removal_field, tenant_field
from corelib.domain.identifiers import new_id
from corelib.domain.job import NewJob
from corelib.domain.specification import where
from corelib.errors import (
    AlreadyExists,
    ConcurrencyConflict,
    IntegrityViolation,
    InvalidData,
    MisuseError,
    ReferenceViolation,
    RowLocked,
    TransientFailure,
    UnitOfWorkClosed,
)
from corelib.ports.repository import Locking
from corelib.ports.storage import Isolation, Terms


@frozen
class Renamed:
    name: str


@define(eq=False)
class Shelf(Aggregate):
    id: str
    name: str = ""


@define(eq=False)
class Book(Aggregate):
    id: str
    title: str | None = None
    shelf_id: str | None = None
    tags: list[str] = field(factory=list)

    def rename(self, title: str) -> None:
        self.title = title
        self.record(Renamed(title))


@define(eq=False)
class Ticket:
    title: str = ""
    id: int | None = assigned_field()


@frozen(eq=False)
class Leaf:
    id: str
    made_at: datetime | None = created_at_field()
    gone_at: datetime | None = removal_field()


@frozen
class Place:
    shelf: str
    number: int


@define(eq=False)
class Slot:
    id: Place


@define(eq=False)
class Note:
    id: str
    tenant: str | None = tenant_field()


def storage(*constraints: Constraint) -> MemoryStorage:
    return MemoryStorage(ManualClock(), constraints=constraints)


def stored(store: MemoryStorage, *aggregates: Shelf | Book) -> None:
    begun = store.begin()
    for aggregate in aggregates:
        begun.repository(type(aggregate)).add(aggregate)
    begun.commit()


def renamed(store: MemoryStorage, identifier: str, title: str) -> None:
    begun = store.begin()
    begun.repository(Book).get(identifier).title = title
    begun.commit()


def titles(store: MemoryStorage) -> list[str | None]:
    return [book.title for book in store.begin().repository(Book).list()]


class TestMemoryTransaction:
    class WhenItIsReadOnly:
        @pytest.fixture
        def begun(self) -> MemoryTransaction:
            store = storage()
            stored(store, Book("1"))
            return store.begin(Terms(read_only=True))

        def test_reads(self, begun: MemoryTransaction) -> None:
            assert begun.repository(Book).get("1").id == "1"
            assert begun.repository(Book).count() == 1
            begun.commit()

        @pytest.mark.parametrize(
            "write",
            [
                lambda begun: begun.repository(Book).add(Book("2")),
                lambda begun: setattr(begun.repository(Book).get("1"), "title", "new"),
                lambda begun: begun.repository(Book).remove(begun.repository(Book).get("1")),
                lambda begun: begun.repository(Book).upsert_many([Book("1")]),
                lambda begun: begun.repository(Book).update_where(None, {"title": "new"}),
                lambda begun: begun.repository(Book).remove_where(None),
                lambda begun: begun.remember("key"),
                lambda begun: begun.add_jobs([NewJob(new_id(), "n", "q", "{}", Context("c"))]),
                lambda begun: begun.add_events([RecordedEvent(new_id(), "n", "{}", Context("c"), ManualClock().now())]),
            ],
        )
        def test_refuses_to_write(self, begun: MemoryTransaction, write: Callable[[MemoryTransaction], object]) -> None:
            def write_and_flush() -> None:
                write(begun)
                begun.flush()

            with pytest.raises(MisuseError, match="read-only"):
                write_and_flush()

    class WhenItReadsASnapshot:
        def test_sees_what_was_committed_when_it_was_first_used(self) -> None:
            store = storage()
            stored(store, Book("1", "before"))
            begun = store.begin(Terms(isolation=Isolation.SNAPSHOT))
            renamed(store, "1", "between begin and first use")
            books = begun.repository(Book)

            assert books.count() == 1
            renamed(store, "1", "after")
            stored(store, Book("2"))

            assert [book.title for book in books.list()] == ["between begin and first use"]
            assert books.find("2") is None

        def test_sees_what_it_has_written_itself(self) -> None:
            store = storage()
            stored(store, Book("1", "before"), Book("2"))
            begun = store.begin(Terms(isolation=Isolation.SNAPSHOT))
            books = begun.repository(Book)

            books.get("1").title = "mine"
            books.remove(books.get("2"))
            books.add(Book("3", "new"))

            assert [book.title for book in books.list()] == ["mine", "new"]

        def test_lets_the_first_committer_win(self) -> None:
            store = storage()
            stored(store, Book("1", "before"))
            begun = store.begin(Terms(isolation=Isolation.SNAPSHOT))
            begun.repository(Book).get("1").title = "second"
            renamed(store, "1", "first")

            with pytest.raises(TransientFailure):
                begun.commit()

            assert titles(store) == ["first"]

        def test_refuses_to_lock_what_others_have_changed(self) -> None:
            store = storage()
            stored(store, Book("1"))
            begun = store.begin(Terms(isolation=Isolation.SNAPSHOT))
            begun.repository(Book).count()
            renamed(store, "1", "first")

            with pytest.raises(TransientFailure):
                begun.repository(Book).get("1", lock=Locking.WAIT)

        def test_says_that_an_identifier_is_taken_by_then(self) -> None:
            store = storage()
            begun = store.begin(Terms(isolation=Isolation.SNAPSHOT))
            assert begun.repository(Book).find("1") is None
            stored(store, Book("1"))
            begun.repository(Book).add(Book("1"))

            with pytest.raises(AlreadyExists):
                begun.commit()

        def test_lets_two_through_who_change_different_aggregates_by_what_both_have_read(self) -> None:
            store = storage()
            stored(store, Book("1", "on call"), Book("2", "on call"))

            outcome = write_skew(store, Isolation.SNAPSHOT)

            assert outcome == ["committed", "committed"]
            assert titles(store) == ["off", "off"]

    class WhenItIsSerializable:
        @pytest.mark.parametrize("by_query", [True, False])
        def test_lets_one_of_two_through_who_depend_on_what_the_other_changes(self, by_query: bool) -> None:
            store = storage()
            stored(store, Book("1", "on call"), Book("2", "on call"))

            outcome = write_skew(store, Isolation.SERIALIZABLE, by_query=by_query)

            assert outcome == ["committed", "given up"]
            assert titles(store) == ["off", "on call"]

        def test_notices_what_was_missing_before(self) -> None:
            store = storage()
            begun = store.begin(Terms(isolation=Isolation.SERIALIZABLE))
            assert begun.repository(Book).find("1") is None
            begun.repository(Shelf).add(Shelf("no such book"))
            stored(store, Book("1"))

            with pytest.raises(TransientFailure):
                begun.commit()

        def test_lets_readers_through(self) -> None:
            store = storage()
            stored(store, Book("1", "before"))
            begun = store.begin(Terms(isolation=Isolation.SERIALIZABLE))
            assert begun.repository(Book).get("1").title == "before"
            renamed(store, "1", "after")

            begun.commit()

        def test_does_not_mind_what_it_has_not_read(self) -> None:
            store = storage()
            stored(store, Book("1"), Book("2"))
            begun = store.begin(Terms(isolation=Isolation.SERIALIZABLE))
            begun.repository(Book).get("1").title = "mine"
            renamed(store, "2", "other")

            begun.commit()

            assert titles(store) == ["mine", "other"]

    class WhenItGoesBackToASavepoint:
        def test_sets_fields_lists_and_events_back_in_place(self) -> None:
            store = storage()
            stored(store, Book("1", "before", tags=["a"]))
            begun = store.begin()
            book = begun.repository(Book).get("1")
            book.rename("kept")
            tags = book.tags
            savepoint = begun.savepoint()
            book.rename("undone")
            book.tags.append("b")
            book.tags = ["c"]

            savepoint.rollback()

            assert (book.title, book.tags, book.take_events()) == ("kept", ["a"], (Renamed("kept"),))
            assert book.tags is tags
            begun.commit()
            assert titles(store) == ["kept"]

        def test_gives_events_back_that_were_taken(self) -> None:
            store = storage()
            begun = store.begin()
            book = Book("1")
            begun.repository(Book).add(book)
            book.rename("new")
            savepoint = begun.savepoint()
            book.take_events()

            savepoint.rollback()

            assert book.take_events() == (Renamed("new"),)

        def test_has_those_in_hand_no_more_that_came_since(self) -> None:
            store = storage()
            stored(store, Book("1", "first"), Book("2", "second"))
            begun = store.begin()
            books = begun.repository(Book)
            early = books.get("1")
            savepoint = begun.savepoint()
            late = books.get("2")
            books.add(Book("3"))
            begun.repository(Shelf).add(Shelf("1"))
            begun.flush()

            savepoint.rollback()

            assert books.get("1") is early
            assert books.get("2") is not late
            assert books.find("3") is None
            assert begun.repository(Shelf).count() == 0

        @pytest.mark.parametrize("flushed", [True, False])
        def test_has_those_in_hand_again_that_were_removed_since(self, flushed: bool) -> None:
            store = storage()
            stored(store, Book("1", "first"))
            begun = store.begin()
            books = begun.repository(Book)
            book = books.get("1")
            savepoint = begun.savepoint()
            books.remove(book)
            if flushed:
                begun.flush()

            savepoint.rollback()

            assert books.get("1") is book
            begun.commit()
            assert titles(store) == ["first"]

        def test_can_be_used_again_after_an_error_of_the_store(self) -> None:
            store = storage(Unique(Book, "title"))
            stored(store, Book("1", "taken"))
            begun = store.begin()
            begun.repository(Book).add(Book("2", "free"))
            savepoint = begun.savepoint()
            begun.repository(Book).add(Book("3", "taken"))
            with pytest.raises(AlreadyExists):
                begun.flush()
            with pytest.raises(UnitOfWorkClosed):
                begun.repository(Book).count()

            savepoint.rollback()

            assert begun.repository(Book).count() == 2
            begun.commit()
            assert titles(store) == ["taken", "free"]

        def test_can_do_so_twice_and_from_inner_to_outer(self) -> None:
            store = storage()
            begun = store.begin()
            book = Book("1", "a")
            begun.repository(Book).add(book)
            outer = begun.savepoint()
            book.title = "b"
            inner = begun.savepoint()
            book.title = "c"

            inner.rollback()
            assert book.title == "b"
            inner.rollback()
            assert book.title == "b"
            outer.rollback()
            assert book.title == "a"
            begun.commit()

            assert titles(store) == ["a"]

        def test_forgets_jobs_events_and_keys_since(self) -> None:
            store = storage()
            begun = store.begin()
            begun.remember("kept")
            savepoint = begun.savepoint()
            begun.add_jobs([NewJob(new_id(), "n", "q", "{}", Context("c"))])
            begun.add_events([RecordedEvent(new_id(), "n", "{}", Context("c"), ManualClock().now())])
            begun.remember("undone")

            savepoint.rollback()
            begun.commit()

            assert (list(store.jobs.list()), list(store.events())) == ([], [])
            assert (store.remembers("kept"), store.remembers("undone")) == (True, False)

        def test_knows_again_who_has_which_value(self) -> None:
            store = storage(Unique(Book, "title"))
            begun = store.begin()
            book = Book("1", "mine")
            begun.repository(Book).add(book)
            savepoint = begun.savepoint()
            book.title = "other"
            begun.flush()
            begun.repository(Book).add(Book("2", "mine"))
            begun.flush()
            savepoint.rollback()

            begun.repository(Book).add(Book("3", "mine"))

            with pytest.raises(AlreadyExists):
                begun.flush()

        def test_keeps_what_happened_since_if_it_is_released(self) -> None:
            store = storage()
            begun = store.begin()
            savepoint = begun.savepoint()
            begun.repository(Book).add(Book("1", "kept"))

            savepoint.release()
            begun.commit()

            assert titles(store) == ["kept"]

        def test_is_refused_when_the_transaction_has_ended(self) -> None:
            begun = storage().begin()
            savepoint = begun.savepoint()
            begun.rollback()

            with pytest.raises(UnitOfWorkClosed):
                savepoint.rollback()

    class WhenTheStoreHasRefusedAStatement:
        def test_cannot_be_used_and_names_the_first_error(self) -> None:
            store = storage(LongestText(Shelf, "name", 3))
            begun = store.begin()
            begun.repository(Shelf).add(Shelf("1", "much too long"))
            with pytest.raises(InvalidData) as first:
                begun.flush()

            for use in (
                lambda: begun.repository(Shelf).get("1"),
                lambda: begun.repository(Shelf).add(Shelf("2")),
                lambda: begun.repository(Shelf).list(),
                begun.savepoint,
                lambda: begun.remember("key"),
                begun.commit,
            ):
                with pytest.raises(UnitOfWorkClosed) as closed:
                    use()
                if use is not begun.commit:
                    assert closed.value.__cause__ is first.value

        def test_can_go_on_after_errors_that_are_no_refusal(self) -> None:
            store = storage()
            begun = store.begin()
            begun.repository(Book).add(Book("1"))

            with pytest.raises(AlreadyExists):
                begun.repository(Book).add(Book("1"))
            with pytest.raises(MisuseError):
                begun.repository(Book).list(where("no_such_field") == 1)
            begun.commit()

            assert titles(store) == [None]

    class WhenItHasEnded:
        def test_cannot_be_used(self) -> None:
            store = storage()
            stored(store, Book("1"), Book("2"))
            begun = store.begin()
            books = begun.repository(Book)
            stream = books.stream(batch=1)
            next(stream)
            begun.commit()

            for use in (lambda: books.get("1"), books.count, lambda: next(stream), begun.flush, begun.commit):
                with pytest.raises(UnitOfWorkClosed, match="has ended"):
                    use()

    class WhenItRemembersAKey:
        def test_is_remembered_with_the_commit(self) -> None:
            store = storage()
            begun = store.begin()
            begun.remember("key")
            assert not store.remembers("key")

            begun.commit()

            assert store.remembers("key")

        def test_is_forgotten_without_it(self) -> None:
            store = storage()
            begun = store.begin()
            begun.remember("key")

            begun.rollback()

            assert not store.remembers("key")

        def test_is_refused_if_another_has_stored_it(self) -> None:
            store = storage()
            first, second, third = store.begin(), store.begin(), store.begin()
            second.remember("key")
            first.remember("key")
            first.commit()

            with pytest.raises(AlreadyExists, match="idempotency key"):
                second.commit()
            with pytest.raises(AlreadyExists):
                third.remember("key")

        def test_is_refused_twice_and_if_it_is_too_long(self) -> None:
            store = storage()
            begun, other = store.begin(), store.begin()
            begun.remember("k" * 200)

            with pytest.raises(AlreadyExists):
                begun.remember("k" * 200)
            with pytest.raises(InvalidData):
                other.remember("k" * 201)

    class WhenAnotherOfTheSameThreadHoldsALock:
        def test_is_refused_at_once_since_it_would_wait_for_ever(self) -> None:
            store = storage()
            stored(store, Book("1"))
            holder, begun = store.begin(), store.begin(Terms(lock_timeout=timedelta(days=1)))
            holder.repository(Book).get("1", lock=Locking.WAIT)

            with pytest.raises(RowLocked, match="of the same thread"):
                begun.repository(Book).get("1", lock=Locking.WAIT)

    class WhenAnAggregateInHandIsStale:
        def test_is_a_conflict_also_after_a_change_by_specification(self) -> None:
            store = storage()
            stored(store, Book("1", "before"))
            begun = store.begin()
            begun.repository(Book).get("1").tags.append("mine")
            other = store.begin()
            other.repository(Book).get("1").title = "theirs"
            other.commit()

            with pytest.raises(ConcurrencyConflict):
                begun.repository(Book).update_where(None, {"shelf_id": None})

        def test_stays_stale_if_only_the_specification_changes_it(self) -> None:
            store = storage()
            stored(store, Book("1", "before"))
            begun = store.begin()
            book = begun.repository(Book).get("1")
            renamed(store, "1", "theirs")
            begun.repository(Book).update_where(None, {"shelf_id": "S"})

            assert book.shelf_id == "S"
            with pytest.raises(ConcurrencyConflict):
                begun.commit()


class TestMemoryRepository:
    class WhenTheStoreAssignsIdentifiers:
        def test_cannot_store_what_has_none_over_something(self) -> None:
            begun = storage().begin()

            with pytest.raises(MisuseError, match="can only be added"):
                begun.repository(Ticket).upsert_many([Ticket()])

        def test_refuses_an_identifier_that_somebody_else_has_set(self) -> None:
            begun = storage().begin()
            ticket = Ticket()
            begun.repository(Ticket).add(ticket)
            ticket.id = 7

            with pytest.raises(MisuseError, match="was changed from None"):
                begun.flush()

        def test_never_assigns_one_twice(self) -> None:
            store = storage()
            first, second = Ticket(), Ticket()
            begun = store.begin()
            begun.repository(Ticket).add(first)
            begun.flush()
            begun.rollback()

            begun = store.begin()
            begun.repository(Ticket).add(second)
            begun.commit()

            assert (first.id, second.id) == (1, 2)

    class WhenAnAggregateIsFrozen:
        def test_is_stamped_and_removed_like_any_other(self) -> None:
            store = storage()
            begun = store.begin()
            begun.repository(Leaf).add(Leaf("1"))
            begun.commit()
            begun = store.begin()
            leaves = begun.repository(Leaf)

            leaves.remove(leaves.get("1"))
            begun.commit()

            (leaf,) = store.begin().repository(Leaf).list_removed()
            assert (leaf.made_at, leaf.gone_at) == (ManualClock().now(), ManualClock().now())

    class WhenTheIdentifierIsComposite:
        def test_sorts_and_turns_pages_by_its_fields(self) -> None:
            store = storage()
            begun = store.begin()
            slots = begun.repository(Slot)
            slots.add_many(Slot(Place(shelf, number)) for shelf, number in [("b", 1), ("a", 10), ("a", 9)])

            first = slots.page_after(size=2)
            second = slots.page_after(first.next, size=2)

            assert [slot.id for slot in first.items] == [Place("a", 9), Place("a", 10)]
            assert [slot.id for slot in second.items] == [Place("b", 1)]
            assert slots.get(Place("a", 9)).id == Place("a", 9)

    class WhenTheContextHasChanged:
        def test_cannot_remove_what_belongs_to_another_tenant(self) -> None:
            begun = storage().begin()
            note = Note("1")
            with use_context(Context("c", tenant="one")):
                begun.repository(Note).add(note)

            with use_context(Context("c", tenant="two")), pytest.raises(MisuseError):
                begun.repository(Note).remove(note)


class TestConstraints:
    class WhenValuesAreUnique:
        @pytest.fixture
        def store(self) -> MemoryStorage:
            store = storage(Unique(Book, "title", "shelf_id"))
            stored(store, Book("1", "a", "S"), Book("2", "a", None), Book("3", None, "S"))
            return store

        @pytest.mark.parametrize("book", [Book("4", "a", "T"), Book("4", "a", None), Book("4", None, "S")])
        def test_takes_others_and_missing_ones(self, store: MemoryStorage, book: Book) -> None:
            stored(store, book)

            assert len(titles(store)) == 4

        def test_refuses_the_same(self, store: MemoryStorage) -> None:
            with pytest.raises(AlreadyExists, match="Book with the same title and shelf_id"):
                stored(store, Book("4", "a", "S"))

        def test_refuses_the_same_within_one_transaction(self, store: MemoryStorage) -> None:
            with pytest.raises(AlreadyExists):
                stored(store, Book("4", "b", "S"), Book("5", "b", "S"))

        def test_refuses_what_another_has_committed_after_the_flush(self, store: MemoryStorage) -> None:
            begun = store.begin()
            begun.repository(Book).add(Book("4", "b", "S"))
            begun.flush()
            stored(store, Book("5", "b", "S"))

            with pytest.raises(AlreadyExists):
                begun.commit()

            assert store.begin().repository(Book).find("4") is None

        def test_takes_what_was_given_up(self, store: MemoryStorage) -> None:
            begun = store.begin()
            begun.repository(Book).remove(begun.repository(Book).get("1"))
            begun.flush()
            begun.repository(Book).add(Book("4", "a", "S"))
            begun.commit()
            renamed(store, "4", "b")

            stored(store, Book("5", "a", "S"))

            assert len(titles(store)) == 4

        def test_refuses_values_that_are_given_up_later_in_the_same_flush(self, store: MemoryStorage) -> None:
            begun = store.begin()
            begun.repository(Book).get("1").title = "b"
            begun.repository(Book).add(Book("4", "a", "S"))

            with pytest.raises(AlreadyExists):
                begun.flush()

        def test_does_not_count_itself(self, store: MemoryStorage) -> None:
            begun = store.begin()
            begun.repository(Book).get("1").tags.append("x")

            begun.commit()

    class WhenAFieldRefersToAnAggregate:
        @pytest.fixture
        def store(self) -> MemoryStorage:
            store = storage(Reference(Book, "shelf_id", Shelf))
            stored(store, Shelf("S"), Book("1", shelf_id="S"))
            return store

        def test_takes_none_and_what_is_there(self, store: MemoryStorage) -> None:
            stored(store, Book("2"), Book("3", shelf_id="S"), Book("4", shelf_id="T"), Shelf("T"))

        def test_refuses_what_is_not_there(self, store: MemoryStorage) -> None:
            with pytest.raises(ReferenceViolation, match="refers to the Shelf 'T', which is not there"):
                stored(store, Book("2", shelf_id="T"))

        def test_refuses_to_remove_what_is_referred_to(self, store: MemoryStorage) -> None:
            with pytest.raises(ReferenceViolation, match=r"Book\.shelf_id refers to it"):
                store.begin().repository(Shelf).remove_where(None)

        def test_refuses_to_remove_what_this_transaction_refers_to(self, store: MemoryStorage) -> None:
            stored(store, Shelf("T"))
            begun = store.begin()
            begun.repository(Book).add(Book("2", shelf_id="T"))

            with pytest.raises(ReferenceViolation):
                begun.repository(Shelf).remove_where(where("id") == "T")

        def test_lets_it_be_removed_together_with_what_refers_to_it(self, store: MemoryStorage) -> None:
            begun = store.begin()
            begun.repository(Book).remove(begun.repository(Book).get("1"))
            begun.repository(Shelf).remove(begun.repository(Shelf).get("S"))

            begun.commit()

            assert store.begin().repository(Shelf).count() == 0

        def test_refuses_a_reference_to_what_another_has_removed_after_the_flush(self, store: MemoryStorage) -> None:
            stored(store, Shelf("T"))
            begun = store.begin()
            begun.repository(Book).add(Book("2", shelf_id="T"))
            begun.flush()
            other = store.begin()
            other.repository(Shelf).remove_where(where("id") == "T")
            other.commit()

            with pytest.raises(ReferenceViolation):
                begun.commit()

    class WhenAValueIsMissingOrTooLong:
        @pytest.mark.parametrize(
            ("rule", "book", "message"),
            [
                (NotNull(Book, "id", "title"), Book("1"), r"Book\.title is None"),
                (LongestText(Book, "title", 3), Book("1", "long"), "has 4 characters, 3 are allowed"),
            ],
        )
        def test_refuses_it(self, rule: Constraint, book: Book, message: str) -> None:
            with pytest.raises(InvalidData, match=message):
                stored(storage(rule), book)

        @pytest.mark.parametrize("rule", [NotNull(Book, "title"), LongestText(Book, "title", 3)])
        def test_takes_others(self, rule: Constraint) -> None:
            store = storage(rule)

            stored(store, Book("1", "\U0001f9ea" * 3))

            assert len(titles(store)) == 1

        def test_takes_a_missing_text(self) -> None:
            stored(storage(LongestText(Book, "title", 3)), Book("1"))

    class WhenSomethingIsRefused:
        def test_is_an_integrity_violation_and_stores_nothing(self) -> None:
            store = storage(Unique(Book, "title"))

            with pytest.raises(IntegrityViolation):
                stored(store, Shelf(uuid4().hex), Book("1", "a"), Book("2", "a"))

            assert store.begin().repository(Shelf).count() == 0


def write_skew(store: MemoryStorage, isolation: Isolation, *, by_query: bool = True) -> list[str]:
    """Have two transactions each take one of two off call, as long as the other one is; return how they end."""
    pair = [store.begin(Terms(isolation=isolation)) for _ in range(2)]
    for begun in pair:
        books = begun.repository(Book)
        if by_query:
            assert books.count(where("title") == "on call") == 2
        else:
            assert [books.get(identifier).title for identifier in ("1", "2")] == ["on call"] * 2
    outcome = []
    for begun, identifier in zip(pair, ("1", "2"), strict=True):
        begun.repository(Book).get(identifier).title = "off"
        try:
            begun.commit()
        except TransientFailure:
            outcome.append("given up")
        else:
            outcome.append("committed")
    return outcome
