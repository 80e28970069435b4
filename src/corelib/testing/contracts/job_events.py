"""The contract of `corelib.ports.storage.Storage.tell`: what a store tells of the jobs that it changes.

No test moves a clock: `AN_HOUR` stands for what is not yet, `AT_ONCE` for what is already.
"""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest
from attrs import define, field, fields_dict

from corelib.domain.job import AttemptOutcome, Claim, JobState, NewJob, Progress
from corelib.domain.job_events import (
    AttemptFailed,
    AttemptStalled,
    AttemptTimedOut,
    JobDead,
    JobEnqueued,
    JobEvent,
    JobHandedBack,
    JobParked,
    JobProgressed,
    JobRetried,
    JobStarted,
    JobSucceeded,
    JobWasCancelled,
)
from corelib.domain.job_progress import RunReport
from corelib.domain.unique_job import OnConflict, UniqueJob, Until
from corelib.errors import LeaseLost
from corelib.ports.job_store import LOST_WORKER, TIME_IS_UP
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, transaction, undone
from corelib.testing.contracts.job_store import complete, found, stored_job
from corelib.testing.contracts.jobs_schedules import fire, put, the_due_one
from corelib.testing.contracts.jobs_unique import a_unique_job, place
from corelib.testing.contracts.samples import a_job

AN_HOUR = timedelta(hours=1)
AT_ONCE = timedelta(0)
WORKER = "host:1"


@define
class Told:
    """What a store has told.

    Args:
        events: in the order in which they came.
    """

    events: list[JobEvent] = field(factory=list)

    def of(self, new: NewJob) -> list[JobEvent]:
        """Return the events of a job, but not that it was enqueued."""
        return [event for event in self.events if event.job_id == new.id and not isinstance(event, JobEnqueued)]

    def kinds(self, new: NewJob) -> list[type[JobEvent]]:
        """Return the classes of these."""
        return [type(event) for event in self.of(new)]

    def forget(self) -> None:
        """Forget what was told so far."""
        self.events.clear()


