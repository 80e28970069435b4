"""Going back to a savepoint: what is in hand gets the state that it had there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

pytest.importorskip("sqlalchemy")

from tests.integration.adapters.sqlalchemy.club_storage import opened_club
from tests.unit.adapters.sqlalchemy.club import Errand, Member, MemberId, Step, Ticket
from tests.unit.adapters.sqlalchemy.sample import committed

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.adapters.sqlalchemy.repository import SqlRepository
from corelib.adapters.sqlalchemy.transaction import SqlTransaction
from corelib.errors import NotFound

ANN = MemberId("chess", 1)
BEN = MemberId("chess", 2)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    with opened_club(tmp_path) as opened:
        with committed(opened) as transaction:
            transaction.repository(Member).add(ann())
            transaction.repository(Errand).add(Errand("E-1", "Shopping", [Step(1, "go"), Step(2, "pay")]))
        yield opened


def ann() -> Member:
    return Member(ANN, "Ann", ["044"], frozenset({"boss"}))


@contextmanager
def savepoint(transaction: SqlTransaction, kind: type[Any]) -> Iterator[SqlRepository[Any]]:
    """Undo what happens within the block, in the database and in the hand of a repository."""
    repository = cast("SqlRepository[Any]", transaction.repository(kind))
    transaction.flush()
    nested = transaction.connection.begin_nested()
    checkpoint = repository.hand.checkpoint()
    yield repository
    nested.rollback()
    repository.hand.return_to(checkpoint)


class TestReturnTo:
    def test_sets_fields_and_collections_back_in_place(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            member = transaction.repository(Member).get(ANN)
            with savepoint(transaction, Member):
                member.name, member.roles = "changed", frozenset({"guard"})
                member.phones.append("079")
                transaction.flush()
                member.phones.append("not flushed")

            assert transaction.repository(Member).get(ANN) is member
            assert (member.name, member.phones, member.roles) == ("Ann", ["044"], frozenset({"boss"}))

    def test_writes_later_changes_as_if_nothing_had_happened(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            member = transaction.repository(Member).get(ANN)
            with savepoint(transaction, Member):
                member.name = "changed"
                transaction.flush()
            member.phones.append("079")

        with committed(storage) as transaction:
            found = transaction.repository(Member).get(ANN)
            assert (found.name, found.phones) == ("Ann", ["044", "079"])

    def test_keeps_changes_from_before(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            member = transaction.repository(Member).get(ANN)
            member.name = "Anna"
            with savepoint(transaction, Member):
                member.name = "changed"

            assert member.name == "Anna"

    def test_sets_recorded_events_back(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            member = transaction.repository(Member).get(ANN)
            member.record("before")
            with savepoint(transaction, Member):
                member.record("since")

            assert list(member.take_events()) == ["before"]

    def test_brings_back_events_that_were_taken_since(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            member = transaction.repository(Member).get(ANN)
            member.record("before")
            with savepoint(transaction, Member):
                member.take_events()

            assert list(member.take_events()) == ["before"]

    class WhenAggregatesWereAddedSince:
        def test_forgets_them(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                with savepoint(transaction, Member) as members:
                    members.add(Member(BEN, "Ben", [], frozenset()))
                    transaction.flush()
                    members.add(Member(MemberId("chess", 3), "Eve", [], frozenset()))

                assert list(transaction.tracked()) == []
                assert transaction.repository(Member).find(BEN) is None

            with committed(storage) as transaction:
                assert transaction.repository(Member).count() == 1

        def test_takes_assigned_identifiers_from_them(self, storage: SqlStorage) -> None:
            ticket, unflushed = Ticket("a"), Ticket("b")

            with committed(storage) as transaction, savepoint(transaction, Ticket) as tickets:
                tickets.add(ticket)
                transaction.flush()
                assert ticket.id is not None
                tickets.add(unflushed)

            assert (ticket.id, unflushed.id) == (None, None)

        def test_leaves_the_identifiers_of_those_that_were_only_loaded(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                transaction.repository(Ticket).add(Ticket("a"))

            with committed(storage) as transaction, savepoint(transaction, Ticket) as tickets:
                [ticket] = tickets.list()
            assert ticket.id is not None

        def test_leaves_identifiers_that_were_assigned_before(self, storage: SqlStorage) -> None:
            ticket = Ticket("a")

            with committed(storage) as transaction:
                transaction.repository(Ticket).add(ticket)
                with savepoint(transaction, Ticket):
                    ticket.title = "changed"

                assert transaction.repository(Ticket).get(ticket.id) is ticket
                assert ticket.title == "a"

    class WhenAggregatesWereRemovedSince:
        @pytest.mark.parametrize("flushed", [True, False])
        def test_has_them_again(self, storage: SqlStorage, flushed: bool) -> None:
            with committed(storage) as transaction:
                member = transaction.repository(Member).get(ANN)
                with savepoint(transaction, Member) as members:
                    members.remove(member)
                    if flushed:
                        transaction.flush()

                assert transaction.repository(Member).get(ANN) is member
                assert list(transaction.tracked()) == [member]

            with committed(storage) as transaction:
                assert transaction.repository(Member).get(ANN).phones == ["044"]

        def test_takes_the_mark_of_the_removed_away(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                errand = transaction.repository(Errand).get("E-1")
                with savepoint(transaction, Errand) as errands:
                    errands.remove(errand)
                    transaction.flush()
                    assert errand.removed_at is not None

                assert errand.removed_at is None
                assert transaction.repository(Errand).get("E-1") is errand

    class WhenAggregatesWereRemovedBefore:
        def test_leaves_them_removed(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                errands = transaction.repository(Errand)
                errand = errands.get("E-1")
                errands.remove(errand)
                with savepoint(transaction, Errand):
                    errands.restore("E-1")
                    transaction.flush()

                with pytest.raises(NotFound):
                    errands.get("E-1")
                assert errand.removed_at is not None
                assert errands.restore("E-1") is errand

            with committed(storage) as transaction:
                assert len(transaction.repository(Errand).get("E-1").steps) == 2

        def test_remembers_them_for_their_events(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                member = transaction.repository(Member).get(ANN)
                transaction.repository(Member).remove(member)
                with savepoint(transaction, Member):
                    pass

                assert list(transaction.tracked()) == [member]

    class WhenPartsAreEntities:
        def test_sets_them_back_with_their_order(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                errand = transaction.repository(Errand).get("E-1")
                with savepoint(transaction, Errand):
                    errand.steps[0].done = True
                    errand.steps.reverse()
                    transaction.flush()

                assert errand.steps == [Step(1, "go"), Step(2, "pay")]
                errand.steps.append(Step(3, "rest"))

            with committed(storage) as transaction:
                assert [step.number for step in transaction.repository(Errand).get("E-1").steps] == [1, 2, 3]
