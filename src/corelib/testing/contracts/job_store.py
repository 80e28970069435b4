"""The contract of `corelib.ports.job_store.JobStore`.

No test moves a clock, since a store may go by that of its server: `an hour` stands for what is not yet, `at once` for
what is already.
"""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest

from corelib.domain.flow import NewFlow
from corelib.domain.flow_place import FlowPlace
from corelib.domain.identifiers import new_id
from corelib.domain.job import Claim, Job, JobRef, JobState, NewJob
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, claimed, store_jobs, transaction
from corelib.testing.contracts.samples import a_job
from corelib.testing.contracts.waiting import at_the_same_time

AN_HOUR = timedelta(hours=1)
AT_ONCE = timedelta(0)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
A_MOMENT = timedelta(seconds=20)
"""Longer than a test takes between two calls, shorter than an hour."""


class JobStoreContract(StoreContract):
    """Claims stored jobs and settles their runs."""

    port: ClassVar[str] = "JobStore"

    class WhenAPendingJobIsDue:
        def test_is_claimed(self, storage: Storage) -> None:
            new = stored_job(storage)

            claim = storage.jobs.claim(new.id)

            assert claim is not None
            assert (claim.job.id, claim.job.state, claim.job.payload) == (new.id, JobState.RUNNING, new.payload)

        def test_counts_an_attempt(self, storage: Storage) -> None:
            new = stored_job(storage)

            claim = claimed(storage, new.id)

            assert claim.job.attempts == 1

        def test_has_a_lease_as_long_as_the_worker_says(self, storage: Storage) -> None:
            new = stored_job(storage, timeout=2 * AN_HOUR)

            claim = storage.jobs.claim(new.id, lease=AN_HOUR)

            assert claim is not None
            assert claim.job.lease_until is not None
            assert AN_HOUR <= claim.job.lease_until - claim.job.enqueued_at < AN_HOUR + A_MOMENT

        def test_has_a_lease_as_long_as_the_time_out_by_default(self, storage: Storage) -> None:
            new = stored_job(storage, timeout=AN_HOUR)

            claim = storage.jobs.claim(new.id)

            assert claim is not None
            assert claim.job.lease_until is not None
            assert AN_HOUR <= claim.job.lease_until - claim.job.enqueued_at < AN_HOUR + A_MOMENT

        def test_says_who_runs_it_since_when_and_until_when_it_may(self, storage: Storage) -> None:
            new = stored_job(storage, timeout=AN_HOUR)

            claim = storage.jobs.claim(new.id, worker="host:1", lease=A_MOMENT)

            assert claim is not None
            job = claim.job
            assert job.worker == "host:1"
            assert job.started_at is not None
            assert job.run_until is not None
            assert timedelta(0) <= job.started_at - job.enqueued_at < A_MOMENT
            assert AN_HOUR <= job.run_until - job.enqueued_at < AN_HOUR + A_MOMENT

        def test_is_found_as_it_was_claimed(self, storage: Storage) -> None:
            new = stored_job(storage)

            claim = claimed(storage, new.id)

            assert storage.jobs.find(new.id) == claim.job

    class WhenAJobNamesATrace:
        @pytest.mark.parametrize("trace", [TRACE, f"{TRACE} vendor={'x' * 530}"], ids=["parent", "state"])
        def test_is_claimed_and_found_with_it(self, storage: Storage, trace: str) -> None:
            new = stored_job(storage, trace=trace)

            claim = claimed(storage, new.id)

            assert claim.job.trace == trace
            assert found(storage, new).trace == trace

        def test_leaves_others_without_one(self, storage: Storage) -> None:
            traced, other = a_job(trace=TRACE), a_job()

            store_jobs(storage, traced, other)
            with transaction(storage) as begun:
                begun.add_jobs([a_job(), a_job(trace=TRACE)])

            assert sorted(job.trace or "" for job in storage.jobs.list()) == ["", "", TRACE, TRACE]

    class WhenAPendingJobIsNotDue:
        def test_is_not_claimed(self, storage: Storage) -> None:
            new = stored_job(storage, delay=AN_HOUR)

            claim = storage.jobs.claim(new.id)

            assert claim is None
            assert found(storage, new).attempts == 0

    class WhenAPendingJobIsPromoted:
        def test_is_due(self, storage: Storage) -> None:
            new = stored_job(storage, delay=AN_HOUR)

            promoted = storage.jobs.promote(new.id)

            assert promoted is True
            assert claimed(storage, new.id).job.attempts == 1

        def test_is_handed_out_at_once(self, storage: Storage) -> None:
            new = stored_job(storage, delay=AN_HOUR)

            storage.jobs.promote(new.id)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [new.ref]

        def test_leaves_others_where_they_are(self, storage: Storage) -> None:
            new, other = stored_job(storage, delay=AN_HOUR), stored_job(storage, delay=AN_HOUR)
            before = found(storage, other)

            storage.jobs.promote(new.id)

            assert found(storage, other) == before

        def test_need_not_wait_for_its_backoff(self, storage: Storage) -> None:
            new = stored_job(storage)
            storage.jobs.retry(claimed(storage, new.id), error="failed", wait=AN_HOUR)

            storage.jobs.promote(new.id)

            assert claimed(storage, new.id).job.attempts == 2

    class WhenAJobThatDoesNotWaitIsPromoted:
        def test_changes_nothing_if_it_is_due(self, storage: Storage) -> None:
            new = stored_job(storage)
            before = found(storage, new)

            promoted = storage.jobs.promote(new.id)

            assert promoted is False
            assert found(storage, new) == before

        def test_changes_nothing_if_it_is_running(self, storage: Storage) -> None:
            claim = claimed(storage, stored_job(storage).id)

            promoted = storage.jobs.promote(claim.job.id)

            assert promoted is False
            assert storage.jobs.find(claim.job.id) == claim.job

        def test_changes_nothing_if_it_is_dead(self, storage: Storage) -> None:
            new = stored_job(storage)
            storage.jobs.bury(claimed(storage, new.id), error="failed")
            before = found(storage, new)

            promoted = storage.jobs.promote(new.id)

            assert promoted is False
            assert found(storage, new) == before

        def test_says_so_if_there_is_none(self, storage: Storage) -> None:
            assert storage.jobs.promote(new_id()) is False

    class WhenAJobIsRunning:
        def test_is_not_claimed_by_another(self, storage: Storage) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)

            second = storage.jobs.claim(new.id)

            assert second is None
            assert found(storage, new) == claim.job

    class WhenTheLeaseOfARunningJobHasEnded:
        def test_is_claimed_by_another(self, storage: Storage) -> None:
            new = stored_job(storage, timeout=AT_ONCE)
            first = claimed(storage, new.id)

            second = storage.jobs.claim(new.id)

            assert second is not None
            assert second.token != first.token

        def test_counts_another_attempt(self, storage: Storage) -> None:
            new = stored_job(storage, timeout=AT_ONCE)
            claimed(storage, new.id)

            second = claimed(storage, new.id)

            assert second.job.attempts == 2

    class WhenTheLeaseEndedInTheLastAttempt:
        def test_is_not_claimed(self, storage: Storage) -> None:
            new = abandoned_in_the_last_attempt(storage)

            assert storage.jobs.claim(new.id) is None

        def test_is_dead(self, storage: Storage) -> None:
            new = abandoned_in_the_last_attempt(storage)

            storage.jobs.claim(new.id)

            job = found(storage, new)
            assert (job.state, job.attempts, job.lease_until) == (JobState.DEAD, 2, None)
            assert job.finished_at is not None
            assert job.error

        def test_is_not_handed_out_any_more(self, storage: Storage) -> None:
            new = abandoned_in_the_last_attempt(storage)
            storage.jobs.claim(new.id)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []

    class WhenAJobHasEnded:
        def test_is_not_claimed_if_it_succeeded(self, storage: Storage) -> None:
            new = stored_job(storage)
            complete(storage, claimed(storage, new.id))

            assert storage.jobs.claim(new.id) is None

        def test_is_not_claimed_if_it_is_dead(self, storage: Storage) -> None:
            new = stored_job(storage)
            storage.jobs.bury(claimed(storage, new.id), error="given up")

            assert storage.jobs.claim(new.id) is None

    class WhenAJobDoesNotExist:
        def test_is_not_claimed(self, storage: Storage) -> None:
            assert storage.jobs.claim(new_id()) is None

        def test_is_not_found(self, storage: Storage) -> None:
            assert storage.jobs.find(new_id()) is None

    class WhenManyClaimTheSameJob:
        @pytest.mark.parametrize("claimants", [2, 8])
        def test_gives_it_to_exactly_one(self, storage: Storage, claimants: int) -> None:
            new = stored_job(storage)

            claims = at_the_same_time(*[lambda: storage.jobs.claim(new.id)] * claimants)

            (won,) = [claim for claim in claims if claim is not None]
            assert found(storage, new) == won.job
            assert won.job.attempts == 1

        def test_gives_it_to_exactly_one_when_its_worker_was_lost(self, storage: Storage) -> None:
            """The lease of the second claim has ended at once as well, but there is no third attempt to be won."""
            abandoned = [stored_job(storage, timeout=AT_ONCE, max_attempts=2) for _ in range(3)]
            for new in abandoned:
                claimed(storage, new.id)

            for new in abandoned:
                claims = at_the_same_time(*[lambda new=new: storage.jobs.claim(new.id)] * 2)

                assert len([claim for claim in claims if claim is not None]) == 1
                assert found(storage, new).attempts == 2

        def test_lets_nobody_wait_for_another_job(self, storage: Storage) -> None:
            jobs = [stored_job(storage) for _ in range(8)]

            claims = at_the_same_time(*(lambda new=new: storage.jobs.claim(new.id) for new in jobs))

            assert [claim.job.id for claim in claims if claim is not None] == [new.id for new in jobs]

    class WhenARunIsToBeRepeated:
        def test_is_pending_again(self, storage: Storage) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)

            kept = storage.jobs.retry(claim, error="GatewayTimeout: no answer", wait=AN_HOUR)

            job = found(storage, new)
            assert kept is True
            assert (job.state, job.attempts, job.lease_until) == (JobState.PENDING, 1, None)
            assert (job.error, job.finished_at) == ("GatewayTimeout: no answer", None)

        def test_is_due_after_the_wait(self, storage: Storage) -> None:
            new = stored_job(storage)

            storage.jobs.retry(claimed(storage, new.id), error="failed", wait=AN_HOUR)

            job = found(storage, new)
            assert AN_HOUR <= job.due_at - job.enqueued_at < AN_HOUR + A_MOMENT
            assert storage.jobs.claim(new.id) is None

        def test_can_be_claimed_at_once_without_a_wait(self, storage: Storage) -> None:
            new = stored_job(storage)
            storage.jobs.retry(claimed(storage, new.id), error="failed", wait=AT_ONCE)

            claim = storage.jobs.claim(new.id)

            assert claim is not None
            assert (claim.job.attempts, claim.job.error) == (2, "failed")

        def test_takes_an_error_of_any_length(self, storage: Storage) -> None:
            new = stored_job(storage)

            storage.jobs.retry(claimed(storage, new.id), error="failed " * 1000, wait=AT_ONCE)

            error = found(storage, new).error
            assert error is not None
            assert error.startswith("failed failed")

    class WhenAJobIsToBeRetriedThatHasNoAttemptLeft:
        def test_is_dead(self, storage: Storage) -> None:
            new = stored_job(storage, max_attempts=1)

            kept = storage.jobs.retry(claimed(storage, new.id), error="failed for good", wait=AT_ONCE)

            job = found(storage, new)
            assert kept is True
            assert (job.state, job.error) == (JobState.DEAD, "failed for good")

    class WhenAJobIsBuried:
        def test_is_dead(self, storage: Storage) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)

            kept = storage.jobs.bury(claim, error="out of attempts")

            job = found(storage, new)
            assert kept is True
            assert (job.state, job.attempts, job.lease_until) == (JobState.DEAD, 1, None)
            assert job.error == "out of attempts"
            assert job.finished_at is not None

        def test_stands_in_the_dead_letter_list(self, storage: Storage) -> None:
            new, other = stored_job(storage), stored_job(storage)

            storage.jobs.bury(claimed(storage, new.id), error="out of attempts")

            assert [job.id for job in storage.jobs.list(state=JobState.DEAD)] == [new.id]
            assert found(storage, other).state is JobState.PENDING

        def test_takes_an_error_of_any_length(self, storage: Storage) -> None:
            new = stored_job(storage)

            storage.jobs.bury(claimed(storage, new.id), error="failed " * 1000)

            error = found(storage, new).error
            assert error is not None
            assert error.startswith("failed failed")

    class WhenAJobIsReleased:
        def test_is_as_if_the_attempt_had_not_begun(self, storage: Storage) -> None:
            new = stored_job(storage)
            before = found(storage, new)

            kept = storage.jobs.release(claimed(storage, new.id))

            assert kept is True
            assert found(storage, new) == before

        def test_can_be_claimed_at_once(self, storage: Storage) -> None:
            new = stored_job(storage)
            storage.jobs.release(claimed(storage, new.id))

            assert claimed(storage, new.id).job.attempts == 1

        def test_is_handed_out_at_once(self, storage: Storage) -> None:
            new = stored_job(storage)
            storage.jobs.release(claimed(storage, new.id))

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [new.ref]

        def test_keeps_how_an_earlier_attempt_failed(self, storage: Storage) -> None:
            new = stored_job(storage)
            storage.jobs.retry(claimed(storage, new.id), error="the first attempt failed", wait=AT_ONCE)

            storage.jobs.release(claimed(storage, new.id))

            job = found(storage, new)
            assert (job.attempts, job.error) == (1, "the first attempt failed")

    class WhenAClaimHasLostItsJob:
        @staticmethod
        def settle(storage: Storage, claim: Claim, how: str) -> bool:
            """Say the word about a run."""
            if how == "retry":
                return storage.jobs.retry(claim, error="failed", wait=AN_HOUR)
            return storage.jobs.bury(claim, error="failed") if how == "bury" else storage.jobs.release(claim)

        @pytest.mark.parametrize("how", ["retry", "bury", "release"])
        def test_changes_nothing_if_another_took_it_over(self, storage: Storage, how: str) -> None:
            new = stored_job(storage, timeout=AT_ONCE)
            stale = claimed(storage, new.id)
            current = claimed(storage, new.id)

            kept = self.settle(storage, stale, how)

            assert kept is False
            assert found(storage, new) == current.job

        @pytest.mark.parametrize("how", ["retry", "bury", "release"])
        @pytest.mark.parametrize("before", ["retry", "bury", "release"])
        def test_changes_nothing_if_it_was_settled_before(self, storage: Storage, before: str, how: str) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)
            self.settle(storage, claim, before)
            settled = found(storage, new)

            kept = self.settle(storage, claim, how)

            assert kept is False
            assert found(storage, new) == settled

        @pytest.mark.parametrize("how", ["retry", "bury", "release"])
        def test_changes_nothing_if_the_job_succeeded(self, storage: Storage, how: str) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)
            complete(storage, claim)
            succeeded = found(storage, new)

            kept = self.settle(storage, claim, how)

            assert kept is False
            assert found(storage, new) == succeeded

    class WhenJobsWaitForAWorker:
        def test_leaves_those_out_that_were_enqueued_just_now(self, storage: Storage) -> None:
            stored_job(storage)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []

        def test_leaves_those_out_that_are_not_due(self, storage: Storage) -> None:
            delayed = stored_job(storage, delay=AN_HOUR)
            retried = stored_job(storage)
            storage.jobs.retry(claimed(storage, retried.id), error="failed", wait=AN_HOUR)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []
            assert found(storage, delayed).state is JobState.PENDING

        def test_leaves_those_out_that_are_running(self, storage: Storage) -> None:
            claimed(storage, stored_job(storage).id)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []

        def test_leaves_those_out_that_have_ended(self, storage: Storage) -> None:
            complete(storage, claimed(storage, stored_job(storage).id))
            storage.jobs.bury(claimed(storage, stored_job(storage).id), error="given up")
            storage.jobs.forget_announcements()

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []

        def test_hands_out_those_whose_wait_is_over(self, storage: Storage) -> None:
            new = stored_job(storage, queue="mail")
            storage.jobs.retry(claimed(storage, new.id), error="failed", wait=AT_ONCE)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [JobRef(new.id, "mail")]

        def test_hands_out_those_whose_worker_was_lost(self, storage: Storage) -> None:
            new = stored_job(storage, timeout=AT_ONCE)
            claimed(storage, new.id)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [new.ref]

        def test_keeps_away_from_what_was_handed_out(self, storage: Storage) -> None:
            waiting_jobs(storage, 1)
            storage.jobs.wake(limit=10, again_after=AN_HOUR)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []

        def test_hands_out_again_what_nobody_began_in_time(self, storage: Storage) -> None:
            (new,) = waiting_jobs(storage, 1)
            storage.jobs.wake(limit=10, again_after=AT_ONCE)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [new.ref]

        def test_does_not_claim_what_it_hands_out(self, storage: Storage) -> None:
            (new,) = waiting_jobs(storage, 1)
            before = found(storage, new)

            storage.jobs.wake(limit=10, again_after=AN_HOUR)

            assert found(storage, new) == before
            assert storage.jobs.claim(new.id) is not None

        def test_hands_out_the_oldest_first(self, storage: Storage) -> None:
            jobs = waiting_jobs(storage, 5)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [new.ref for new in jobs]

        def test_hands_out_no_more_than_the_limit(self, storage: Storage) -> None:
            jobs = waiting_jobs(storage, 5)

            portions = [storage.jobs.wake(limit=2, again_after=AN_HOUR) for _ in range(4)]

            assert [len(portion) for portion in portions] == [2, 2, 1, 0]
            assert [ref for portion in portions for ref in portion] == [new.ref for new in jobs]

        def test_hands_each_to_one_of_many_callers(self, storage: Storage) -> None:
            jobs = waiting_jobs(storage, 60)

            def sweep() -> list[JobRef]:
                refs: list[JobRef] = []
                while portion := storage.jobs.wake(limit=7, again_after=AN_HOUR):
                    refs += portion
                return refs

            swept = [ref for refs in at_the_same_time(*[sweep] * 4) for ref in refs]
            rest = sweep()  # one that met another in the same portion may have gone away empty-handed

            assert sorted(ref.id for ref in [*swept, *rest]) == [new.id for new in jobs]

    class WhenAnnouncementsAreForgotten:
        def test_hands_out_what_was_enqueued_just_now(self, storage: Storage) -> None:
            first, second = stored_job(storage), stored_job(storage)

            count = storage.jobs.forget_announcements()

            assert count == 2
            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [first.ref, second.ref]

        def test_hands_out_again_what_was_handed_out(self, storage: Storage) -> None:
            (new,) = waiting_jobs(storage, 1)
            storage.jobs.wake(limit=10, again_after=AN_HOUR)

            count = storage.jobs.forget_announcements()

            assert count == 1
            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [new.ref]

        def test_concerns_pending_jobs_that_are_due_and_no_others(self, storage: Storage) -> None:
            stored_job(storage, delay=AN_HOUR)
            claimed(storage, stored_job(storage).id)
            complete(storage, claimed(storage, stored_job(storage).id))
            storage.jobs.bury(claimed(storage, stored_job(storage).id), error="given up")

            count = storage.jobs.forget_announcements()

            assert count == 0
            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []

    class WhenJobsAreListed:
        def test_gives_the_oldest_first(self, storage: Storage) -> None:
            jobs = [stored_job(storage) for _ in range(4)]

            assert [job.id for job in storage.jobs.list()] == [new.id for new in jobs]

        def test_gives_no_more_than_the_limit(self, storage: Storage) -> None:
            jobs = [stored_job(storage) for _ in range(4)]

            assert [job.id for job in storage.jobs.list(limit=2)] == [new.id for new in jobs[:2]]

        def test_gives_those_of_a_state(self, storage: Storage) -> None:
            jobs = one_in_each_state(storage)

            listed = {state: [job.id for job in storage.jobs.list(state=state)] for state in JobState}

            assert listed == {state: [new.id] for state, new in jobs.items()}

        def test_gives_each_as_it_is_found(self, storage: Storage) -> None:
            jobs = one_in_each_state(storage)

            assert list(storage.jobs.list()) == [found(storage, new) for new in jobs.values()]

        def test_gives_nothing_of_an_empty_store(self, storage: Storage) -> None:
            assert list(storage.jobs.list()) == []

    class WhenJobsAreStreamed:
        @pytest.mark.parametrize("batch", [1, 2, 5, 500])
        def test_gives_them_all_oldest_first(self, storage: Storage, batch: int) -> None:
            jobs = [stored_job(storage) for _ in range(5)]

            assert [job.id for job in storage.jobs.stream(batch=batch)] == [new.id for new in jobs]

        def test_gives_those_of_a_state(self, storage: Storage) -> None:
            jobs = one_in_each_state(storage)

            assert [job.id for job in storage.jobs.stream(state=JobState.DEAD)] == [jobs[JobState.DEAD].id]

        def test_can_be_left_before_the_end(self, storage: Storage) -> None:
            jobs = [stored_job(storage) for _ in range(3)]

            first = next(storage.jobs.stream(batch=1))

            assert first.id == jobs[0].id
            assert storage.jobs.count()[JobState.PENDING] == 3

        def test_lets_jobs_be_settled_meanwhile(self, storage: Storage) -> None:
            jobs = [stored_job(storage) for _ in range(4)]

            buried = [storage.jobs.bury(claimed(storage, job.id), error="all") for job in storage.jobs.stream(batch=2)]

            assert buried == [True] * len(jobs)
            assert storage.jobs.count()[JobState.DEAD] == len(jobs)

    class WhenJobsAreCounted:
        def test_names_every_state_also_of_an_empty_store(self, storage: Storage) -> None:
            assert storage.jobs.count() == dict.fromkeys(JobState, 0)

        def test_counts_each_in_its_state(self, storage: Storage) -> None:
            one_in_each_state(storage)
            stored_job(storage)

            assert storage.jobs.count() == {
                JobState.PENDING: 2,
                JobState.RUNNING: 1,
                JobState.WAITING: 1,
                JobState.SUCCEEDED: 1,
                JobState.DEAD: 1,
                JobState.CANCELLED: 1,
                JobState.PARKED: 1,
            }