class JobTellingContract(StoreContract):
    """Tells what happens to jobs, once it is committed."""

    port: ClassVar[str] = "Storage.tell"

    @pytest.fixture
    def told(self, storage: Storage) -> Iterator[Told]:
        """Return what the storage tells from now on."""
        told = Told()
        storage.tell(told.events.extend)
        yield told
        storage.tell(None)

    class WhenAJobIsEnqueued:
        def test_is_told_with_what_is_known_of_it(self, storage: Storage, told: Told) -> None:
            new = a_job(delay=AN_HOUR)

            with transaction(storage) as begun:
                begun.add_jobs([new])

            (event,) = told.events
            assert isinstance(event, JobEnqueued)
            assert (event.job_id, event.name, event.queue, event.attempt) == (new.id, new.name, new.queue, 0)
            assert (event.correlation_id, event.tenant) == (new.context.correlation_id, new.context.tenant)
            assert event.due_at - event.at == AN_HOUR

        def test_is_told_after_the_commit_alone(self, storage: Storage, told: Told) -> None:
            with transaction(storage) as begun:
                begun.add_jobs([a_job()])
                begun.flush()
                before = list(told.events)

            assert before == []
            assert len(told.events) == 1

        def test_is_not_told_if_it_is_rolled_back(self, storage: Storage, told: Told) -> None:
            with undone(storage) as begun:
                begun.add_jobs([a_job()])

            assert told.events == []

        def test_is_not_told_if_a_savepoint_is_rolled_back(self, storage: Storage, told: Told) -> None:
            kept, undone_one = a_job(), a_job()

            with transaction(storage) as begun:
                begun.add_jobs([kept])
                savepoint = begun.savepoint()
                begun.add_jobs([undone_one])
                savepoint.rollback()

            assert [event.job_id for event in told.events] == [kept.id]

        def test_tells_of_all_at_once_in_their_order(self, storage: Storage, told: Told) -> None:
            jobs = [a_job() for _ in range(5)]

            with transaction(storage) as begun:
                begun.add_jobs(jobs)

            assert [event.job_id for event in told.events] == [new.id for new in jobs]

        def test_tells_of_a_unique_job_that_is_new(self, storage: Storage, told: Told) -> None:
            new = a_unique_job()

            place(storage, new)

            assert [event.job_id for event in told.events] == [new.id]

        def test_tells_nothing_of_one_that_is_kept(self, storage: Storage, told: Told) -> None:
            rule = UniqueJob(until=Until.ENDED)
            first = a_unique_job(rule)
            place(storage, first)
            told.forget()

            place(storage, a_unique_job(unique=first.unique))

            assert told.events == []

        def test_tells_of_one_that_is_replaced_under_its_own_identifier(self, storage: Storage, told: Told) -> None:
            rule = UniqueJob(until=Until.STARTED, on_conflict=OnConflict.REPLACE)
            first = a_unique_job(rule)
            place(storage, first)
            told.forget()

            place(storage, a_unique_job(unique=first.unique))

            assert [(type(event), event.job_id) for event in told.events] == [(JobEnqueued, first.id)]

        def test_tells_of_those_that_schedules_enqueue(self, storage: Storage, told: Told) -> None:
            put(storage)
            by_time, by_hand = a_job(), a_job()

            fire(storage, the_due_one(storage), [by_time])
            storage.schedules.enqueue("nightly billing", by_hand)

            assert [(type(event), event.job_id) for event in told.events] == [
                (JobEnqueued, by_time.id),
                (JobEnqueued, by_hand.id),
            ]

    class WhenAJobIsClaimed:
        def test_is_told_as_started(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)

            claim = claimed_by_name(storage, new)

            (event,) = told.of(new)
            assert isinstance(event, JobStarted)
            assert (event.attempt, event.worker, event.at) == (1, WORKER, claim.job.started_at)
            assert event.due_at == claim.job.due_at
            assert event.waited >= AT_ONCE

        def test_tells_of_all_that_are_claimed_together(self, storage: Storage, told: Told) -> None:
            jobs = [stored_job(storage) for _ in range(3)]

            intake = storage.jobs.claim_due(jobs[0].queue, limit=3, worker=WORKER)

            assert len(intake.claims) == 3
            assert [told.kinds(new) for new in jobs] == [[JobStarted]] * 3

        def test_tells_of_all_that_are_claimed_as_a_batch(self, storage: Storage, told: Told) -> None:
            jobs = [stored_job(storage) for _ in range(2)]

            storage.jobs.claim_batch(jobs[0].queue, jobs[0].name, limit=5, within=AN_HOUR, worker=WORKER)

            assert [told.kinds(new) for new in jobs] == [[JobStarted]] * 2

        def test_tells_of_those_that_are_claimed_within_limits(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)
            storage.queues.limit(new.queue, concurrency=5, rate=None)

            storage.jobs.claim_due(new.queue, limit=3, worker=WORKER)

            assert told.kinds(new) == [JobStarted]

        def test_tells_nothing_if_nobody_claims_it_by_name(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)

            claim = storage.jobs.claim(new.id)
            assert claim is not None
            storage.jobs.release(claim)

            assert told.of(new) == []

        def test_tells_that_it_was_handed_back(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)

            storage.jobs.release(claimed_by_name(storage, new))

            assert told.kinds(new) == [JobStarted, JobHandedBack]
            assert told.of(new)[-1].attempt == 1

        def test_tells_that_it_was_parked(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)

            storage.jobs.park(claimed_by_name(storage, new), reason="unreadable")

            assert told.kinds(new) == [JobStarted, JobParked]
            assert value_of(told.of(new)[-1], "error") == "unreadable"

    class WhenARunTellsHowFarItIs:
        def test_is_told(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)
            claim = claimed_by_name(storage, new)

            storage.jobs.report([RunReport(claim, Progress(3, 10, "slices"))])

            event = told.of(new)[-1]
            assert isinstance(event, JobProgressed)
            assert (event.done, event.total, event.text, event.attempt) == (3, 10, "slices", 1)

        def test_is_told_before_the_end_with_which_it_is_committed(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)
            claim = claimed_by_name(storage, new)

            with transaction(storage) as begun:
                begun.report_run(RunReport(claim, Progress(1)))
                begun.complete_job(new.id, claim.token)

            assert told.kinds(new) == [JobStarted, JobProgressed, JobSucceeded]

        def test_is_not_told_if_the_claim_does_not_hold_the_job_any_more(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)
            claim = claimed_by_name(storage, new)
            storage.jobs.release(claim)

            storage.jobs.report([RunReport(claim, Progress(1))])

            assert told.kinds(new) == [JobStarted, JobHandedBack]

    class WhenAJobSucceeds:
        def test_is_told_by_the_commit_of_its_transaction(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)
            claim = claimed_by_name(storage, new)
            told.forget()

            with transaction(storage) as begun:
                begun.complete_job(new.id, claim.token)
                before = list(told.events)

            assert before == []
            (event,) = told.events
            assert isinstance(event, JobSucceeded)
            assert (event.job_id, event.name, event.attempt) == (new.id, new.name, 1)
            assert event.duration is not None
            assert event.at == found(storage, new).finished_at

        def test_is_not_told_if_that_is_rolled_back(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)
            claim = claimed_by_name(storage, new)

            with undone(storage) as begun:
                begun.complete_job(new.id, claim.token)

            assert told.kinds(new) == [JobStarted]

        def test_is_told_of_each_that_is_completed_together(self, storage: Storage, told: Told) -> None:
            jobs = [stored_job(storage) for _ in range(3)]
            claims = [claimed_by_name(storage, new) for new in jobs]
            lost = storage.jobs.release(claims[1])

            storage.jobs.complete(claims)

            assert lost
            assert [told.kinds(new)[-1] for new in jobs] == [JobSucceeded, JobHandedBack, JobSucceeded]

    class WhenAnAttemptFails:
        def test_tells_of_the_attempt_and_then_that_it_is_retried(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=2)
            claim = claimed_by_name(storage, new)
            told.forget()

            storage.jobs.retry(claim, error="boom", wait=AN_HOUR)

            failed, retried = told.of(new)
            assert type(failed) is AttemptFailed
            assert (failed.error, failed.attempt, failed.worker) == ("boom", 1, WORKER)
            assert failed.duration is not None
            assert isinstance(retried, JobRetried)
            assert (retried.attempt, retried.error, retried.due_at) == (1, "boom", found(storage, new).due_at)

        def test_tells_that_it_is_dead_if_no_attempt_is_left(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=1)

            storage.jobs.retry(claimed_by_name(storage, new), error="boom", wait=AN_HOUR)

            assert told.kinds(new) == [JobStarted, AttemptFailed, JobDead]
            assert value_of(told.of(new)[-1], "error") == "boom"

        def test_tells_that_it_is_dead_if_it_is_buried(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=9)

            storage.jobs.bury(claimed_by_name(storage, new), error="boom")

            assert told.kinds(new) == [JobStarted, AttemptFailed, JobDead]

        def test_tells_that_it_is_cancelled_if_somebody_has_asked_for_that(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=2)
            claim = claimed_by_name(storage, new)
            storage.jobs.cancel(new.id)

            storage.jobs.retry(claim, error="boom", wait=AN_HOUR)

            assert told.kinds(new) == [JobStarted, AttemptFailed, JobWasCancelled]

        def test_tells_by_another_class_that_its_time_was_up(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=2)
            claim = claimed_by_name(storage, new)

            storage.jobs.retry(claim, error="late", wait=AN_HOUR, outcome=AttemptOutcome.TIMED_OUT)

            assert told.kinds(new) == [JobStarted, AttemptTimedOut, JobRetried]

        def test_tells_nothing_if_the_claim_does_not_hold_the_job_any_more(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=2)
            claim = claimed_by_name(storage, new)
            storage.jobs.release(claim)
            told.forget()

            storage.jobs.retry(claim, error="boom", wait=AN_HOUR)
            storage.jobs.bury(claim, error="boom")
            storage.jobs.park(claim, reason="unreadable")
            storage.jobs.release(claim)
            storage.jobs.end_cancelled(claim, error="boom")
            storage.jobs.complete([claim])
            with pytest.raises(LeaseLost), transaction(storage) as begun:
                begun.complete_job(new.id, claim.token)

            assert told.events == []

    class WhenALeaseHasEnded:
        def test_tells_of_the_lost_attempt_before_the_next_one(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=2)
            claimed_by_name(storage, new, lease=AT_ONCE)
            told.forget()

            storage.jobs.claim(new.id, worker="host:2")

            stalled, retried, started = told.of(new)
            assert isinstance(stalled, AttemptStalled)
            assert (stalled.attempt, stalled.worker, stalled.error) == (1, WORKER, LOST_WORKER)
            assert isinstance(retried, JobRetried)
            assert (retried.attempt, retried.error) == (1, LOST_WORKER)
            assert isinstance(started, JobStarted)
            assert (started.attempt, started.worker) == (2, "host:2")

        def test_tells_nothing_of_a_beginning_if_it_is_only_put_back(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=2)
            claimed_by_name(storage, new, lease=AT_ONCE)
            told.forget()

            assert storage.jobs.put_back(new.id)

            assert told.kinds(new) == [AttemptStalled, JobRetried]

        def test_tells_that_it_is_dead_if_no_attempt_is_left(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=1)
            claimed_by_name(storage, new, lease=AT_ONCE)
            told.forget()

            storage.jobs.claim(new.id, worker=WORKER)

            stalled, dead = told.of(new)
            assert (type(stalled), stalled.attempt) == (AttemptStalled, 1)
            assert isinstance(dead, JobDead)
            assert dead.error == LOST_WORKER

        def test_tells_that_it_is_cancelled_if_somebody_has_asked_for_that(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=9)
            claimed_by_name(storage, new, lease=AT_ONCE)
            storage.jobs.cancel(new.id)
            told.forget()

            storage.jobs.claim(new.id, worker=WORKER)

            assert told.kinds(new) == [AttemptStalled, JobWasCancelled]

        def test_tells_by_another_class_that_the_time_was_up_too(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage, max_attempts=2, timeout=AT_ONCE)
            claimed_by_name(storage, new)
            told.forget()

            storage.jobs.claim(new.id)

            timed_out, retried = told.of(new)
            assert isinstance(timed_out, AttemptTimedOut)
            assert timed_out.error == TIME_IS_UP
            assert isinstance(retried, JobRetried)

    class WhenJobsAreSteered:
        def test_tells_that_a_job_that_waits_is_cancelled(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)

            storage.jobs.cancel(new.id)

            assert told.kinds(new) == [JobWasCancelled]

        def test_tells_nothing_yet_of_one_that_runs(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)
            claim = claimed_by_name(storage, new)

            assert storage.jobs.cancel(new.id) is JobState.RUNNING
            before = told.kinds(new)
            storage.jobs.end_cancelled(claim, error="stopped")

            assert before == [JobStarted]
            assert told.kinds(new) == [JobStarted, JobWasCancelled]
            assert value_of(told.of(new)[-1], "error") == "stopped"

        def test_tells_of_each_that_is_drained(self, storage: Storage, told: Told) -> None:
            jobs = [stored_job(storage) for _ in range(3)]

            storage.jobs.drain(jobs[0].queue, limit=2)

            assert [told.kinds(new) for new in jobs] == [[JobWasCancelled], [JobWasCancelled], []]

        def test_tells_of_dead_jobs_that_are_retried(self, storage: Storage, told: Told) -> None:
            one, another, edited = (buried(storage) for _ in range(3))
            told.forget()

            storage.jobs.retry_dead(edited.id, payload="{}")
            storage.jobs.retry_dead(one.id)
            storage.jobs.retry_many_dead()

            assert [told.kinds(new) for new in (one, another, edited)] == [[JobRetried]] * 3

        def test_tells_nothing_if_nothing_changes(self, storage: Storage, told: Told) -> None:
            new = stored_job(storage)
            complete(storage, claimed_by_name(storage, new))
            told.forget()

            storage.jobs.cancel(new.id)
            storage.jobs.retry_dead(new.id)
            storage.jobs.retry_many_dead()
            storage.jobs.drain(new.queue)

            assert told.events == []

    class WhenNobodyIsToldAnyMore:
        def test_tells_nothing(self, storage: Storage, told: Told) -> None:
            storage.tell(None)

            complete(storage, claimed_by_name(storage, stored_job(storage)))

            assert told.events == []


def claimed_by_name(storage: Storage, new: NewJob, lease: timedelta | None = None) -> Claim:
    """Claim a job as a worker does."""
    claim = storage.jobs.claim(new.id, worker=WORKER, lease=lease)
    assert claim is not None, "the job could not be claimed"
    return claim


def buried(storage: Storage) -> NewJob:
    """Store a job that is dead."""
    new = stored_job(storage)
    storage.jobs.bury(claimed_by_name(storage, new), error="boom")
    return new


def value_of(event: JobEvent, name: str) -> object:
    """Return a field of an event of some class, which must have it."""
    assert name in fields_dict(type(event)), f"a {type(event).__name__} has no {name}"
    return getattr(event, name)
