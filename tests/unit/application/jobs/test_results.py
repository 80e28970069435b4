from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from attrs import frozen
from tests.unit.fakes import JsonCodec, Workshop, workshop

from corelib.adapters.memory import ManualClock, MemoryObjectStorage
from corelib.application.jobs.description import job
from corelib.application.jobs.payloads import Payloads
from corelib.application.jobs.results import Results
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.domain.job import Job, JobState
from corelib.errors import ResultMissing, ServerUnreachable, ValidationFailed
from corelib.ports.unit_of_work import UnitOfWork

LIMIT = 1000


@frozen
class Order:
    number: str


@frozen
class Receipt:
    text: str


@frozen
class Unwritable:
    value: object


@job(attempts=3)
def bill(order: Order) -> Receipt:
    return Receipt(f"bill of {order.number}")


@job(attempts=3)
def bill_and_write(order: Order, uow: UnitOfWork) -> Receipt:
    uow.jobs.enqueue(say_nothing, order)
    return Receipt(f"bill of {order.number}")


@job()
def say_nothing(order: Order) -> None:
    """Return nothing."""


@job(attempts=3)
def bill_at_length(order: Order) -> Receipt:
    return Receipt("x" * LIMIT)


@job(attempts=3)
def return_what_is_no_data(order: Order) -> Unwritable:
    return Unwritable(object())


JOBS = [bill, bill_and_write, say_nothing, bill_at_length, return_what_is_no_data]


class BrokenObjects(MemoryObjectStorage):
    def put(self, *_: object, **__: object) -> None:  # type: ignore[override]
        raise ServerUnreachable("The storage does not answer.")


@frozen
class Office:
    shop: Workshop
    objects: MemoryObjectStorage | None
    payloads: Payloads

    @property
    def results(self) -> Results:
        return Results(JsonCodec(), self.payloads)

    def found(self, job_id: UUID) -> Job:
        stored = self.shop.storage.jobs.find(job_id)
        assert stored is not None
        return stored

    def keys(self) -> list[str]:
        return [] if self.objects is None else [info.key for info in self.objects.list()]


def office(objects: type[MemoryObjectStorage] | None = MemoryObjectStorage) -> Office:
    clock = ManualClock()
    made = None if objects is None else objects(clock)
    payloads = Payloads(made, "office", LIMIT)
    return Office(workshop(jobs=JOBS, payloads=payloads, clock=clock), made, payloads)


