"""The contract of `corelib.ports.repository.Repository`."""
# ruff: noqa: D102, D106, PT012 - test names are the sentences; any statement of a unit of work may raise, commit at the latest

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import ClassVar

import pytest
from attrs import evolve

from corelib.domain.identifiers import new_id
from corelib.errors import AlreadyExists, MisuseError, NotFound
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, Work
from corelib.testing.contracts.samples import (
    Currency,
    Depot,
    Item,
    Parcel,
    Price,
    Status,
    a_depot,
    a_parcel,
    an_item,
    contents,
)

MANY = 2500
"""More identifiers than SQL Server takes parameters (2,100)."""


class RepositoryContract(StoreContract):
    """The aggregates of one class, as one unit of work sees them and the next one finds them."""

    port: ClassVar[str] = "Repository"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenAnAggregateIsAdded:
        def test_is_the_same_object_in_this_unit_of_work(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.add(parcel)

                assert parcels.get(parcel.id) is parcel
                assert parcels.find(parcel.id) is parcel
                assert parcels.find_many([parcel.id]) == [parcel]

        def test_is_found_by_another_after_the_commit(self, work: Work) -> None:
            parcel = a_parcel()

            work.stores(parcel)

            assert work.sees(parcel) == contents(parcel)

        def test_has_no_events_when_it_is_loaded(self, work: Work) -> None:
            parcel = a_parcel()
            parcel.send()
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)

            assert loaded.take_events() == ()

        def test_takes_identifiers_that_are_text(self, work: Work) -> None:
            depot = a_depot()

            work.stores(depot)

            with work.unit() as uow:
                assert uow.repository(Depot, str).get(depot.id).city == depot.city

        def test_stores_what_changed_after_it_was_added(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                parcel.note = "added to"
                parcel.items.append(an_item())
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

    class WhenAFieldHasAValueThatIsEasilySpoiled:
        @pytest.mark.parametrize(
            "change",
            [
                {"note": "Zoë 李 שלום 🧪"},
                {"note": "  blanks around  "},
                {"note": ""},
                {"note": None},
                {"note": 'it\'s "quoted" % _ \\ \n\t'},
                {"note": "x" * 200},
                {"price": Price(Decimal("0.0001"))},
                {"price": Price(Decimal("99999999999999.9999"), Currency.EUR)},
                {"price": Price(Decimal("-12.5000"))},
                {"packed_at": datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)},
                {"packed_at": datetime(2026, 1, 1, 1, 0, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=45)))},
                {"packed_at": datetime(1900, 2, 28, tzinfo=UTC)},
                {"packed_at": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)},
                {"status": Status.SENT},
            ],
            ids=repr,
        )
        def test_comes_back_equal(self, work: Work, change: dict[str, object]) -> None:
            parcel = a_parcel(**change)

            work.stores(parcel)

            assert work.sees(parcel) == contents(parcel)

        def test_comes_back_with_its_class(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item(weight=Decimal("0.5"))])

            work.stores(parcel)

            seen = work.sees(parcel)
            assert seen is not None
            assert {name: type(value) for name, value in seen.items()} == {
                name: type(value) for name, value in contents(parcel).items()
            }

    class WhenTheIdentifierIsTaken:
        def test_is_refused_on_commit_at_the_latest(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with pytest.raises(AlreadyExists):
                work.stores(a_parcel(id=parcel.id))

        def test_stores_nothing_of_the_unit_of_work(self, work: Work) -> None:
            parcel, other = a_parcel(), a_parcel()
            work.stores(parcel)

            with pytest.raises(AlreadyExists):
                work.stores(other, a_parcel(id=parcel.id))

            assert work.sees(other) is None
            assert work.sees(parcel) == contents(parcel)

        def test_is_refused_within_one_unit_of_work(self, work: Work) -> None:
            parcel = a_parcel()

            with pytest.raises(AlreadyExists):
                work.stores(parcel, a_parcel(id=parcel.id))

            assert work.sees(parcel) is None

        def test_is_refused_beside_the_one_that_was_loaded(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with pytest.raises(AlreadyExists), work.unit() as uow:
                uow.repository(Parcel).get(parcel.id)
                uow.repository(Parcel).add(a_parcel(id=parcel.id))
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

    class WhenNoAggregateHasTheIdentifier:
        def test_get_raises_not_found(self, work: Work) -> None:
            identifier = new_id()

            with work.unit() as uow, pytest.raises(NotFound) as missing:
                uow.repository(Parcel).get(identifier)

            assert (missing.value.kind, missing.value.identifier) == ("Parcel", identifier)

        def test_find_returns_none(self, work: Work) -> None:
            with work.unit() as uow:
                assert uow.repository(Parcel).find(new_id()) is None

    class WhenAnAggregateIsAskedForTwice:
        def test_is_the_same_object(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                first = parcels.get(parcel.id)

                assert parcels.get(parcel.id) is first
                assert parcels.find(parcel.id) is first
                assert parcels.find_many([parcel.id])[0] is first
                assert uow.repository(Parcel).get(parcel.id) is first

        def test_is_the_same_object_when_many_were_asked_for_first(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                (first,) = uow.repository(Parcel).find_many([parcel.id])

                assert uow.repository(Parcel).get(parcel.id) is first

        def test_is_another_object_in_another_unit_of_work(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)

            assert loaded is not parcel

    class WhenManyAreAskedFor:
        def test_returns_those_that_exist_in_the_order_asked(self, work: Work) -> None:
            first, second, third = a_parcel(), a_parcel(), a_parcel()
            work.stores(first, second, third)
            asked = [third.id, new_id(), first.id, second.id]

            with work.unit() as uow:
                found = uow.repository(Parcel).find_many(asked)

            assert [parcel.id for parcel in found] == [third.id, first.id, second.id]

        def test_returns_each_once(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                found = uow.repository(Parcel).find_many([parcel.id, parcel.id])

            assert [entry.id for entry in found] == [parcel.id]

        def test_returns_none_for_no_identifiers(self, work: Work) -> None:
            with work.unit() as uow:
                assert uow.repository(Parcel).find_many([]) == []

        def test_takes_any_number_of_identifiers(self, work: Work) -> None:
            first, last = a_parcel(), a_parcel(items=[an_item()])
            work.stores(first, last)
            asked = [first.id, *(new_id() for _ in range(MANY)), last.id]

            with work.unit() as uow:
                found = uow.repository(Parcel).find_many(asked)

            assert [contents(parcel) for parcel in found] == [contents(first), contents(last)]

        def test_loads_each_with_its_own_parts(self, work: Work) -> None:
            parcels = [a_parcel(items=[an_item() for _ in range(count)]) for count in (2, 0, 1)]
            work.stores(*parcels)

            with work.unit() as uow:
                found = uow.repository(Parcel).find_many([parcel.id for parcel in parcels])

            assert [parcel.items for parcel in found] == [parcel.items for parcel in parcels]

        def test_includes_those_added_here_and_leaves_out_those_removed(self, work: Work) -> None:
            stored, added = a_parcel(), a_parcel()
            work.stores(stored)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.add(added)
                parcels.remove(parcels.get(stored.id))

                assert parcels.find_many([stored.id, added.id]) == [added]

    class WhenALoadedAggregateIsChanged:
        @pytest.mark.parametrize(
            "change",
            [
                {"note": "changed"},
                {"price": Price(Decimal("99.95"), Currency.EUR)},
                {"status": Status.SENT},
                {"packed_at": datetime(2027, 1, 1, tzinfo=UTC)},
                {"label": "changed-label", "note": "both"},
            ],
            ids=" and ".join,
        )
        def test_is_written_on_commit(self, work: Work, change: dict[str, object]) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                for name, value in change.items():
                    setattr(loaded, name, value)
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), **change}

        def test_can_lose_an_optional_value(self, work: Work) -> None:
            parcel = a_parcel(note="to be removed")
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = None
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": None}

        def test_leaves_others_as_they_are(self, work: Work) -> None:
            parcel, other = a_parcel(), a_parcel(items=[an_item()])
            work.stores(parcel, other)

            work.changes(parcel.id, "changed")

            assert work.sees(other) == contents(other)

        def test_can_be_changed_again_and_again(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            for note in ("first", "second", "third"):
                work.changes(parcel.id, note)

            assert work.sees(parcel) == {**contents(parcel), "note": "third"}

        def test_is_not_written_without_commit(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "changed"

            assert work.sees(parcel) == contents(parcel)

        def test_does_not_reach_the_object_that_was_stored(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)
            before = contents(a_parcel(id=parcel.id, label=parcel.label, items=list(parcel.items)))

            parcel.note = "changed after the commit"
            parcel.items.clear()

            assert work.sees(parcel) == before

    class WhenPartsAreChanged:
        @staticmethod
        def edited(work: Work, before: list[Item], after: list[Item]) -> object:
            """Store a parcel with parts, replace them, and return those that another unit of work sees."""
            parcel = a_parcel(items=list(before))
            work.stores(parcel)
            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).items[:] = after
                uow.commit()
            seen = work.sees(parcel)
            assert seen is not None
            return seen["items"]

        def test_keeps_their_order(self, work: Work) -> None:
            items = [an_item(code=code) for code in ("c", "a", "b", "a")]

            assert self.edited(work, [], items) == items

        def test_keeps_equal_ones(self, work: Work) -> None:
            twin = an_item()

            assert self.edited(work, [twin], [twin, twin]) == [twin, twin]

        def test_writes_added_ones(self, work: Work) -> None:
            first, second = an_item(), an_item(weight=Decimal("1.5"))

            assert self.edited(work, [first], [first, second]) == [first, second]

        def test_writes_inserted_ones_at_their_place(self, work: Work) -> None:
            first, second, third = an_item(), an_item(), an_item()

            assert self.edited(work, [first, third], [first, second, third]) == [first, second, third]

        def test_writes_changed_ones(self, work: Work) -> None:
            first, second = an_item(), an_item()
            changed = evolve(second, quantity=7, price=Price(Decimal("3.99"), Currency.EUR))

            assert self.edited(work, [first, second], [first, changed]) == [first, changed]

        def test_forgets_removed_ones(self, work: Work) -> None:
            first, second, third = an_item(), an_item(), an_item()

            assert self.edited(work, [first, second, third], [third]) == [third]

        def test_forgets_them_all(self, work: Work) -> None:
            assert self.edited(work, [an_item(), an_item()], []) == []

        def test_writes_a_new_order(self, work: Work) -> None:
            first, second, third = an_item(), an_item(), an_item()

            assert self.edited(work, [first, second, third], [third, first, second]) == [third, first, second]

    class WhenAnAggregateIsRemoved:
        def test_is_gone_for_this_unit_of_work_at_once(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.remove(parcels.get(parcel.id))

                assert parcels.find(parcel.id) is None
                with pytest.raises(NotFound):
                    parcels.get(parcel.id)

        def test_is_gone_for_others_after_the_commit(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)

            work.removes(parcel.id)

            assert work.sees(parcel) is None

        def test_stays_without_commit(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.remove(parcels.get(parcel.id))

            assert work.sees(parcel) == contents(parcel)

        def test_takes_its_parts_along(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item(), an_item()])
            work.stores(parcel)
            work.removes(parcel.id)
            successor = a_parcel(id=parcel.id, items=[an_item()])

            work.stores(successor)

            assert work.sees(parcel) == contents(successor)

        def test_leaves_others_as_they_are(self, work: Work) -> None:
            parcel, other = a_parcel(items=[an_item()]), a_parcel(items=[an_item()])
            work.stores(parcel, other)

            work.removes(parcel.id)

            assert work.sees(other) == contents(other)

        def test_was_never_there_if_it_was_added_here(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.repository(Parcel).remove(parcel)
                uow.commit()

            assert work.sees(parcel) is None

        def test_is_gone_also_if_it_was_added_and_flushed_here(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.flush()
                uow.repository(Parcel).remove(parcel)
                uow.commit()

            assert work.sees(parcel) is None

    class WhenAStrangeAggregateIsRemoved:
        def test_is_refused_if_it_was_never_added(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(MisuseError):
                uow.repository(Parcel).remove(a_parcel())

        def test_is_refused_if_another_unit_of_work_loaded_it(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow, pytest.raises(MisuseError):
                uow.repository(Parcel).remove(parcel)

            assert work.sees(parcel) == contents(parcel)

        def test_is_refused_if_its_double_was_loaded_here(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id)

                with pytest.raises(MisuseError):
                    uow.repository(Parcel).remove(parcel)

    class WhenAnIdentifierIsChanged:
        def test_is_refused_and_nothing_is_stored(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).id = new_id()

                with pytest.raises(MisuseError, match="identifier of a Parcel was changed"):
                    uow.commit()

            assert work.sees(parcel) == contents(parcel)

    class WhenTheyAreCounted:
        def test_is_zero_at_first(self, work: Work) -> None:
            with work.unit() as uow:
                assert uow.repository(Parcel).count() == 0

        def test_counts_those_of_its_class(self, work: Work) -> None:
            work.stores(a_parcel(items=[an_item(), an_item()]), a_parcel(), a_depot())

            with work.unit() as uow:
                assert uow.repository(Parcel).count() == 2

        def test_counts_those_added_here(self, work: Work) -> None:
            work.stores(a_parcel())

            with work.unit() as uow:
                uow.repository(Parcel).add(a_parcel())

                assert uow.repository(Parcel).count() == 2

        def test_counts_those_added_here_once_when_they_are_flushed(self, work: Work) -> None:
            work.stores(a_parcel())

            with work.unit() as uow:
                uow.repository(Parcel).add(a_parcel())
                uow.flush()

                assert uow.repository(Parcel).count() == 2

        @pytest.mark.parametrize("flush", [False, True], ids=["unflushed", "flushed"])
        def test_leaves_out_those_removed_here(self, work: Work, flush: bool) -> None:  # noqa: FBT001 - a parameter
            parcel = a_parcel()
            work.stores(parcel, a_parcel())

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.remove(parcels.get(parcel.id))
                if flush:
                    uow.flush()

                assert parcels.count() == 1

    class WhenTheyAreStreamed:
        def test_yields_each_once_with_its_parts(self, work: Work) -> None:
            stored = [a_parcel(items=[an_item() for _ in range(count)]) for count in (0, 1, 2)]
            work.stores(*stored)

            with work.unit() as uow:
                seen = {parcel.id: contents(parcel) for parcel in uow.repository(Parcel).stream()}

            assert seen == {parcel.id: contents(parcel) for parcel in stored}

        @pytest.mark.parametrize("batch", [1, 2, 3, 5, 6, 500])
        def test_gives_the_same_order_whatever_the_batch(self, work: Work, batch: int) -> None:
            work.stores(*(a_parcel() for _ in range(5)))
            with work.unit() as uow:
                order = [parcel.id for parcel in uow.repository(Parcel).stream(batch=4)]

            with work.unit() as uow:
                seen = [parcel.id for parcel in uow.repository(Parcel).stream(batch=batch)]

            assert len(seen) == 5
            assert seen == order

        def test_goes_by_the_identifiers(self, work: Work) -> None:
            depots = [Depot(f"depot-{letter}", "Bern") for letter in "cabd"]
            work.stores(*depots)

            with work.unit() as uow:
                seen = [depot.id for depot in uow.repository(Depot, str).stream(batch=3)]

            assert seen == ["depot-a", "depot-b", "depot-c", "depot-d"]

        def test_yields_nothing_of_an_empty_collection(self, work: Work) -> None:
            with work.unit() as uow:
                assert list(uow.repository(Parcel).stream()) == []

        def test_includes_what_this_unit_of_work_has_done(self, work: Work) -> None:
            changed, removed, added = a_parcel(), a_parcel(), a_parcel()
            work.stores(changed, removed)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(changed.id).note = "changed"
                parcels.remove(parcels.get(removed.id))
                parcels.add(added)

                seen = {parcel.id: parcel.note for parcel in parcels.stream()}

            assert seen == {changed.id: "changed", added.id: None}

        def test_does_not_write_changes_of_what_it_yields(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                for streamed in uow.repository(Parcel).stream():
                    streamed.note = "changed"
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

        def test_yields_others_than_those_that_are_loaded(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                (streamed,) = uow.repository(Parcel).stream()

            assert streamed is not loaded

        def test_can_be_left_before_its_end(self, work: Work) -> None:
            work.stores(*(a_parcel() for _ in range(3)))

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                next(iter(parcels.stream(batch=1)))

                assert parcels.count() == 3
