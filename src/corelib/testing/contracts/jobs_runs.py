"""The contract of `corelib.ports.job_runs.JobRuns`: heartbeats, time-outs, parking, cancelled runs, attempts.

No test moves a clock: `AN_HOUR` stands for what is not yet, `AT_ONCE` for what is already.
"""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest

from corelib.domain.identifiers import new_id
from corelib.domain.job import AttemptOutcome, Claim, Job, JobAttempt, JobState
from corelib.errors import LeaseLost
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, claimed, transaction
from corelib.testing.contracts.job_store import A_MOMENT, AN_HOUR, AT_ONCE, complete, stored_job
from corelib.testing.contracts.waiting import at_the_same_time


class JobRunsContract(StoreContract):
    """Keeps, parks and cancels the runs of jobs, and remembers their attempts."""

    port: ClassVar[str] = "JobRuns"

    class WhenAHeartbeatIsSent:
        def test_moves_the_end_of_the_lease(self, storage: Storage) -> None:
            claim = held(storage, lease=AT_ONCE, timeout=2 * AN_HOUR)

            answer = storage.jobs.heartbeat([claim], lease=AN_HOUR)

            assert answer == {claim.token: False}
            assert AN_HOUR <= lease_of(storage, claim) < AN_HOUR + A_MOMENT

        def test_keeps_others_from_the_job(self, storage: Storage) -> None:
            claim = held(storage, lease=AT_ONCE)

            storage.jobs.heartbeat([claim], lease=A_MOMENT)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []
            assert storage.jobs.claim(claim.job.id) is None

        def test_leaves_out_a_run_whose_time_is_up(self, storage: Storage) -> None:
            claim = held(storage, timeout=AT_ONCE, lease=A_MOMENT)

            answer = storage.jobs.heartbeat([claim], lease=AN_HOUR)

            assert answer == {}
            assert job_of(storage, claim) == claim.job

        def test_keeps_all_runs_that_it_names_and_no_other(self, storage: Storage) -> None:
            first, second, other = (held(storage, lease=AT_ONCE) for _ in range(3))

            answer = storage.jobs.heartbeat([first, second], lease=A_MOMENT)

            assert answer == {first.token: False, second.token: False}
            assert storage.jobs.claim(first.job.id) is None
            assert storage.jobs.claim(second.job.id) is None
            assert storage.jobs.claim(other.job.id) is not None

        def test_leaves_out_a_run_that_has_lost_its_job(self, storage: Storage) -> None:
            lost, kept = held(storage, lease=AT_ONCE), held(storage)
            current = claimed(storage, lost.job.id)

            answer = storage.jobs.heartbeat([lost, kept], lease=AN_HOUR)

            assert answer == {kept.token: False}
            assert storage.jobs.find(lost.job.id) == current.job

        def test_leaves_out_a_run_that_has_ended(self, storage: Storage) -> None:
            claim = held(storage)
            complete(storage, claim)

            assert storage.jobs.heartbeat([claim], lease=AN_HOUR) == {}

        def test_tells_which_jobs_are_to_be_cancelled(self, storage: Storage) -> None:
            wanted, other = held(storage), held(storage)
            storage.jobs.cancel(wanted.job.id)

            answer = storage.jobs.heartbeat([wanted, other], lease=AN_HOUR)

            assert answer == {wanted.token: True, other.token: False}

        def test_needs_no_runs(self, storage: Storage) -> None:
            assert storage.jobs.heartbeat([], lease=AN_HOUR) == {}

        def test_can_be_sent_by_many_at_once(self, storage: Storage) -> None:
            claims = [held(storage) for _ in range(8)]

            answers = at_the_same_time(
                *(lambda half=half: storage.jobs.heartbeat(half, lease=AN_HOUR) for half in (claims[:4], claims[4:]))
            )

            assert [set(answer) for answer in answers] == [{c.token for c in claims[:4]}, {c.token for c in claims[4:]}]

    class WhenTheTimeOfARunIsUp:
        def test_cannot_be_completed(self, storage: Storage) -> None:
            claim = held(storage, timeout=AT_ONCE)

            with pytest.raises(LeaseLost), transaction(storage) as begun:
                begun.complete_job(claim.job.id, claim.token)

            assert storage.jobs.find(claim.job.id) == claim.job

        def test_is_settled_as_timed_out(self, storage: Storage) -> None:
            claim = held(storage, timeout=AT_ONCE, max_attempts=2)

            kept = storage.jobs.retry(
                claim, error="too long", wait=AN_HOUR, traceback="Where", outcome=AttemptOutcome.TIMED_OUT
            )

            assert kept is True
            (attempt,) = storage.jobs.attempts(claim.job.id)
            assert (attempt.outcome, attempt.traceback) == (AttemptOutcome.TIMED_OUT, "Where")

        def test_is_recorded_by_whoever_takes_it_over(self, storage: Storage) -> None:
            claim = held(storage, timeout=AT_ONCE, max_attempts=2)

            claimed(storage, claim.job.id)

            first, _ = storage.jobs.attempts(claim.job.id)
            assert first.outcome is AttemptOutcome.TIMED_OUT
            assert first.error

    class WhenAWorkerDied:
        def test_records_its_attempt_as_stalled(self, storage: Storage) -> None:
            claim = held(storage, lease=AT_ONCE, worker="dead:1")

            storage.jobs.claim(claim.job.id, worker="alive:2")

            first, second = storage.jobs.attempts(claim.job.id)
            assert (first.attempt, first.outcome, first.worker) == (1, AttemptOutcome.STALLED, "dead:1")
            assert first.started_at == claim.job.started_at
            assert first.ended_at is not None
            assert first.error == job_of(storage, claim).error
            assert (second.attempt, second.outcome, second.worker) == (2, AttemptOutcome.RUNNING, "alive:2")

        def test_ends_the_job_in_its_last_attempt(self, storage: Storage) -> None:
            claim = held(storage, lease=AT_ONCE, max_attempts=1)

            assert storage.jobs.claim(claim.job.id) is None

            assert job_of(storage, claim).state is JobState.DEAD
            (attempt,) = storage.jobs.attempts(claim.job.id)
            assert attempt.outcome is AttemptOutcome.STALLED

        def test_cancels_the_job_if_that_was_asked_for(self, storage: Storage) -> None:
            claim = held(storage, lease=AT_ONCE)
            storage.jobs.cancel(claim.job.id)

            assert storage.jobs.claim(claim.job.id) is None

            assert job_of(storage, claim).state is JobState.CANCELLED

        def test_is_taken_over_and_recorded_once_by_many(self, storage: Storage) -> None:
            claim = held(storage, lease=AT_ONCE)

            claims = at_the_same_time(*[lambda: storage.jobs.claim(claim.job.id, lease=AN_HOUR)] * 6)

            assert len([each for each in claims if each is not None]) == 1
            assert outcomes(storage, claim) == [AttemptOutcome.STALLED, AttemptOutcome.RUNNING]

    class WhenAJobIsPutBackWhoseWorkerDied:
        def test_waits_for_a_worker_and_the_attempt_is_recorded(self, storage: Storage) -> None:
            lost = held(storage, lease=AT_ONCE)

            assert storage.jobs.put_back(lost.job.id)

            job = job_of(storage, lost)
            assert (job.state, job.attempts, job.worker, job.lease_until) == (JobState.PENDING, 1, None, None)
            assert outcomes(storage, lost) == [AttemptOutcome.STALLED]
            assert claimed(storage, lost.job.id).job.attempts == 2

        def test_is_dead_if_no_attempt_is_left(self, storage: Storage) -> None:
            lost = held(storage, lease=AT_ONCE, max_attempts=1)

            assert not storage.jobs.put_back(lost.job.id)

            assert job_of(storage, lost).state is JobState.DEAD
            assert outcomes(storage, lost) == [AttemptOutcome.STALLED]

        def test_is_cancelled_if_somebody_asked_for_that(self, storage: Storage) -> None:
            lost = held(storage, lease=AT_ONCE)
            storage.jobs.cancel(lost.job.id)

            assert not storage.jobs.put_back(lost.job.id)

            assert job_of(storage, lost).state is JobState.CANCELLED

        def test_is_put_back_by_one_only(self, storage: Storage) -> None:
            lost = held(storage, lease=AT_ONCE)

            answers = at_the_same_time(*[lambda: storage.jobs.put_back(lost.job.id)] * 3)

            assert sorted(answers) == [False, False, True]
            assert outcomes(storage, lost) == [AttemptOutcome.STALLED]

        def test_stays_as_it_is_while_its_lease_holds_or_if_it_waits_already(self, storage: Storage) -> None:
            kept = held(storage)
            waiting = stored_job(storage)

            assert not storage.jobs.put_back(kept.job.id)
            assert not storage.jobs.put_back(waiting.id)
            assert not storage.jobs.put_back(new_id())

            assert job_of(storage, kept) == kept.job
            assert storage.jobs.attempts(waiting.id) == []

    class WhenARunHasFailed:
        def test_is_remembered_with_error_and_traceback(self, storage: Storage) -> None:
            claim = held(storage, worker="host:7")

            storage.jobs.retry(claim, error="ZeroDivisionError: no", wait=AT_ONCE, traceback="Traceback ...\n  no")

            (attempt,) = storage.jobs.attempts(claim.job.id)
            assert attempt == JobAttempt(
                job_id=claim.job.id,
                attempt=1,
                outcome=AttemptOutcome.FAILED,
                worker="host:7",
                started_at=claim.job.started_at,
                ended_at=attempt.ended_at,
                error="ZeroDivisionError: no",
                traceback="Traceback ...\n  no",
            )
            assert attempt.ended_at is not None

        def test_is_remembered_of_all_attempts(self, storage: Storage) -> None:
            claim = held(storage, max_attempts=3)
            storage.jobs.retry(claim, error="first", wait=AT_ONCE)
            storage.jobs.retry(claimed(storage, claim.job.id), error="second", wait=AT_ONCE)

            storage.jobs.bury(claimed(storage, claim.job.id), error="third", traceback="Traceback")

            attempts = storage.jobs.attempts(claim.job.id)
            assert [(each.attempt, each.error) for each in attempts] == [(1, "first"), (2, "second"), (3, "third")]
            assert attempts[-1].traceback == "Traceback"

        def test_takes_a_traceback_of_any_length(self, storage: Storage) -> None:
            claim = held(storage)

            storage.jobs.bury(claim, error="failed", traceback="\u00e4" * 20_000)

            (attempt,) = storage.jobs.attempts(claim.job.id)
            assert attempt.traceback == "\u00e4" * 20_000

        def test_is_not_remembered_of_a_run_that_has_lost_its_job(self, storage: Storage) -> None:
            lost = held(storage, lease=AT_ONCE)
            claimed(storage, lost.job.id)

            storage.jobs.retry(lost, error="failed", wait=AT_ONCE)

            assert outcomes(storage, lost) == [AttemptOutcome.STALLED, AttemptOutcome.RUNNING]

        def test_is_not_retried_if_somebody_asked_to_cancel_it(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.cancel(claim.job.id)

            storage.jobs.retry(claim, error="failed", wait=AT_ONCE)

            job = job_of(storage, claim)
            assert (job.state, job.error) == (JobState.CANCELLED, "failed")
            assert job.finished_at is not None
            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []

    class WhenARunHasSucceeded:
        def test_has_that_as_its_last_attempt(self, storage: Storage) -> None:
            claim = held(storage, worker="host:7")

            complete(storage, claim)

            job = job_of(storage, claim)
            assert storage.jobs.attempts(claim.job.id) == [
                JobAttempt(job.id, 1, AttemptOutcome.SUCCEEDED, "host:7", job.started_at, job.finished_at)
            ]

    class WhenARunIsHandedBack:
        def test_is_no_attempt(self, storage: Storage) -> None:
            claim = held(storage)

            storage.jobs.release(claim)

            assert storage.jobs.attempts(claim.job.id) == []

        def test_is_cancelled_if_somebody_asked_for_that(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.cancel(claim.job.id)

            storage.jobs.release(claim)

            assert job_of(storage, claim).state is JobState.CANCELLED

    class WhenARunStopsBecauseItsJobWasCancelled:
        def test_is_cancelled(self, storage: Storage) -> None:
            claim = held(storage)

            kept = storage.jobs.end_cancelled(claim, error="JobCancelled: stopped")

            job = job_of(storage, claim)
            assert kept is True
            assert (job.state, job.error, job.lease_until) == (JobState.CANCELLED, "JobCancelled: stopped", None)
            assert job.finished_at is not None
            assert outcomes(storage, claim) == [AttemptOutcome.CANCELLED]

        def test_changes_nothing_if_it_has_lost_its_job(self, storage: Storage) -> None:
            lost = held(storage, lease=AT_ONCE)
            current = claimed(storage, lost.job.id)

            kept = storage.jobs.end_cancelled(lost, error="JobCancelled: stopped")

            assert kept is False
            assert storage.jobs.find(lost.job.id) == current.job

    class WhenAJobIsParked:
        def test_waits_with_the_reason_as_if_the_attempt_had_not_begun(self, storage: Storage) -> None:
            claim = held(storage)

            kept = storage.jobs.park(claim, reason="UnknownJob: nobody knows it")

            job = job_of(storage, claim)
            assert kept is True
            assert (job.state, job.attempts, job.worker) == (JobState.PARKED, 0, None)
            assert (job.error, job.finished_at) == ("UnknownJob: nobody knows it", None)
            assert storage.jobs.attempts(claim.job.id) == []

        def test_is_neither_claimed_nor_handed_out(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.park(claim, reason="unreadable")

            storage.jobs.forget_announcements()

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []
            assert storage.jobs.claim(claim.job.id) is None

        def test_changes_nothing_if_the_run_has_lost_its_job(self, storage: Storage) -> None:
            lost = held(storage, lease=AT_ONCE)
            current = claimed(storage, lost.job.id)

            kept = storage.jobs.park(lost, reason="unreadable")

            assert kept is False
            assert storage.jobs.find(lost.job.id) == current.job

        @pytest.mark.parametrize("batch", [1, 500])
        def test_is_found_by_its_name(self, storage: Storage, batch: int) -> None:
            first, second, other = parked(storage, "a"), parked(storage, "b"), parked(storage, "c")
            held(storage, name="a")

            jobs = list(storage.jobs.parked(["b", "a", "unused"], batch=batch))

            assert [job.id for job in jobs] == [first.id, second.id]
            assert found_job(storage, other).state is JobState.PARKED

        def test_is_not_found_without_a_name(self, storage: Storage) -> None:
            parked(storage, "a")

            assert list(storage.jobs.parked([])) == []

        def test_can_be_unparked(self, storage: Storage) -> None:
            first, second, other = parked(storage, "a"), parked(storage, "a"), parked(storage, "a")

            count = storage.jobs.unpark([first.id, second.id, new_id()])

            assert count == 2
            assert {ref.id for ref in storage.jobs.wake(limit=10, again_after=AN_HOUR)} == {first.id, second.id}
            assert claimed(storage, first.id).job.attempts == 1
            assert found_job(storage, other).state is JobState.PARKED

        def test_can_be_unparked_once_only(self, storage: Storage) -> None:
            job = parked(storage, "a")
            storage.jobs.unpark([job.id])

            assert storage.jobs.unpark([job.id]) == 0
            assert storage.jobs.unpark([]) == 0

    class WhenAJobDoesNotExist:
        def test_has_no_attempts(self, storage: Storage) -> None:
            assert storage.jobs.attempts(new_id()) == []


def held(storage: Storage, *, lease: timedelta | None = None, worker: str | None = None, **fields: object) -> Claim:
    """Store a job and claim it."""
    claim = storage.jobs.claim(stored_job(storage, **fields).id, worker=worker, lease=lease)
    assert claim is not None, "the job could not be claimed"
    return claim


def parked(storage: Storage, name: str) -> Job:
    """Store a job of this name and park it."""
    claim = held(storage, name=name)
    storage.jobs.park(claim, reason="unreadable")
    return found_job(storage, claim.job)


def job_of(storage: Storage, claim: Claim) -> Job:
    """Return a claimed job as the store holds it now."""
    return found_job(storage, claim.job)


def found_job(storage: Storage, job: Job) -> Job:
    """Return a job as the store holds it now."""
    current = storage.jobs.find(job.id)
    assert current is not None, "the job is not there"
    return current


def lease_of(storage: Storage, claim: Claim) -> timedelta:
    """Return how long after its beginning the lease of a run ends."""
    job = job_of(storage, claim)
    assert job.lease_until is not None, "the job has no lease"
    assert job.started_at is not None, "the job was not begun"
    return job.lease_until - job.started_at


def outcomes(storage: Storage, claim: Claim) -> list[AttemptOutcome]:
    """Return how the attempts of a job ended."""
    return [attempt.outcome for attempt in storage.jobs.attempts(claim.job.id)]
