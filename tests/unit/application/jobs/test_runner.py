from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

import pytest
from attrs import define, frozen
from tests.unit.fakes import Workshop, workshop

from corelib.adapters.memory import MemoryStorage
from corelib.application.context import current_context, use_context
from corelib.application.jobs.description import job
from corelib.application.jobs.run import JobRun
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.domain.aggregate import Aggregate
from corelib.domain.backoff import Backoff
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import Claim, Job, JobRef, JobState, NewJob
from corelib.errors import NotFound, ServerUnreachable, TransientFailure
from corelib.ports.job_store import JobStore
from corelib.ports.unit_of_work import UnitOfWork

LONG_ENOUGH = 10  # seconds that no test ever waits, unless what it waits for is broken


@frozen
class Label:
    text: str


@define(eq=False)
class Print(Aggregate):
    id: str

    def announce(self) -> None:
        self.record(Label(self.id))


def print_once(label: Label, uow: UnitOfWork) -> None:
    printed = Print(label.text)
    uow.repository(Print, str).add(printed)
    printed.announce()


@job()
def print_label(label: Label, uow: UnitOfWork) -> None:
    print_once(label, uow)


@job()
def print_and_follow_up(label: Label, uow: UnitOfWork) -> None:
    print_once(label, uow)
    uow.jobs.enqueue(print_label, Label(f"{label.text}+"))


@job(attempts=3, backoff=Backoff(first=timedelta(seconds=10), factor=3))
def print_and_crash(label: Label, uow: UnitOfWork) -> None:
    print_once(label, uow)
    uow.jobs.enqueue(print_label, Label("never"))
    raise ZeroDivisionError("out of\n  ink")


@job(attempts=3)
def look_in_vain(label: Label) -> None:
    raise NotFound("Printer", label.text)


@job(attempts=3, backoff=Backoff(first=timedelta(seconds=10), jitter=0.2))
def crash_with_jitter(label: Label) -> None:
    raise ZeroDivisionError


@job(attempts=2)
def crash_at_length(label: Label) -> None:
    raise ZeroDivisionError("x" * 10_000)


def prints_in(shop: Workshop) -> list[str]:
    with shop.unit_of_work() as uow:
        return [printed.id for printed in uow.repository(Print, str).stream()]


def found(shop: Workshop, job_id: UUID) -> Job:
    stored = shop.storage.jobs.find(job_id)
    assert stored is not None
    return stored


def store_by_hand(shop: Workshop, *, name: str, payload: str, max_attempts: int = 3) -> UUID:
    """Store a job that no enqueue of this host would write, as another version of it may have done."""
    new = NewJob(
        id=new_id(), name=name, queue="default", payload=payload, context=Context("c"), max_attempts=max_attempts
    )
    shop.storage.jobs.add([new])
    return new.id


class FaultyStore:
    """A job store of which one method fails."""

    def __init__(self, sound: JobStore, broken: str) -> None:
        self._sound = sound
        self._broken = broken

    def __getattr__(self, name: str) -> object:
        return self._fail if name == self._broken else getattr(self._sound, name)

    def _fail(self, *_: object, **__: object) -> NoReturn:
        raise ServerUnreachable("The database does not answer.")


def faulty(method: str) -> Callable[[MemoryStorage], FaultyStore]:
    return lambda memory: FaultyStore(memory.jobs, method)


