"""The contract of `corelib.ports.repository.Repository` about many aggregates at once."""
# ruff: noqa: D102, D106, PT012 - test names are the sentences; any statement of a unit of work may raise, commit at the latest

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import pytest

from corelib.domain.identifiers import new_id
from corelib.domain.specification import Specification, where
from corelib.errors import (
    AlreadyExists,
    ConcurrencyConflict,
    InvalidSpecification,
    MisuseError,
    NotFound,
    ReferenceViolation,
)
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, Work
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import (
    Currency,
    Depot,
    Parcel,
    Price,
    Status,
    a_depot,
    a_parcel,
    an_item,
    contents,
)

MASS = 10_000
"""More aggregates than SQL Server takes parameters (2,100), or rows in one VALUES (1,000)."""


class BulkContract(StoreContract):
    """Many aggregates in one call, loaded or not."""

    port: ClassVar[str] = "Repository"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenManyAreAdded:
        def test_stores_each_with_its_parts(self, work: Work) -> None:
            parcels = [a_parcel(items=[an_item() for _ in range(count)]) for count in (0, 1, 2)]

            with work.unit() as uow:
                uow.repository(Parcel).add_many(iter(parcels))
                uow.commit()

            assert [work.sees(parcel) for parcel in parcels] == [contents(parcel) for parcel in parcels]

        def test_has_them_in_hand(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add_many([parcel])
                parcel.note = "changed afterwards"

                assert uow.repository(Parcel).get(parcel.id) is parcel
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

        def test_stores_nothing_if_one_is_there_already(self, work: Work) -> None:
            stored, other = a_parcel(), a_parcel()
            work.stores(stored)

            with pytest.raises(AlreadyExists), work.unit() as uow:
                uow.repository(Parcel).add_many([other, a_parcel(id=stored.id)])
                uow.commit()

            assert work.sees(other) is None

        def test_takes_none(self, work: Work) -> None:
            with work.unit() as uow:
                uow.repository(Parcel).add_many([])
                uow.commit()

            assert count(work) == 0

        def test_takes_ten_thousand(self, work: Work) -> None:
            with work.unit() as uow:
                uow.repository(Parcel).add_many(a_parcel() for _ in range(MASS))
                uow.commit()

            assert count(work) == MASS

    class WhenManyAreGot:
        def test_returns_each_once_in_the_order_asked(self, work: Work) -> None:
            first, second = a_parcel(items=[an_item()]), a_parcel()
            work.stores(first, second)

            with work.unit() as uow:
                found = uow.repository(Parcel).get_many([second.id, first.id, second.id])

            assert [contents(parcel) for parcel in found] == [contents(second), contents(first)]

        def test_returns_those_in_hand(self, work: Work) -> None:
            stored, added = a_parcel(), a_parcel()
            work.stores(stored)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                loaded = parcels.get(stored.id)
                parcels.add(added)

                found = parcels.get_many([added.id, stored.id])

            assert found[0] is added
            assert found[1] is loaded

        def test_names_the_first_that_is_missing(self, work: Work) -> None:
            parcel, missing, further = a_parcel(), new_id(), new_id()
            work.stores(parcel)

            with work.unit() as uow, pytest.raises(NotFound) as raised:
                uow.repository(Parcel).get_many([parcel.id, missing, further])

            assert (raised.value.kind, raised.value.identifier) == ("Parcel", missing)

        def test_misses_what_was_removed_here(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.remove(parcels.get(parcel.id))

                with pytest.raises(NotFound):
                    parcels.get_many([parcel.id])

        def test_returns_none_for_no_identifiers(self, work: Work) -> None:
            with work.unit() as uow:
                assert list(uow.repository(Parcel).get_many([])) == []

        def test_takes_ten_thousand_identifiers(self, work: Work) -> None:
            parcels = [a_parcel() for _ in range(MASS)]
            with work.unit() as uow:
                uow.repository(Parcel).add_many(parcels)
                uow.commit()

            with work.unit() as uow:
                found = uow.repository(Parcel).get_many([parcel.id for parcel in parcels])

            assert [parcel.id for parcel in found] == [parcel.id for parcel in parcels]

    class WhenManyAreStoredWhetherOrNotTheyAreThere:
        def test_adds_those_that_are_not(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item(), an_item()], note="new")

            upsert(work, parcel)

            assert work.sees(parcel) == contents(parcel)

        @pytest.mark.parametrize("counts", [(2, 1), (1, 3), (2, 0), (0, 1), (2, 2)], ids=str)
        def test_replaces_those_that_are_with_all_their_parts(self, work: Work, counts: tuple[int, int]) -> None:
            before, after = ([an_item() for _ in range(count)] for count in counts)
            old = a_parcel(items=before, note="old", depot_id=None)
            work.stores(old)
            new = a_parcel(id=old.id, items=after, note=None, status=Status.SENT, price=Price(Decimal(1), Currency.EUR))

            upsert(work, new)

            assert work.sees(old) == contents(new)

        def test_does_both_in_one_call_and_leaves_others_as_they_are(self, work: Work) -> None:
            there, other, new = a_parcel(items=[an_item()]), a_parcel(items=[an_item()]), a_parcel(items=[an_item()])
            work.stores(there, other)
            changed = a_parcel(id=there.id, label=there.label, note="changed")

            upsert(work, new, changed)

            assert work.sees(there) == contents(changed)
            assert work.sees(new) == contents(new)
            assert work.sees(other) == contents(other)

        def test_stores_the_later_of_two_with_the_same_identifier(self, work: Work) -> None:
            first = a_parcel(items=[an_item(), an_item()], note="first")
            second = a_parcel(id=first.id, items=[an_item()], note="second")

            upsert(work, first, second)

            assert work.sees(first) == contents(second)

        def test_happens_at_once_within_the_unit_of_work(self, work: Work) -> None:
            parcel = a_parcel(note="here")

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.upsert_many([parcel])

                assert parcels.count() == 1
                assert [found.id for found in parcels.list(where("note") == "here")] == [parcel.id]

        def test_does_not_have_them_in_hand(self, work: Work) -> None:
            parcel = a_parcel(note="stored")

            with work.unit() as uow:
                uow.repository(Parcel).upsert_many([parcel])
                parcel.note = "changed afterwards"
                loaded = uow.repository(Parcel).get(parcel.id)
                uow.commit()

            assert loaded is not parcel
            assert loaded.note == "stored"
            assert (work.sees(parcel) or {})["note"] == "stored"

        def test_finds_those_that_were_looked_for_in_vain(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                assert parcels.find(parcel.id) is None
                parcels.upsert_many([parcel])

                assert parcels.get(parcel.id).label == parcel.label

        def test_stores_nothing_without_commit(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).upsert_many([parcel])

            assert work.sees(parcel) is None

        def test_takes_their_events_on_commit(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            parcel.send()

            upsert(work, parcel)

            assert [event.name for event in storage.events()] == ["ParcelSent"]
            assert parcel.take_events() == ()

        @pytest.mark.parametrize("added", [False, True], ids=["loaded", "added"])
        def test_refuses_one_that_is_in_hand(self, work: Work, added: bool) -> None:  # noqa: FBT001 - a parameter
            parcel = a_parcel()
            if not added:
                work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                if added:
                    parcels.add(parcel)
                in_hand = parcels.get(parcel.id)

                with pytest.raises(MisuseError):
                    parcels.upsert_many([a_parcel(), in_hand])

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_gives_an_older_unit_of_work_a_conflict(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "older"
                upsert(work, a_parcel(id=parcel.id, label=parcel.label, note="mass data"))
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.commit()

            assert (conflict.value.expected, conflict.value.found) == (1, 2)

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_counts_one_version_for_two_with_the_same_identifier(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "older"
                upsert(work, *(a_parcel(id=parcel.id, label=parcel.label, note=note) for note in ("first", "second")))
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.commit()

            assert (conflict.value.expected, conflict.value.found) == (1, 2)

        def test_takes_none(self, work: Work) -> None:
            upsert(work)

            assert count(work) == 0

        def test_takes_ten_thousand(self, work: Work) -> None:
            parcels = [a_parcel(note="old") for _ in range(MASS)]
            upsert(work, *parcels[: MASS // 2])
            for parcel in parcels:
                parcel.note = "new"

            upsert(work, *parcels)

            assert count(work, where("note") == "new") == MASS

        @needs(Capability.CONSTRAINTS)
        def test_refuses_what_breaks_a_constraint(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with pytest.raises(AlreadyExists):
                upsert(work, a_parcel(label=parcel.label))
            with pytest.raises(ReferenceViolation):
                upsert(work, a_parcel(depot_id="nowhere"))

            assert count(work) == 1

    class WhenFieldsAreChangedBySpecification:
        @pytest.mark.parametrize(
            ("changes", "expected"),
            [
                ({"note": "changed"}, {"note": "changed"}),
                ({"note": None}, {"note": None}),
                ({"status": Status.SENT}, {"status": Status.SENT}),
                ({"packed_at": datetime(2027, 1, 1, tzinfo=UTC)}, {"packed_at": datetime(2027, 1, 1, tzinfo=UTC)}),
                ({"price.amount": Decimal("3.75")}, {"price": Price(Decimal("3.75"), Currency.EUR)}),
                (
                    {"price.amount": Decimal(7), "price.currency": Currency.CHF, "note": "all"},
                    {"price": Price(Decimal(7), Currency.CHF), "note": "all"},
                ),
            ],
            ids=str,
        )
        def test_changes_those_and_keeps_the_rest_and_the_parts(
            self, work: Work, changes: Mapping[str, object], expected: Mapping[str, object]
        ) -> None:
            parcel = a_parcel(note="ours", price=Price(Decimal("12.50"), Currency.EUR), items=[an_item(), an_item()])
            other = a_parcel(note="other", items=[an_item()])
            work.stores(parcel, other)

            changed = update(work, where("note") == "ours", changes)

            assert changed == 1
            assert work.sees(parcel) == {**contents(parcel), **expected}
            assert work.sees(other) == contents(other)

        def test_returns_how_many_were_changed(self, work: Work) -> None:
            work.stores(*(a_parcel(note=note) for note in ("a", "b", "a", None)))

            assert update(work, where("note") == "a", {"note": "c"}) == 2
            assert update(work, where("note") == "a", {"note": "c"}) == 0
            assert update(work, None, {"note": "all"}) == 4
            assert count(work, where("note") == "all") == 4

        def test_looks_at_parts_as_specifications_do(self, work: Work) -> None:
            heavy = a_parcel(items=[an_item(quantity=9)])
            work.stores(heavy, a_parcel(items=[an_item(quantity=1)]))

            changed = update(work, where("items").any(where("quantity") > 5), {"note": "heavy"})

            assert changed == 1
            assert (work.sees(heavy) or {})["note"] == "heavy"

        def test_includes_what_this_unit_of_work_has_done(self, work: Work) -> None:
            changed, removed, added = a_parcel(note="other"), a_parcel(note="ours"), a_parcel(note="ours")
            work.stores(changed, removed)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(changed.id).note = "ours"
                parcels.remove(parcels.get(removed.id))
                parcels.add(added)

                number = parcels.update_where(where("note") == "ours", {"status": Status.SENT})
                uow.commit()

            assert number == 2
            assert count(work, where("status") == Status.SENT) == 2

        def test_changes_those_in_hand_as_well(self, work: Work) -> None:
            parcel, other = a_parcel(note="ours"), a_parcel(note="other")
            work.stores(parcel, other)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                in_hand, bystander = parcels.get(parcel.id), parcels.get(other.id)
                parcels.update_where(where("note") == "ours", {"note": "new", "price.amount": Decimal(5)})

                assert (in_hand.note, in_hand.price) == ("new", Price(Decimal(5)))
                assert bystander.note == "other"
                assert parcels.get(parcel.id) is in_hand

        def test_lets_those_in_hand_be_changed_further(self, work: Work) -> None:
            parcel = a_parcel(note="ours", items=[an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                in_hand = parcels.get(parcel.id)
                in_hand.status = Status.SENT
                parcels.update_where(where("note") == "ours", {"note": "new"})
                in_hand.items.append(an_item())
                uow.commit()

            assert work.sees(parcel) == {**contents(in_hand)}
            assert (in_hand.note, in_hand.status, len(in_hand.items)) == ("new", Status.SENT, 2)

        def test_is_seen_by_this_unit_of_work_at_once(self, work: Work) -> None:
            parcel = a_parcel(note="ours")
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.update_where(None, {"note": "new"})

                assert parcels.count(where("note") == "new") == 1
                assert parcels.get(parcel.id).note == "new"

        def test_is_undone_without_commit(self, work: Work) -> None:
            parcel = a_parcel(note="ours")
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).update_where(None, {"note": "new"})

            assert work.sees(parcel) == contents(parcel)

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_gives_an_older_unit_of_work_a_conflict(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).label = "older"
                update(work, where("id") == parcel.id, {"note": "changed"})
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.commit()

            assert (conflict.value.expected, conflict.value.found) == (1, 2)

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_writes_those_in_hand_once_with_what_else_changes(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as older:
                older.repository(Parcel).get(parcel.id).note = "older"
                with work.unit() as uow:
                    in_hand = uow.repository(Parcel).get(parcel.id)
                    uow.repository(Parcel).update_where(None, {"note": "changed"})
                    in_hand.status = Status.SENT
                    uow.commit()
                with pytest.raises(ConcurrencyConflict) as conflict:
                    older.commit()

            assert (conflict.value.expected, conflict.value.found) == (1, 2)

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_chooses_those_in_hand_by_what_is_in_hand(self, work: Work) -> None:
            parcel = a_parcel(note="ours")
            work.stores(parcel)

            with work.unit() as uow:
                in_hand = uow.repository(Parcel).get(parcel.id)
                work.changes(parcel.id, "theirs")
                missed = uow.repository(Parcel).update_where(where("note") == "theirs", {"status": Status.SENT})
                uow.commit()

            assert (missed, in_hand.status) == (0, Status.PACKED)
            assert work.sees(parcel) == {**contents(parcel), "note": "theirs"}

        def test_changes_ten_thousand(self, work: Work) -> None:
            with work.unit() as uow:
                uow.repository(Parcel).add_many(a_parcel() for _ in range(MASS))
                uow.commit()

            assert update(work, None, {"note": "changed"}) == MASS

        def test_takes_ten_thousand_identifiers(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel, a_parcel())
            identifiers = [*(new_id() for _ in range(MASS)), parcel.id]

            assert update(work, where("id").one_of(identifiers), {"note": "changed"}) == 1

        @pytest.mark.parametrize(
            "changes",
            [
                {"no_such_field": 1},
                {"id": UUID(int=7)},
                {"note": 1},
                {"label": None},
                {"price.amount": None},
                {"price": Price(Decimal(1))},
                {"items": []},
                {"packed_at": datetime(2026, 1, 1)},  # noqa: DTZ001 - the mistake
            ],
            ids=str,
        )
        def test_refuses_changes_that_do_not_fit(self, work: Work, changes: Mapping[str, object]) -> None:
            with work.unit() as uow, pytest.raises(InvalidSpecification):
                uow.repository(Parcel).update_where(None, changes)

        def test_refuses_a_specification_that_does_not_fit(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(InvalidSpecification):
                uow.repository(Parcel).update_where(where("no_such_field") == 1, {"note": "changed"})

        def test_refuses_to_change_nothing(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(MisuseError):
                uow.repository(Parcel).update_where(None, {})

        @needs(Capability.CONSTRAINTS)
        def test_refuses_what_breaks_a_constraint(self, work: Work) -> None:
            first, second = a_parcel(), a_parcel()
            work.stores(first, second)

            with pytest.raises(AlreadyExists):
                update(work, None, {"label": "the same"})
            with pytest.raises(ReferenceViolation):
                update(work, None, {"depot_id": "nowhere"})

            assert [work.sees(first), work.sees(second)] == [contents(first), contents(second)]

    class WhenAggregatesAreRemovedBySpecification:
        def test_removes_those_with_their_parts(self, work: Work) -> None:
            parcels = [a_parcel(note=note, items=[an_item(), an_item()]) for note in ("a", "b", "a", None)]
            work.stores(*parcels)

            assert remove(work, where("note") == "a") == 2

            assert [work.sees(parcel) for parcel in parcels] == [None, contents(parcels[1]), None, contents(parcels[3])]

        def test_leaves_no_part_to_a_successor(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item(), an_item()])
            work.stores(parcel)
            remove(work, None)
            successor = a_parcel(id=parcel.id, items=[an_item()])

            work.stores(successor)

            assert work.sees(successor) == contents(successor)

        def test_removes_all_without_a_specification(self, work: Work) -> None:
            work.stores(a_parcel(items=[an_item()]), a_parcel(), a_depot())

            assert remove(work, None) == 2
            assert remove(work, None) == 0

            assert count(work) == 0

        @needs(Capability.PARAMETER_TYPES)
        def test_includes_what_this_unit_of_work_has_done(self, work: Work) -> None:
            changed, spared, added = a_parcel(note="other"), a_parcel(note="ours"), a_parcel(note="ours")
            work.stores(changed, spared)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(changed.id).note = "ours"
                parcels.get(spared.id).note = "spared"
                parcels.add(added)

                number = parcels.remove_where(where("note") == "ours")
                uow.commit()

            assert number == 2
            assert [work.sees(changed), work.sees(added)] == [None, None]
            assert (work.sees(spared) or {})["note"] == "spared"

        def test_removes_those_in_hand_as_well(self, work: Work) -> None:
            parcel, other = a_parcel(note="ours", items=[an_item()]), a_parcel(note="other")
            work.stores(parcel, other)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(parcel.id).items.clear()
                parcels.get(other.id)
                parcels.remove_where(where("note") == "ours")

                assert parcels.find(parcel.id) is None
                assert parcels.find(other.id) is not None
                assert parcels.count() == 1
                uow.commit()

            assert work.sees(parcel) is None

        def test_takes_the_events_of_those_in_hand(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(parcel.id).send()
                parcels.remove_where(None)
                uow.commit()

            assert [event.name for event in storage.events()] == ["ParcelSent"]

        def test_is_undone_without_commit(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).remove_where(None)

            assert work.sees(parcel) == contents(parcel)

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_gives_an_older_unit_of_work_a_conflict(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "older"
                remove(work, where("id") == parcel.id)
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.commit()

            assert (conflict.value.expected, conflict.value.found) == (1, None)

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_refuses_to_remove_one_in_hand_that_others_have_changed(self, work: Work) -> None:
            parcel = a_parcel(note="ours")
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id)
                work.changes(parcel.id, "theirs")
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.repository(Parcel).remove_where(None)

            assert (conflict.value.expected, conflict.value.found) == (1, 2)
            assert work.sees(parcel) == {**contents(parcel), "note": "theirs"}

        def test_removes_ten_thousand(self, work: Work) -> None:
            with work.unit() as uow:
                uow.repository(Parcel).add_many(a_parcel() for _ in range(MASS))
                uow.commit()

            assert remove(work, where("status") == Status.PACKED) == MASS

        def test_refuses_a_specification_that_does_not_fit(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(InvalidSpecification):
                uow.repository(Parcel).remove_where(where("no_such_field") == 1)

        @needs(Capability.CONSTRAINTS)
        def test_refuses_to_remove_what_others_refer_to(self, work: Work) -> None:
            depot = a_depot("Bern")
            work.stores(depot, a_depot("Basel"), a_parcel(depot_id=depot.id))

            with work.unit() as uow, pytest.raises(ReferenceViolation):
                uow.repository(Depot, str).remove_where(where("city") == "Bern")

            assert work.sees(depot) == contents(depot)


def upsert(work: Work, *parcels: Parcel) -> None:
    """Store parcels in a unit of work of their own, whether or not they are there."""
    with work.unit() as uow:
        uow.repository(Parcel).upsert_many(iter(parcels))
        uow.commit()


def update(work: Work, specification: Specification | None, changes: Mapping[str, object]) -> int:
    """Change parcels in a unit of work of their own."""
    with work.unit() as uow:
        number = uow.repository(Parcel).update_where(specification, changes)
        uow.commit()
    return number


def remove(work: Work, specification: Specification | None) -> int:
    """Remove parcels in a unit of work of their own."""
    with work.unit() as uow:
        number = uow.repository(Parcel).remove_where(specification)
        uow.commit()
    return number


def count(work: Work, specification: Specification | None = None) -> int:
    """Count parcels in a unit of work of their own."""
    with work.unit() as uow:
        return uow.repository(Parcel).count(specification)
