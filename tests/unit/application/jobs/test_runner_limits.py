"""Runs that end otherwise than by success or a retry: too slow, cancelled, not to be retried, not readable."""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn
from uuid import UUID

import pytest
from attrs import define, frozen
from tests.unit.fakes import Workshop, workshop

from corelib.adapters.memory import MemoryStorage
from corelib.application.jobs.description import job
from corelib.application.jobs.run import JobRun
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.domain.aggregate import Aggregate
from corelib.domain.backoff import Backoff
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import AttemptOutcome, Job, JobAttempt, JobState, NewJob
from corelib.errors import JobCancelled, NonRetryableError, ServerUnreachable, UnitOfWorkClosed, ValidationFailed
from corelib.ports.unit_of_work import UnitOfWork

MINUTE = timedelta(minutes=1)


@frozen
class Label:
    text: str


@define(eq=False)
class Print(Aggregate):
    id: str


def found(shop: Workshop, job_id: UUID) -> Job:
    stored = shop.storage.jobs.find(job_id)
    assert stored is not None
    return stored


def last_attempt(shop: Workshop, job_id: UUID) -> JobAttempt:
    return shop.storage.jobs.attempts(job_id)[-1]


def prints_in(shop: Workshop) -> list[str]:
    with shop.unit_of_work() as uow:
        return [printed.id for printed in uow.repository(Print, str).stream()]