class TestResults:
    class WhenAHandlerReturnsSomething:
        @pytest.mark.parametrize("handler", [bill, bill_and_write])
        def test_is_stored_with_the_success(self, handler: object) -> None:
            place = office()
            job_id = place.shop.enqueue(handler, Order("o-1"))  # type: ignore[arg-type]

            outcome = place.shop.runner.run(job_id)

            stored = place.found(job_id)
            assert (outcome, stored.state) == (RunOutcome.SUCCEEDED, JobState.SUCCEEDED)
            assert place.results.read(stored, Receipt) == Receipt("bill of o-1")

        def test_is_not_shown_in_logs(self) -> None:
            place = office()
            job_id = place.shop.enqueue(bill, Order("o-1"))
            place.shop.runner.run(job_id)

            assert "bill of" not in repr(place.found(job_id))

        def test_is_no_other_class(self) -> None:
            place = office()
            job_id = place.shop.enqueue(bill, Order("o-1"))
            place.shop.runner.run(job_id)

            with pytest.raises(ValidationFailed, match="The result of the job bill, read as Order,"):
                place.results.read(place.found(job_id), Order)

    class WhenAHandlerReturnsNothing:
        def test_stores_nothing(self) -> None:
            place = office()
            job_id = place.shop.enqueue(say_nothing, Order("o-1"))

            place.shop.runner.run(job_id)

            assert place.found(job_id).result is None

        def test_says_so_to_whoever_asks(self) -> None:
            place = office()
            job_id = place.shop.enqueue(say_nothing, Order("o-1"))
            place.shop.runner.run(job_id)

            with pytest.raises(ResultMissing, match=r"is succeeded, and has no result\. Its handler has to return one"):
                place.results.read(place.found(job_id), Receipt)

    class WhenAJobHasNotEnded:
        def test_says_so_to_whoever_asks(self) -> None:
            place = office()
            job_id = place.shop.enqueue(bill, Order("o-1"))

            with pytest.raises(ResultMissing, match=r"is pending, and has no result\. Wait for its end"):
                place.results.read(place.found(job_id), Receipt)

    class WhenAResultCannotBeWritten:
        def test_is_dead_at_once(self) -> None:
            place = office()
            job_id = place.shop.enqueue(return_what_is_no_data, Order("o-1"))

            place.shop.runner.run(job_id)

            stored = place.found(job_id)
            assert (stored.state, stored.attempts) == (JobState.DEAD, 1)
            assert stored.error is not None
            assert "The result of the job return_what_is_no_data is not valid" in stored.error

    class WhenAResultIsTooLargeForTheRow:
        def test_is_an_object(self) -> None:
            place = office()
            job_id = place.shop.enqueue(bill_at_length, Order("o-1"))

            place.shop.runner.run(job_id)

            stored = place.found(job_id)
            assert stored.result is not None
            assert (stored.result.text, [stored.result.key]) == ("", place.keys())
            assert place.results.read(stored, Receipt) == Receipt("x" * LIMIT)

        def test_has_an_object_of_its_own_in_each_run(self) -> None:
            place = office()
            job_id = place.shop.enqueue(bill_at_length, Order("o-1"))
            stale = place.shop.storage.jobs.claim(job_id, lease=timedelta(0))
            assert stale is not None
            place.shop.runner.run(job_id)

            outcome = place.shop.runner.run_claimed(stale)

            stored = place.found(job_id)
            assert outcome is RunOutcome.LOST
            assert stored.result is not None
            assert len(place.keys()) == 2
            assert place.results.read(stored, Receipt) == Receipt("x" * LIMIT)

        def test_is_swept_only_when_no_job_has_it(self) -> None:
            place = office()
            job_id = place.shop.enqueue(bill_at_length, Order("o-1"))
            place.shop.runner.run(job_id)
            place.shop.pass_time(timedelta(days=2))

            kept = place.payloads.sweep(place.shop.storage, place.shop.clock)
            place.shop.storage.jobs.purge(JobState.SUCCEEDED, older_than=timedelta(0))
            removed = place.payloads.sweep(place.shop.storage, place.shop.clock)

            assert (kept, removed, place.keys()) == (0, 1, [])

        def test_says_so_when_the_object_is_gone(self) -> None:
            place = office()
            job_id = place.shop.enqueue(bill_at_length, Order("o-1"))
            place.shop.runner.run(job_id)
            assert place.objects is not None
            place.objects.delete(place.keys()[0])

            with pytest.raises(ValidationFailed, match="The result of the job bill_at_length is not valid: was an obj"):
                place.results.read(place.found(job_id), Receipt)

        def test_is_dead_at_once_without_a_storage_of_objects(self) -> None:
            place = office(objects=None)
            job_id = place.shop.enqueue(bill_at_length, Order("o-1"))

            place.shop.runner.run(job_id)

            stored = place.found(job_id)
            assert (stored.state, stored.attempts) == (JobState.DEAD, 1)
            assert stored.error is not None
            assert stored.error.startswith(
                "ResultTooLarge: The result of a job bill_at_length has 1012 bytes, 1000 are"
            )

        def test_is_retried_when_the_storage_fails(self) -> None:
            place = office(BrokenObjects)
            job_id = place.shop.enqueue(bill_at_length, Order("o-1"))

            outcome = place.shop.runner.run(job_id)

            assert (outcome, place.found(job_id).state) == (RunOutcome.RETRIED, JobState.PENDING)