def stored_job(storage: Storage, **fields: object) -> NewJob:
    """Store a job of its own and return it."""
    new = a_job(**fields)
    store_jobs(storage, new)
    return new


def waiting_jobs(storage: Storage, count: int) -> list[NewJob]:
    """Store jobs that wait for a worker, with no message under way for them."""
    jobs = [a_job() for _ in range(count)]
    store_jobs(storage, *jobs)
    storage.jobs.forget_announcements()
    return jobs


def abandoned_in_the_last_attempt(storage: Storage) -> NewJob:
    """Store a job of two attempts whose workers were both lost."""
    new = stored_job(storage, timeout=AT_ONCE, max_attempts=2)
    claimed(storage, new.id)
    claimed(storage, new.id)
    return new


def one_in_each_state(storage: Storage) -> dict[JobState, NewJob]:
    """Store as many jobs as there are states, and bring all but one into the states other than pending."""
    pending = stored_job(storage)
    running, waiting = stored_chain(storage, 2)
    succeeded, dead, cancelled, parked = [stored_job(storage) for _ in range(4)]
    claimed(storage, running.id)
    complete(storage, claimed(storage, succeeded.id))
    storage.jobs.bury(claimed(storage, dead.id), error="given up")
    storage.jobs.cancel(cancelled.id)
    storage.jobs.park(claimed(storage, parked.id), reason="unreadable")
    return {
        JobState.PENDING: pending,
        JobState.RUNNING: running,
        JobState.WAITING: waiting,
        JobState.SUCCEEDED: succeeded,
        JobState.DEAD: dead,
        JobState.CANCELLED: cancelled,
        JobState.PARKED: parked,
    }


def stored_chain(storage: Storage, length: int) -> list[NewJob]:
    """Store a flow of jobs each of which waits for the one before."""
    flow_id = new_id()
    places = [
        FlowPlace(flow_id, number, number - 1 if number else None, number if number < length - 1 else None)
        for number in range(length)
    ]
    jobs = [a_job(place=place) for place in places]
    with transaction(storage) as begun:
        begun.add_flow(NewFlow(flow_id, jobs))
    return jobs


def complete(storage: Storage, claim: Claim) -> None:
    """Mark a claimed job as succeeded."""
    with transaction(storage) as begun:
        begun.complete_job(claim.job.id, claim.token)


def found(storage: Storage, new: NewJob) -> Job:
    """Return a job as the store holds it."""
    job = storage.jobs.find(new.id)
    assert job is not None, "the job is not there"
    return job
