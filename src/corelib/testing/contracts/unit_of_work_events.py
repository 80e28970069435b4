"""The contract of `corelib.ports.unit_of_work.UnitOfWork` about the events that aggregates record."""
# ruff: noqa: ARG001, D102, D106, PT012 - test names are the sentences; handlers take what they are given

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from corelib.application.context import use_context
from corelib.domain.context import Context
from corelib.errors import AlreadyExists, UnitOfWorkClosed
from corelib.ports.storage import Storage
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.contracts.arranging import CountItems, StoreContract, Work, count_items
from corelib.testing.contracts.samples import Depot, Parcel, ParcelSent, a_parcel, contents


class EventContract(StoreContract):
    """Events are stored with the change that caused them, and handled in its transaction."""

    port: ClassVar[str] = "UnitOfWork"

    class WhenAnAggregateRecordedAnEvent:
        def test_stores_it_with_the_commit(self, storage: Storage) -> None:
            parcel = a_parcel()
            parcel.send()

            Work(storage).stores(parcel)

            (event,) = storage.events()
            assert event.name == "ParcelSent"
            assert json.loads(event.payload)["parcel_id"] == str(parcel.id)

        def test_stores_the_context_with_it(self, storage: Storage) -> None:
            parcel = a_parcel()
            parcel.send()
            context = Context(correlation_id="c-1", causation_id="command-1", principal="ada", tenant="north")

            with use_context(context):
                Work(storage).stores(parcel)

            (event,) = storage.events()
            assert event.context == context

        def test_stores_it_once(self, storage: Storage) -> None:
            parcel = a_parcel()
            parcel.send()
            work = Work(storage)
            work.stores(parcel)

            work.changes(parcel.id, "changed later")

            assert len(list(storage.events())) == 1

        def test_stores_it_also_if_no_field_has_changed(self, storage: Storage) -> None:
            parcel = a_parcel()
            work = Work(storage)
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).record(ParcelSent(parcel.id, parcel.price))
                uow.commit()

            assert [event.name for event in storage.events()] == ["ParcelSent"]

        @pytest.mark.parametrize("flush", [False, True], ids=["unflushed", "flushed"])
        def test_stores_it_also_if_the_aggregate_is_removed(
            self,
            storage: Storage,
            flush: bool,  # noqa: FBT001 - a parameter
        ) -> None:
            parcel = a_parcel()
            work = Work(storage)
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                loaded = parcels.get(parcel.id)
                loaded.send()
                parcels.remove(loaded)
                if flush:
                    uow.flush()
                uow.commit()

            assert [event.name for event in storage.events()] == ["ParcelSent"]

        def test_keeps_the_order_of_an_aggregates_events(self, storage: Storage) -> None:
            parcel = a_parcel()
            parcel.send()
            parcel.record(Depot("not an event, but any attrs class will do", "Bern"))

            Work(storage).stores(parcel)

            assert [event.name for event in storage.events()] == ["ParcelSent", "Depot"]

        def test_stores_nothing_without_commit(self, storage: Storage) -> None:
            parcel = a_parcel()
            parcel.send()

            with Work(storage).unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.flush()

            assert list(storage.events()) == []

        def test_stores_nothing_when_the_commit_is_refused(self, storage: Storage) -> None:
            parcel = a_parcel()
            work = Work(storage)
            work.stores(parcel)
            double = a_parcel(id=parcel.id)
            double.send()

            with pytest.raises(AlreadyExists):
                work.stores(double)

            assert list(storage.events()) == []

    class WhenAHandlerTakesTheEvent:
        def test_is_given_the_event(self, storage: Storage) -> None:
            given: list[ParcelSent] = []

            def note(event: ParcelSent, uow: UnitOfWork) -> None:
                given.append(event)

            parcel = a_parcel()
            parcel.send()

            Work(storage, [note]).stores(parcel)

            assert given == [ParcelSent(parcel.id, parcel.price)]

        def test_sees_the_change_that_caused_it(self, storage: Storage) -> None:
            seen: list[Parcel] = []

            def look(event: ParcelSent, uow: UnitOfWork) -> None:
                seen.append(uow.repository(Parcel).get(event.parcel_id))

            parcel = a_parcel()
            parcel.send()

            Work(storage, [look]).stores(parcel)

            assert seen == [parcel]

        def test_has_its_changes_stored_with_the_cause(self, storage: Storage) -> None:
            work = Work(storage, [found_a_depot])
            parcel = a_parcel()
            parcel.send()

            work.stores(parcel)

            assert work.sees(parcel) == contents(parcel)
            assert work.sees(depot_for(parcel)) == contents(depot_for(parcel))

        def test_has_its_jobs_enqueued_with_the_cause(self, storage: Storage) -> None:
            def enqueue(event: ParcelSent, uow: UnitOfWork) -> None:
                uow.jobs.enqueue(count_items, CountItems(event.parcel_id))

            parcel = a_parcel()
            parcel.send()

            Work(storage, [enqueue]).stores(parcel)

            assert [job.name for job in storage.jobs.list()] == ["count_items"]

        def test_has_events_of_its_own_handled_too(self, storage: Storage) -> None:
            """The first parcel's event sends the second, whose event is handled as well."""
            first, second = a_parcel(), a_parcel()
            handled: list[object] = []

            def send_the_second(event: ParcelSent, uow: UnitOfWork) -> None:
                handled.append(event.parcel_id)
                if event.parcel_id == first.id:
                    uow.repository(Parcel).get(second.id).send()

            work = Work(storage, [send_the_second])
            work.stores(second)
            first.send()

            work.stores(first)

            assert handled == [first.id, second.id]
            assert len(list(storage.events())) == 2

        def test_stores_nothing_of_it_without_commit(self, storage: Storage) -> None:
            work = Work(storage, [found_a_depot])
            parcel = a_parcel()
            parcel.send()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)

            assert work.sees(depot_for(parcel)) is None

    class WhenAHandlerFails:
        @staticmethod
        def work_with_a_failing_handler(storage: Storage) -> Work:
            def fail(event: ParcelSent, uow: UnitOfWork) -> None:
                raise RuntimeError("the handler is broken")

            return Work(storage, [found_a_depot, fail])

        def test_lets_the_error_through(self, storage: Storage) -> None:
            parcel = a_parcel()
            parcel.send()

            with pytest.raises(RuntimeError, match="the handler is broken"):
                self.work_with_a_failing_handler(storage).stores(parcel)

        def test_stores_nothing(self, storage: Storage) -> None:
            work = self.work_with_a_failing_handler(storage)
            parcel = a_parcel()
            parcel.send()

            with pytest.raises(RuntimeError, match="the handler is broken"), work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.jobs.enqueue(count_items, CountItems(parcel.id))
                uow.commit()

            assert (work.sees(parcel), work.sees(depot_for(parcel))) == (None, None)
            assert list(storage.events()) == []
            assert list(storage.jobs.list()) == []

        def test_cannot_be_committed_a_second_time(self, storage: Storage) -> None:
            """The events are taken by now: a second commit would store the change without what its handlers add."""
            work = self.work_with_a_failing_handler(storage)
            parcel = a_parcel()
            parcel.send()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                with pytest.raises(RuntimeError, match="the handler is broken"):
                    uow.commit()

                with pytest.raises(UnitOfWorkClosed):
                    uow.commit()

            assert work.sees(parcel) is None


def depot_for(parcel: Parcel) -> Depot:
    """Return the depot that `found_a_depot` adds for a parcel."""
    return Depot(f"depot-{parcel.id}", "Basel")


def found_a_depot(event: ParcelSent, uow: UnitOfWork) -> None:
    """Handle an event by adding an aggregate of another class."""
    uow.repository(Depot, str).add(Depot(f"depot-{event.parcel_id}", "Basel"))