class TestJobRunner:
    class WhenTheHandlerSucceeds:
        def test_stores_its_writes_and_marks_the_job_as_done(self) -> None:
            shop = workshop(jobs=[print_label])
            job_id = shop.enqueue(print_label, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.SUCCEEDED
            assert prints_in(shop) == ["x"]
            stored = found(shop, job_id)
            assert (stored.state, stored.attempts, stored.error) == (JobState.SUCCEEDED, 1, None)
            assert stored.finished_at == shop.clock.now()

        def test_stores_the_events_and_jobs_that_it_causes(self) -> None:
            shop = workshop(jobs=[print_label, print_and_follow_up])
            job_id = shop.enqueue(print_and_follow_up, Label("x"))
            shop.announced()

            shop.runner.run(job_id)

            assert [event.name for event in shop.storage.events()] == ["Label"]
            (follow_up,) = shop.storage.jobs.list(state=JobState.PENDING)
            assert json.loads(follow_up.payload) == {"text": "x+"}
            assert shop.announced() == [JobRef(follow_up.id, "default")]

        def test_logs_one_line(self) -> None:
            shop = workshop(jobs=[print_label])
            job_id = shop.enqueue(print_label, Label("x"))

            shop.runner.run(job_id)

            (line,) = shop.log.lines
            assert (line.level, line.event) == ("info", "job succeeded")
            assert (line.fields["job"], line.fields["attempt"]) == ("print_label", 1)

        def test_does_not_run_it_again(self) -> None:
            shop = workshop(jobs=[print_label])
            job_id = shop.enqueue(print_label, Label("x"))
            shop.runner.run(job_id)

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.SKIPPED
            assert prints_in(shop) == ["x"]

    class WhenTheHandlerAsksForItsRun:
        def test_is_told_which_attempt_it_is(self) -> None:
            runs: list[JobRun] = []

            @job(attempts=2, backoff=Backoff(first=timedelta(seconds=1)))
            def note_run(label: Label, run: JobRun) -> None:
                runs.append(run)
                if run.attempt == 1:
                    raise ZeroDivisionError

            shop = workshop(jobs=[note_run])
            job_id = shop.enqueue(note_run, Label("x"))

            shop.runner.run(job_id)
            shop.clock.advance(timedelta(seconds=1))
            shop.runner.run(job_id)

            assert runs == [JobRun(job_id, 1, 2), JobRun(job_id, 2, 2)]

    class WhenTheJobWasEnqueuedInAContext:
        def test_runs_in_it_with_the_job_as_the_cause(self) -> None:
            contexts: list[Context | None] = []

            @job()
            def note_context(label: Label) -> None:
                contexts.append(current_context())

            shop = workshop(jobs=[note_context])
            with use_context(Context("c-1", causation_id="before", principal="ada", tenant="acme")):
                job_id = shop.enqueue(note_context, Label("x"))

            shop.runner.run(job_id)

            assert contexts == [Context("c-1", causation_id=str(job_id), principal="ada", tenant="acme")]

        def test_hands_it_on_to_the_jobs_that_it_enqueues(self) -> None:
            shop = workshop(jobs=[print_label, print_and_follow_up])
            with use_context(Context("c-1")):
                job_id = shop.enqueue(print_and_follow_up, Label("x"))

            shop.runner.run(job_id)

            (follow_up,) = shop.storage.jobs.list(state=JobState.PENDING)
            assert follow_up.context == Context("c-1", causation_id=str(job_id))

        def test_logs_in_it(self) -> None:
            shop = workshop(jobs=[print_label])
            with use_context(Context("c-1")):
                job_id = shop.enqueue(print_label, Label("x"))

            shop.runner.run(job_id)

            (line,) = shop.log.lines
            assert (line.fields["correlation_id"], line.fields["causation_id"]) == ("c-1", str(job_id))

        def test_leaves_none_behind(self) -> None:
            shop = workshop(jobs=[print_label])
            job_id = shop.enqueue(print_label, Label("x"))

            shop.runner.run(job_id)

            assert current_context() is None

    class WhenTheHandlerFails:
        def test_rolls_back_everything(self) -> None:
            shop = workshop(jobs=[print_label, print_and_crash])
            job_id = shop.enqueue(print_and_crash, Label("x"))

            shop.runner.run(job_id)

            assert prints_in(shop) == []
            assert list(shop.storage.events()) == []
            assert [stored.id for stored in shop.storage.jobs.list()] == [job_id]

        def test_puts_the_job_back_with_its_error_in_one_line(self) -> None:
            shop = workshop(jobs=[print_label, print_and_crash])
            job_id = shop.enqueue(print_and_crash, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.RETRIED
            stored = found(shop, job_id)
            assert (stored.state, stored.attempts) == (JobState.PENDING, 1)
            assert stored.error == "ZeroDivisionError: out of ink"

        def test_waits_longer_after_each_attempt(self) -> None:
            shop = workshop(jobs=[print_label, print_and_crash])
            job_id = shop.enqueue(print_and_crash, Label("x"))
            waits: list[timedelta] = []

            for _ in range(2):
                shop.runner.run(job_id)
                waits.append(found(shop, job_id).due_at - shop.clock.now())
                shop.clock.advance(waits[-1])

            assert waits == [timedelta(seconds=10), timedelta(seconds=30)]

        def test_does_not_run_it_before_its_time(self) -> None:
            shop = workshop(jobs=[print_label, print_and_crash])
            job_id = shop.enqueue(print_and_crash, Label("x"))
            shop.runner.run(job_id)
            shop.clock.advance(timedelta(seconds=9.9))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.SKIPPED

        def test_warns_with_the_reason_and_the_wait(self) -> None:
            shop = workshop(jobs=[print_label, print_and_crash])
            job_id = shop.enqueue(print_and_crash, Label("x"))

            shop.runner.run(job_id)

            (line,) = shop.log.lines
            assert (line.level, line.event) == ("warning", "job will be retried")
            assert line.fields["reason"] == "ZeroDivisionError: out of ink"
            assert (line.fields["wait_seconds"], line.fields["attempt"]) == (10.0, 1)

        def test_retries_errors_of_corelib_as_well(self) -> None:
            shop = workshop(jobs=[look_in_vain])
            job_id = shop.enqueue(look_in_vain, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.RETRIED

        def test_spreads_the_waits_within_the_jitter(self) -> None:
            shop = workshop(jobs=[crash_with_jitter])
            jobs = [shop.enqueue(crash_with_jitter, Label("x")) for _ in range(50)]

            for job_id in jobs:
                shop.runner.run(job_id)

            waits = {found(shop, job_id).due_at - shop.clock.now() for job_id in jobs}
            assert len(waits) > 1
            assert timedelta(seconds=8) <= min(waits) <= max(waits) <= timedelta(seconds=12)

        def test_keeps_the_stored_error_short(self) -> None:
            shop = workshop(jobs=[crash_at_length])
            job_id = shop.enqueue(crash_at_length, Label("x"))

            shop.runner.run(job_id)

            assert len(found(shop, job_id).error) == 500

        class WhenThatWasTheLastAttempt:
            def test_marks_the_job_as_dead(self) -> None:
                shop = workshop(jobs=[print_label, print_and_crash])
                job_id = shop.enqueue(print_and_crash, Label("x"))
                outcomes: list[RunOutcome] = []

                for _ in range(3):
                    outcomes.append(shop.runner.run(job_id))
                    shop.clock.advance(timedelta(hours=1))

                assert outcomes == [RunOutcome.RETRIED, RunOutcome.RETRIED, RunOutcome.DEAD]
                stored = found(shop, job_id)
                assert (stored.state, stored.attempts) == (JobState.DEAD, 3)
                assert stored.error == "ZeroDivisionError: out of ink"
                assert [dead.id for dead in shop.storage.jobs.list(state=JobState.DEAD)] == [job_id]

            def test_logs_the_error_itself(self) -> None:
                error = ZeroDivisionError("out of ink")

                @job()
                def crash(label: Label) -> None:
                    raise error

                shop = workshop(jobs=[crash])
                job_id = shop.enqueue(crash, Label("x"))

                shop.runner.run(job_id)

                (line,) = shop.log.lines
                assert (line.level, line.event, line.error) == ("error", "job is dead", error)
                assert (line.fields["job"], line.fields["attempt"]) == ("crash", 1)

            def test_does_not_run_it_again(self) -> None:
                shop = workshop(jobs=[print_label])
                job_id = store_by_hand(shop, name="print_label", payload="{")
                shop.runner.run(job_id)
                shop.clock.advance(timedelta(days=1))

                outcome = shop.runner.run(job_id)

                assert outcome is RunOutcome.SKIPPED

    class WhenTheHandlerCommitsByItself:
        def test_stores_nothing_and_settles_the_run_as_failed(self) -> None:
            @job()
            def print_and_commit(label: Label, uow: UnitOfWork) -> None:
                print_once(label, uow)
                uow.commit()

            shop = workshop(jobs=[print_and_commit])
            job_id = shop.enqueue(print_and_commit, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.DEAD
            assert found(shop, job_id).error.startswith("MisuseError: A handler does not commit")
            assert prints_in(shop) == []

    class WhenTheCommitFails:
        def test_retries_the_job(self) -> None:
            @job(attempts=2)
            def print_again(label: Label, uow: UnitOfWork) -> None:
                print_once(label, uow)

            shop = workshop(jobs=[print_again])
            with shop.unit_of_work() as uow:
                uow.repository(Print, str).add(Print("x"))
                uow.commit()
            job_id = shop.enqueue(print_again, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.RETRIED
            assert found(shop, job_id).error.startswith("AlreadyExists: ")

    class WhenThePayloadCannotBeRead:
        @pytest.mark.parametrize("payload", ["{", "[]", "{}", '{"text": "x", "colour": "blue"}'])
        def test_parks_the_job_and_says_why(self, payload: str) -> None:
            shop = workshop(jobs=[print_and_crash])
            job_id = store_by_hand(shop, name="print_and_crash", payload=payload)

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.PARKED
            stored = found(shop, job_id)
            assert (stored.state, stored.attempts) == (JobState.PARKED, 0)
            assert stored.error.startswith("ValidationFailed: Label is not valid: ")
            assert shop.events_logged() == [("error", "job is parked")]

    class WhenThisHostDoesNotKnowTheJob:
        def test_parks_the_job_and_says_why(self) -> None:
            shop = workshop(jobs=[print_label])
            job_id = store_by_hand(shop, name="shred", payload="{}")

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.PARKED
            assert found(shop, job_id).state is JobState.PARKED
            assert found(shop, job_id).error == ("UnknownJob: This host has no job named 'shred'. It has: print_label.")

    class WhenTheJobCannotBeClaimed:
        def test_skips_one_that_does_not_exist(self) -> None:
            shop = workshop(jobs=[print_label])

            outcome = shop.runner.run(new_id())

            assert outcome is RunOutcome.SKIPPED
            assert shop.log.lines == ()

        def test_skips_one_that_another_worker_has(self) -> None:
            shop = workshop(jobs=[print_label])
            job_id = shop.enqueue(print_label, Label("x"))
            shop.storage.jobs.claim(job_id)

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.SKIPPED
            assert prints_in(shop) == []
            assert found(shop, job_id).state is JobState.RUNNING

    class WhenTheLeaseIsLost:
        def run_and_lose(self, *, crash: bool = False, attempts: int = 2) -> tuple[Workshop, UUID, RunOutcome]:
            """Let another worker take the job over while its handler runs."""
            others: list[Claim | None] = []

            @job(attempts=attempts, timeout=timedelta(seconds=30))
            def print_slowly(label: Label, uow: UnitOfWork, run: JobRun) -> None:
                print_once(label, uow)
                shop.clock.advance(timedelta(seconds=30))
                others.append(shop.storage.jobs.claim(run.job_id))
                if crash:
                    raise ZeroDivisionError

            shop = workshop(jobs=[print_slowly])
            job_id = shop.enqueue(print_slowly, Label("x"))
            return shop, job_id, shop.runner.run(job_id)

        def test_stores_nothing(self) -> None:
            shop, _, outcome = self.run_and_lose()

            assert outcome is RunOutcome.LOST
            assert prints_in(shop) == []
            assert shop.events_logged() == [("warning", "job lost its lease")]

        def test_leaves_the_job_to_the_other_worker(self) -> None:
            shop, job_id, _ = self.run_and_lose()

            stored = found(shop, job_id)
            assert (stored.state, stored.attempts) == (JobState.RUNNING, 2)

        def test_leaves_it_so_too_if_the_handler_fails(self) -> None:
            shop, job_id, outcome = self.run_and_lose(crash=True, attempts=3)

            assert outcome is RunOutcome.LOST
            assert found(shop, job_id).state is JobState.RUNNING
            assert shop.events_logged() == [("warning", "job lost its lease")]

        def test_does_not_bury_it_even_if_that_was_the_last_attempt(self) -> None:
            @job(attempts=1)
            def crash_while_the_worker_stops(label: Label) -> None:
                shop.runner.hand_back()
                raise ZeroDivisionError

            shop = workshop(jobs=[crash_while_the_worker_stops])
            job_id = shop.enqueue(crash_while_the_worker_stops, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.LOST
            assert found(shop, job_id).state is JobState.PENDING
            assert shop.events_logged() == [("warning", "job lost its lease")]

    class WhenTheStoreFails:
        def test_leaves_the_job_alone_if_it_cannot_be_claimed(self) -> None:
            shop = workshop(jobs=[print_label], store=faulty("claim"))
            job_id = shop.enqueue(print_label, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.LOST
            assert found(shop, job_id).state is JobState.PENDING
            (line,) = shop.log.lines
            assert (line.level, line.event, line.fields["job_id"]) == ("error", "job not settled", str(job_id))

        @pytest.mark.parametrize(
            ("method", "handler"), [("retry", print_and_crash), ("park", print_label)], ids=["retry", "park"]
        )
        def test_leaves_the_job_to_its_lease_if_it_cannot_be_settled(
            self, method: str, handler: Callable[..., None]
        ) -> None:
            shop = workshop(jobs=[print_label, print_and_crash], store=faulty(method))
            payload = '{"text": "x"}' if method == "retry" else "{"
            job_id = store_by_hand(shop, name=handler.__name__, payload=payload)

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.LOST
            assert found(shop, job_id).state is JobState.RUNNING
            assert shop.events_logged()[-1] == ("error", "job not settled")

    class WhenTheStoreRollsTheHandlerBackForAReasonThatPasses:
        def test_runs_it_again_at_once_and_counts_one_attempt(self) -> None:
            begun: list[int] = []

            @job(attempts=1)
            def meet_two_deadlocks(label: Label, uow: UnitOfWork, run: JobRun) -> None:
                begun.append(run.attempt)
                uow.repository(Print, str).add(Print(f"{label.text}{len(begun)}"))
                if len(begun) < 3:
                    raise TransientFailure("The transaction was chosen as a victim.")

            shop = workshop(jobs=[meet_two_deadlocks])
            job_id = shop.enqueue(meet_two_deadlocks, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.SUCCEEDED
            assert begun == [1, 1, 1]
            assert prints_in(shop) == ["x3"]

        def test_gives_the_attempt_up_in_the_end(self) -> None:
            begun: list[int] = []

            @job(attempts=2)
            def meet_a_deadlock_always(label: Label, run: JobRun) -> None:
                begun.append(run.attempt)
                raise TransientFailure("The transaction was chosen as a victim.")

            shop = workshop(jobs=[meet_a_deadlock_always])
            job_id = shop.enqueue(meet_a_deadlock_always, Label("x"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.RETRIED
            assert begun == [1, 1, 1]
            assert found(shop, job_id).attempts == 1

    class WhenItHandsBack:
        def test_gives_back_nothing_if_nothing_runs(self) -> None:
            shop = workshop(jobs=[print_label])
            job_id = shop.enqueue(print_label, Label("x"))
            shop.runner.run(job_id)

            assert shop.runner.hand_back() == 0

        def test_does_not_ask_the_store_about_what_has_ended(self) -> None:
            shop = workshop(jobs=[print_label, print_and_crash], store=faulty("release"))
            for handler in (print_label, print_and_crash):
                shop.runner.run(shop.enqueue(handler, Label("x")))

            assert shop.runner.hand_back() == 0

        def test_gives_back_what_runs_as_if_it_had_not_begun(self) -> None:
            running, go_on = threading.Event(), threading.Event()

            @job()
            def print_slowly(label: Label, uow: UnitOfWork) -> None:
                print_once(label, uow)
                running.set()
                assert go_on.wait(LONG_ENOUGH)

            shop = workshop(jobs=[print_slowly])
            job_id = shop.enqueue(print_slowly, Label("x"))
            with ThreadPoolExecutor(1) as threads:
                run = threads.submit(shop.runner.run, job_id)
                assert running.wait(LONG_ENOUGH)

                handed_back = shop.runner.hand_back()

                given_back = found(shop, job_id)
                go_on.set()
                outcome = run.result()

            assert handed_back == 1
            assert (given_back.state, given_back.attempts) == (JobState.PENDING, 0)
            assert outcome is RunOutcome.LOST
            assert prints_in(shop) == []
