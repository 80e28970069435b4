from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from attrs import evolve, frozen
from tests.unit.fakes import JsonCodec, Workshop, workshop

from corelib.adapters.memory import ManualClock, MemoryObjectStorage
from corelib.application.jobs.description import description_of, job
from corelib.application.jobs.payloads import LONGEST_PAYLOAD, Payloads
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.upcasting import JsonObject
from corelib.domain.job import Job, JobState
from corelib.domain.unique_job import OnConflict, UniqueJob, Until
from corelib.errors import (
    MisuseError,
    PayloadTooLarge,
    PayloadTooNew,
    ServerUnreachable,
    StorageFull,
    ValidationFailed,
)

LIMIT = 1000
A_DAY = timedelta(days=1)


@frozen
class Film:
    frames: str


@job(attempts=2)
def show(film: Film) -> None:
    """Show it."""


@job(unique=UniqueJob(lambda _: 1, until=Until.STARTED, on_conflict=OnConflict.REPLACE))
def show_last(film: Film) -> None:
    """Show it."""


def shorten(raw: JsonObject) -> JsonObject:
    return {"frames": str(raw["pictures"])[:3]}


@job(name="show", version=2, upcast={1: shorten})
def show_newer(film: Film) -> None:
    """Show it."""


@frozen
class Cinema:
    shop: Workshop
    objects: MemoryObjectStorage
    payloads: Payloads

    def found(self, job_id: UUID) -> Job:
        stored = self.shop.storage.jobs.find(job_id)
        assert stored is not None
        return stored

    def keys(self) -> list[str]:
        return [info.key for info in self.objects.list()]

    def sweep(self, older_than: timedelta = A_DAY) -> int:
        return self.payloads.sweep(self.shop.storage, self.shop.clock, older_than=older_than)


def cinema() -> Cinema:
    clock = ManualClock()
    objects = MemoryObjectStorage(clock)
    payloads = Payloads(objects, "cinema", LIMIT)
    shop = workshop(jobs=[show, show_last], payloads=payloads, clock=clock)
    return Cinema(shop, objects, payloads)


LONG = Film("x" * LIMIT)