class TestJobRunner:
    class WhenTheTimeOfARunIsUp:
        def run_too_long(self, *, attempts: int = 2) -> tuple[Workshop, UUID, RunOutcome]:
            """Have a handler return a second after its time, which the heartbeat has noticed."""

            @job(attempts=attempts, timeout=MINUTE, backoff=Backoff(first=timedelta(seconds=10)))
            def print_too_slowly(label: Label, uow: UnitOfWork) -> None:
                uow.repository(Print, str).add(Print(label.text))
                shop.pass_time(MINUTE + timedelta(seconds=1))
                shop.runner.heartbeat.end_overdue()

            shop = workshop(jobs=[print_too_slowly])
            job_id = shop.enqueue(print_too_slowly, Label("x"))
            return shop, job_id, shop.runner.run(job_id)

        def test_keeps_nothing_of_it(self) -> None:
            shop, _, outcome = self.run_too_long()

            assert outcome is RunOutcome.TIMED_OUT
            assert prints_in(shop) == []

        def test_counts_as_a_failed_attempt(self) -> None:
            shop, job_id, _ = self.run_too_long()

            stored = found(shop, job_id)
            assert (stored.state, stored.attempts) == (JobState.PENDING, 1)
            assert stored.due_at == shop.clock.now() + timedelta(seconds=10)
            assert stored.error.startswith(
                "TimedOut: The run took longer than the time-out of the job print_too_slowly, 0:01:00."
            )

        def test_is_remembered_with_the_place_where_the_handler_was(self) -> None:
            shop, job_id, _ = self.run_too_long()

            attempt = last_attempt(shop, job_id)
            assert attempt.outcome is AttemptOutcome.TIMED_OUT
            assert "in print_too_slowly" in attempt.traceback

        def test_is_a_dead_letter_in_the_last_attempt(self) -> None:
            shop, job_id, outcome = self.run_too_long(attempts=1)

            assert outcome is RunOutcome.TIMED_OUT
            assert found(shop, job_id).state is JobState.DEAD

        def test_says_so_and_says_when_the_thread_is_free_again(self) -> None:
            shop, _, _ = self.run_too_long()

            timed_out, ended = shop.log.lines
            assert (timed_out.level, timed_out.event, timed_out.fields["hanging_threads"]) == (
                "error",
                "job timed out",
                1,
            )
            assert (ended.level, ended.event, ended.fields["late_seconds"]) == (
                "warning",
                "run has ended after its time-out",
                1.0,
            )
            assert shop.runner.hanging == 0

        def test_tells_the_handler_to_stop(self) -> None:
            told: list[object] = []

            @job(timeout=MINUTE)
            def ask(label: Label, run: JobRun) -> None:
                told.append(run.cancelled())
                shop.pass_time(MINUTE)
                shop.runner.heartbeat.end_overdue()
                told.append(run.cancelled())
                run.check_cancelled()

            shop = workshop(jobs=[ask])
            job_id = shop.enqueue(ask, Label("x"))

            outcome = shop.runner.run(job_id)

            assert told == [False, True]
            assert outcome is RunOutcome.TIMED_OUT

        def test_refuses_what_the_handler_does_with_its_unit_of_work_afterwards(self) -> None:
            refused: list[str] = []

            @job(timeout=MINUTE)
            def go_on(label: Label, uow: UnitOfWork) -> None:
                shop.pass_time(MINUTE)
                shop.runner.heartbeat.end_overdue()
                with pytest.raises(UnitOfWorkClosed) as raised:
                    uow.repository(Print, str).find("x")
                refused.append(type(raised.value.__cause__).__name__)

            shop = workshop(jobs=[go_on])

            shop.runner.run(shop.enqueue(go_on, Label("x")))

            assert refused == ["TimedOut"]

        def test_is_settled_in_another_round_if_the_store_fails(self) -> None:
            class Failing:
                """A store that cannot bury at first."""

                def __init__(self, memory: MemoryStorage) -> None:
                    self._sound = memory.jobs
                    self._failures = 1

                def __getattr__(self, name: str) -> object:
                    return getattr(self._sound, name)

                def bury(self, *arguments: object, **named: object) -> object:
                    if self._failures:
                        self._failures -= 1
                        self._fail()
                    return self._sound.bury(*arguments, **named)

                def _fail(self) -> NoReturn:
                    raise ServerUnreachable("The database does not answer.")

            @job(timeout=MINUTE)
            def hang(label: Label) -> None:
                shop.pass_time(MINUTE)
                shop.runner.heartbeat.end_overdue()
                shop.runner.heartbeat.end_overdue()

            shop = workshop(jobs=[hang], store=Failing)
            job_id = shop.enqueue(hang, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.TIMED_OUT
            assert found(shop, job_id).state is JobState.DEAD
            assert [line.event for line in shop.log.lines][:2] == ["time-out not settled", "job timed out"]

        def test_is_found_out_on_completion_if_the_heartbeat_was_late(self) -> None:
            @job(timeout=MINUTE, attempts=2)
            def be_slow(label: Label, uow: UnitOfWork) -> None:
                uow.repository(Print, str).add(Print(label.text))
                shop.pass_time(MINUTE)

            shop = workshop(jobs=[be_slow])
            job_id = shop.enqueue(be_slow, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.TIMED_OUT
            assert prints_in(shop) == []
            assert last_attempt(shop, job_id).outcome is AttemptOutcome.TIMED_OUT

    class WhenARunIsKeptByHeartbeats:
        def test_is_not_taken_over_when_its_lease_would_have_ended(self) -> None:
            taken: list[object] = []

            @job(timeout=timedelta(minutes=10))
            def work_long(label: Label, run: JobRun) -> None:
                for _ in range(8):
                    shop.pass_time(timedelta(seconds=10))
                    shop.runner.heartbeat.beat()
                    taken.append(shop.storage.jobs.claim(run.job_id))

            shop = workshop(jobs=[work_long])
            job_id = shop.enqueue(work_long, Label("x"))
            claim = shop.storage.jobs.claim(job_id, lease=timedelta(seconds=30))

            outcome = shop.runner.run_claimed(claim)

            assert outcome is RunOutcome.SUCCEEDED
            assert taken == [None] * 8

        def test_is_told_to_stop_when_another_has_the_job(self) -> None:
            told: list[bool] = []

            @job(attempts=2, timeout=timedelta(minutes=10))
            def work_alone(label: Label, run: JobRun) -> None:
                shop.pass_time(timedelta(seconds=31))
                assert shop.storage.jobs.claim(run.job_id) is not None
                shop.runner.heartbeat.beat()
                told.append(run.cancelled())
                run.check_cancelled()

            shop = workshop(jobs=[work_alone])
            job_id = shop.enqueue(work_alone, Label("x"))
            claim = shop.storage.jobs.claim(job_id, lease=timedelta(seconds=30))

            outcome = shop.runner.run_claimed(claim)

            assert told == [True]
            assert outcome is RunOutcome.LOST

    class WhenTheJobIsCancelledWhileItRuns:
        def run_and_cancel(self, *, heed: bool, crash: bool = False) -> tuple[Workshop, UUID, RunOutcome]:
            """Cancel a job in the middle of its run."""

            @job(attempts=3)
            def work(label: Label, uow: UnitOfWork, run: JobRun) -> None:
                uow.repository(Print, str).add(Print(label.text))
                shop.storage.jobs.cancel(run.job_id)
                shop.runner.heartbeat.beat()
                if heed:
                    run.check_cancelled()
                if crash:
                    raise ZeroDivisionError

            shop = workshop(jobs=[work])
            job_id = shop.enqueue(work, Label("x"))
            return shop, job_id, shop.runner.run(job_id)

        def test_is_cancelled_if_the_handler_looks(self) -> None:
            shop, job_id, outcome = self.run_and_cancel(heed=True)

            assert outcome is RunOutcome.CANCELLED
            assert found(shop, job_id).state is JobState.CANCELLED
            assert prints_in(shop) == []
            assert last_attempt(shop, job_id).outcome is AttemptOutcome.CANCELLED
            assert shop.events_logged() == [("info", "job cancelled")]

        def test_succeeds_if_the_handler_does_not_look(self) -> None:
            shop, job_id, outcome = self.run_and_cancel(heed=False)

            assert outcome is RunOutcome.SUCCEEDED
            assert found(shop, job_id).state is JobState.SUCCEEDED
            assert prints_in(shop) == ["x"]

        def test_is_cancelled_instead_of_retried_if_the_handler_fails(self) -> None:
            shop, job_id, outcome = self.run_and_cancel(heed=False, crash=True)

            assert outcome is RunOutcome.CANCELLED
            assert found(shop, job_id).state is JobState.CANCELLED
            assert found(shop, job_id).error == "ZeroDivisionError:"

    class WhenAHandlerCancelsItsOwnJob:
        def test_is_cancelled(self) -> None:
            @job(attempts=3)
            def give_up(label: Label) -> None:
                raise JobCancelled("There is nothing to do any more.")

            shop = workshop(jobs=[give_up])
            job_id = shop.enqueue(give_up, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.CANCELLED
            assert found(shop, job_id).state is JobState.CANCELLED

    class WhenAnErrorIsNotToBeRetried:
        @pytest.mark.parametrize(
            "error", [KeyError("x"), NonRetryableError("The order is closed."), ValidationFailed("Label", [])], ids=repr
        )
        def test_is_a_dead_letter_at_once(self, error: Exception) -> None:
            @job(attempts=5, non_retryable=(LookupError,))
            def fail(label: Label) -> None:
                raise error

            shop = workshop(jobs=[fail])
            job_id = shop.enqueue(fail, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.DEAD
            stored = found(shop, job_id)
            assert (stored.state, stored.attempts) == (JobState.DEAD, 1)

        def test_retries_every_other_error(self) -> None:
            @job(attempts=5, non_retryable=(LookupError,))
            def fail(label: Label) -> None:
                raise ZeroDivisionError

            shop = workshop(jobs=[fail])

            outcome = shop.runner.run(shop.enqueue(fail, Label("x")))

            assert outcome is RunOutcome.RETRIED

    class WhenAttemptsFail:
        def test_are_remembered_with_their_tracebacks(self) -> None:
            @job(attempts=2)
            def divide(label: Label, run: JobRun) -> None:
                raise ZeroDivisionError(f"attempt {run.attempt}")

            shop = workshop(jobs=[divide])
            job_id = shop.enqueue(divide, Label("x"))
            shop.runner.run(job_id)
            shop.clock.advance(MINUTE)

            shop.runner.run(job_id)

            attempts = shop.storage.jobs.attempts(job_id)
            assert [each.error for each in attempts] == ["ZeroDivisionError: attempt 1", "ZeroDivisionError: attempt 2"]
            assert all("in divide" in each.traceback for each in attempts)
            assert all(each.worker for each in attempts)

    class WhenAParkedJobCanBeRead:
        @staticmethod
        def parked(*, payload: str, name: str = "print_label") -> tuple[Workshop, UUID]:
            """Have a job parked by a host that does not know it."""

            @job()
            def print_label(label: Label) -> None: ...

            shop = workshop(jobs=[print_label])
            new = NewJob(id=new_id(), name=name, queue="default", payload=payload, context=Context("c"))
            shop.storage.jobs.add([new])
            claim = shop.storage.jobs.claim(new.id)
            assert claim is not None
            shop.storage.jobs.park(claim, reason="not known")
            return shop, new.id

        def test_runs(self) -> None:
            shop, job_id = self.parked(payload='{"text": "x"}')

            count = shop.runner.parked.look()

            assert count == 1
            assert shop.runner.run(job_id) is RunOutcome.SUCCEEDED

        def test_stays_parked_while_its_payload_cannot_be_read(self) -> None:
            shop, job_id = self.parked(payload="{")

            assert shop.runner.parked.look() == 0
            assert found(shop, job_id).state is JobState.PARKED

        def test_stays_parked_while_its_name_is_unknown(self) -> None:
            shop, job_id = self.parked(payload='{"text": "x"}', name="shred")

            assert shop.runner.parked.look() == 0
            assert found(shop, job_id).state is JobState.PARKED
