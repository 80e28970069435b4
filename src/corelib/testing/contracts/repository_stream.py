"""The contract of `corelib.ports.repository.Repository` about streams."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

import weakref
from typing import ClassVar

import pytest

from corelib.domain.specification import where
from corelib.errors import InvalidSpecification, MisuseError
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, Work
from corelib.testing.contracts.samples import Depot, Parcel, Status, a_parcel, an_item, contents

MANY = 5_000
BATCH = 100


class StreamContract(StoreContract):
    """Any number of aggregates, a batch at a time."""

    port: ClassVar[str] = "Repository"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenASpecificationIsGiven:
        @pytest.mark.parametrize("batch", [1, 2, 3, 500])
        def test_yields_those_that_satisfy_it_with_their_parts(self, work: Work, batch: int) -> None:
            made = [a_parcel(note="ab"[place % 2], items=[an_item()] * (place % 3)) for place in range(7)]
            work.stores(*made)

            with work.unit() as uow:
                seen = list(uow.repository(Parcel).stream(where("note") == "a", batch=batch))

            wanted = {parcel.id: contents(parcel) for parcel in made if parcel.note == "a"}
            assert {parcel.id: contents(parcel) for parcel in seen} == wanted
            assert len(seen) == len(wanted)

        def test_looks_at_parts(self, work: Work) -> None:
            heavy = a_parcel(items=[an_item(quantity=9), an_item(quantity=8)])
            work.stores(heavy, a_parcel(items=[an_item(quantity=1)]), a_parcel())

            with work.unit() as uow:
                seen = list(uow.repository(Parcel).stream(where("items").any(where("quantity") > 5), batch=1))

            assert [contents(parcel) for parcel in seen] == [contents(heavy)]

        def test_goes_by_the_identifiers(self, work: Work) -> None:
            work.stores(*(Depot(identifier, "Bern") for identifier in ("b", "c", "a")), Depot("d", "Basel"))

            with work.unit() as uow:
                seen = [depot.id for depot in uow.repository(Depot, str).stream(where("city") == "Bern", batch=2)]

            assert seen == ["a", "b", "c"]

        def test_includes_what_this_unit_of_work_has_done(self, work: Work) -> None:
            changed, removed, added = a_parcel(note="other"), a_parcel(note="ours"), a_parcel(note="ours")
            work.stores(changed, removed)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(changed.id).note = "ours"
                parcels.remove(parcels.get(removed.id))
                parcels.add(added)
                parcels.update_where(None, {"status": Status.SENT})

                seen = {parcel.id: parcel.status for parcel in parcels.stream(where("note") == "ours")}

            assert seen == {changed.id: Status.SENT, added.id: Status.SENT}

    class WhenAggregatesAreYielded:
        def test_does_not_track_them(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                (streamed,) = uow.repository(Parcel).stream()
                streamed.send()

                loaded = uow.repository(Parcel).get(parcel.id)
                assert loaded is not streamed
                assert loaded.status is Status.PACKED
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

        def test_takes_no_events_of_them(self, work: Work, storage: Storage) -> None:
            work.stores(a_parcel())

            with work.unit() as uow:
                for parcel in uow.repository(Parcel).stream():
                    parcel.send()
                uow.commit()

            assert list(storage.events()) == []

        def test_lets_others_be_loaded_and_changed_meanwhile(self, work: Work) -> None:
            made = [a_parcel(items=[an_item()]) for _ in range(5)]
            work.stores(*made)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                for streamed in parcels.stream(batch=2):
                    parcels.get(streamed.id).note = f"seen {streamed.label}"
                uow.commit()

            assert [(work.sees(parcel) or {})["note"] for parcel in made] == [f"seen {entry.label}" for entry in made]

        def test_can_go_through_two_streams_at_once(self, work: Work) -> None:
            work.stores(*(a_parcel() for _ in range(5)))

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                pairs = list(zip(parcels.stream(batch=2), parcels.stream(batch=3), strict=True))

            assert len(pairs) == 5
            assert all(left.id == right.id for left, right in pairs)

        def test_keeps_few_of_them_alive(self, work: Work) -> None:
            with work.unit() as uow:
                uow.repository(Parcel).add_many(a_parcel(items=[an_item()]) for _ in range(MANY))
                uow.commit()

            alive: weakref.WeakSet[Parcel] = weakref.WeakSet()
            seen = most = 0
            with work.unit() as uow:
                for parcel in uow.repository(Parcel).stream(batch=BATCH):
                    alive.add(parcel)
                    seen, most = seen + 1, max(most, len(alive))

            assert seen == MANY
            assert most <= 3 * BATCH

    class WhenItCannotBe:
        @pytest.mark.parametrize("batch", [0, -1])
        def test_refuses_a_batch_below_one(self, work: Work, batch: int) -> None:
            with work.unit() as uow, pytest.raises(MisuseError):
                next(iter(uow.repository(Parcel).stream(batch=batch)), None)

        def test_refuses_unknown_fields(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(InvalidSpecification):
                next(iter(uow.repository(Parcel).stream(where("no_such_field") == 1)), None)