class TestPayloads:
    class WhenAPayloadFitsIntoItsRow:
        @pytest.mark.parametrize("length", [1, LIMIT - len('{"frames": ""}')])
        def test_is_stored_there(self, length: int) -> None:
            place = cinema()

            job_id = place.shop.enqueue(show, Film("x" * length))

            stored = place.found(job_id)
            assert (len(stored.payload), stored.payload_key) == (length + len('{"frames": ""}'), None)
            assert place.keys() == []

    class WhenAPayloadIsTooLargeForItsRow:
        def test_is_stored_beside_it(self) -> None:
            place = cinema()

            job_id = place.shop.enqueue(show, LONG)

            stored = place.found(job_id)
            assert (stored.payload, stored.payload_key) == ("", f"corelib-payloads/cinema/{job_id}")
            assert place.keys() == [stored.payload_key]

        def test_counts_bytes(self) -> None:
            place = cinema()

            stored, key = place.payloads.stored("show", UUID(int=1), "\u20ac" * (LIMIT // 3 + 1))

            assert (stored, key) == ("", f"corelib-payloads/cinema/{UUID(int=1)}")

        def test_is_read_by_the_worker(self) -> None:
            place = cinema()
            job_id = place.shop.enqueue(show, LONG)

            read = place.shop.runner.payload_of(place.found(job_id))

            assert read == LONG

        def test_is_refused_without_a_storage(self) -> None:
            shop = workshop(jobs=[show], payloads=Payloads(limit=LIMIT))

            with shop.unit_of_work() as uow, pytest.raises(PayloadTooLarge, match="ObjectStorage") as refusal:
                uow.jobs.enqueue(show, LONG)

            assert (refusal.value.name, refusal.value.limit, refusal.value.size) == ("show", LIMIT, LIMIT + 14)

        def test_is_refused_if_no_worker_would_take_it(self) -> None:
            place = cinema()

            with pytest.raises(PayloadTooLarge) as refusal:
                place.payloads.stored("show", UUID(int=1), "x" * (LONGEST_PAYLOAD + 1))

            assert refusal.value.limit == LONGEST_PAYLOAD
            assert place.keys() == []

        def test_enqueues_nothing_if_the_storage_fails(self) -> None:
            place = cinema()
            place.objects.will_raise("put", StorageFull("no room"))

            with place.shop.unit_of_work() as uow:
                with pytest.raises(StorageFull):
                    uow.jobs.enqueue(show, LONG)
                uow.commit()

            assert list(place.shop.storage.jobs.list()) == []

    class WhenTheObjectCannotBeRead:
        def test_tries_again_later_if_the_storage_does_not_answer(self) -> None:
            place = cinema()
            job_id = place.shop.enqueue(show, LONG)
            place.objects.will_raise("get", ServerUnreachable("nobody there"))

            outcome = place.shop.runner.run(job_id)

            assert outcome is RunOutcome.RETRIED

        def test_parks_the_job_if_the_object_is_gone(self) -> None:
            place = cinema()
            job_id = place.shop.enqueue(show, LONG)
            place.objects.delete(place.keys()[0])

            outcome = place.shop.runner.run(job_id)

            assert outcome is RunOutcome.PARKED
            assert "was an object that is gone" in str(place.found(job_id).error)

        def test_parks_the_job_if_it_is_no_text(self) -> None:
            place = cinema()
            job_id = place.shop.enqueue(show, LONG)
            place.objects.put(place.keys()[0], b"\xff")

            outcome = place.shop.runner.run(job_id)

            assert outcome is RunOutcome.PARKED
            assert "something else than text" in str(place.found(job_id).error)

        def test_is_unreadable_on_a_host_without_a_storage(self) -> None:
            place = cinema()
            stored = place.found(place.shop.enqueue(show, LONG))

            with pytest.raises(ValidationFailed, match="this host has no ObjectStorage"):
                Payloads().read(stored, description_of(show), JsonCodec())

    class WhenThePayloadIsOfAnotherVersion:
        def test_is_brought_up(self) -> None:
            place = cinema()
            stored = evolve(place.found(place.shop.enqueue(show, Film("x"))), payload='{"pictures":"abcdef"}')

            read = place.payloads.read(stored, description_of(show_newer), JsonCodec())

            assert read == Film("abc")

        def test_is_stored_with_the_present_one(self) -> None:
            shop = workshop(jobs=[show_newer])

            job_id = shop.enqueue(show_newer, Film("x"))

            stored = shop.storage.jobs.find(job_id)
            assert stored is not None
            assert stored.payload_version == 2

        def test_does_not_run_one_of_a_newer_host(self) -> None:
            newer, older = workshop(jobs=[show_newer]), workshop(jobs=[show])
            stored = newer.storage.jobs.find(newer.enqueue(show_newer, Film("x")))
            assert stored is not None

            with pytest.raises(PayloadTooNew):
                older.runner.payload_of(stored)

        def test_parks_one_that_a_newer_host_has_enqueued(self) -> None:
            shop = workshop(jobs=[show])
            new = evolve(shop.around.enqueuing.jobs(show, [Film("x")])[0], payload_version=2)
            begun = shop.storage.begin()
            begun.add_jobs([new])
            begun.commit()

            outcome = shop.runner.run(new.id)

            stored = shop.storage.jobs.find(new.id)
            assert stored is not None
            assert (outcome, stored.state) == (RunOutcome.PARKED, JobState.PARKED)
            assert "is of version 2, this worker knows versions up to 1" in str(stored.error)

    class WhenPayloadsAreSwept:
        def test_removes_what_was_never_committed(self) -> None:
            place = cinema()
            with place.shop.unit_of_work() as uow:
                uow.jobs.enqueue(show, LONG)
            place.shop.clock.advance(A_DAY * 2)

            swept = place.sweep()

            assert (swept, place.keys()) == (1, [])

        def test_keeps_what_may_still_be_committed(self) -> None:
            place = cinema()
            with place.shop.unit_of_work() as uow:
                uow.jobs.enqueue(show, LONG)
            place.shop.clock.advance(A_DAY / 2)

            swept = place.sweep()

            assert (swept, len(place.keys())) == (0, 1)

        def test_keeps_what_a_job_needs_in_whatever_state(self) -> None:
            place = cinema()
            succeeded, waiting = place.shop.enqueue(show, LONG), place.shop.enqueue(show, LONG)
            place.shop.runner.run(succeeded)
            place.shop.clock.advance(A_DAY * 2)

            swept = place.sweep()

            assert (swept, len(place.keys())) == (0, 2)
            assert place.found(succeeded).state is JobState.SUCCEEDED
            assert place.shop.runner.payload_of(place.found(waiting)) == LONG

        def test_removes_what_was_replaced(self) -> None:
            place = cinema()
            job_id = place.shop.enqueue(show_last, LONG)
            place.shop.enqueue(show_last, Film("y" * LIMIT))
            place.shop.clock.advance(A_DAY * 2)

            swept = place.sweep()

            assert (swept, place.keys()) == (1, [place.found(job_id).payload_key])
            assert place.shop.runner.payload_of(place.found(job_id)) == Film("y" * LIMIT)

        def test_leaves_alone_what_others_have_stored(self) -> None:
            place = cinema()
            place.objects.put("corelib-payloads/cinema2/1", b"x")
            place.objects.put("invoices/1", b"x")
            place.shop.clock.advance(A_DAY * 2)

            swept = place.sweep()

            assert (swept, len(place.keys())) == (0, 2)

        def test_goes_through_any_number(self) -> None:
            place = cinema()
            with place.shop.unit_of_work() as uow:
                uow.jobs.enqueue_many(show, [LONG] * 1201)
            kept = place.shop.enqueue(show, LONG)
            place.shop.clock.advance(A_DAY * 2)

            swept = place.sweep()

            assert (swept, place.keys()) == (1201, [place.found(kept).payload_key])

        def test_does_nothing_without_a_storage(self) -> None:
            shop = workshop(jobs=[show])

            assert Payloads().sweep(shop.storage, shop.clock) == 0

        @pytest.mark.parametrize("age", [timedelta(0), -A_DAY])
        def test_refuses_an_age_that_loses_payloads(self, age: timedelta) -> None:
            with pytest.raises(MisuseError, match="age above zero"):
                cinema().sweep(age)
