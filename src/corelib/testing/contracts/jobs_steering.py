"""The contract of `corelib.ports.job_steering.JobSteering`: what people and programs decide about stored jobs."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import timedelta, timezone
from typing import ClassVar

import pytest

from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import FINAL_STATES, AttemptOutcome, Job, JobState, NewJob
from corelib.domain.job_queues import UNFINISHED, QueueDepth
from corelib.errors import MisuseError
from corelib.ports.job_steering import JobFilter
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, claimed, store_jobs
from corelib.testing.contracts.job_store import AN_HOUR, AT_ONCE, complete, found, one_in_each_state, stored_job
from corelib.testing.contracts.waiting import at_the_same_time

A_MILLISECOND = timedelta(milliseconds=1)
TWO_HUNDRED_YEARS = timedelta(days=200 * 365)
UNENDED = [state for state in JobState if state not in FINAL_STATES]


def depth_of(storage: Storage, queue: str) -> QueueDepth | None:
    """Return how deep a queue is, or None if it is not there."""
    return next((depth for depth in storage.jobs.depths(time_limit=AN_HOUR) if depth.queue == queue), None)


class JobSteeringContract(StoreContract):
    """Cancels, revives, discards and purges jobs."""

    port: ClassVar[str] = "JobSteering"

    class WhenQueuesAreMeasured:
        def test_counts_what_is_still_to_be_done(self, storage: Storage) -> None:
            stored_job(storage, queue="deep")
            stored_job(storage, queue="deep", delay=AN_HOUR)
            claimed(storage, stored_job(storage, queue="deep").id)
            storage.jobs.bury(claimed(storage, stored_job(storage, queue="deep").id), error="boom")

            depth = depth_of(storage, "deep")

            assert depth is not None
            counts = [depth.jobs[state] for state in (JobState.PENDING, JobState.RUNNING, JobState.DEAD)]
            assert (counts, depth.jobs[JobState.PARKED]) == ([2, 1, 1], 0)
            assert depth.due == 1
            assert timedelta(0) <= depth.oldest_due < AN_HOUR

        def test_does_not_look_at_what_has_succeeded_or_was_cancelled(self, storage: Storage) -> None:
            complete(storage, claimed(storage, stored_job(storage, queue="done").id))
            storage.jobs.cancel(stored_job(storage, queue="done").id)

            assert depth_of(storage, "done") is None

        def test_finds_nothing_due_among_those_that_wait_for_later(self, storage: Storage) -> None:
            stored_job(storage, queue="later", delay=AN_HOUR)

            assert depth_of(storage, "later") == QueueDepth(
                "later", {**dict.fromkeys(UNFINISHED, 0), JobState.PENDING: 1}, 0, timedelta(0)
            )

    class WhenAJobIsCancelled:
        @pytest.mark.parametrize("state", [JobState.WAITING, JobState.PENDING, JobState.PARKED])
        def test_is_cancelled_at_once_if_it_waits(self, storage: Storage, state: JobState) -> None:
            new = one_in_each_state(storage)[state]

            answer = storage.jobs.cancel(new.id)

            job = found(storage, new)
            assert (answer, job.state) == (JobState.CANCELLED, JobState.CANCELLED)
            assert job.finished_at is not None
            assert storage.jobs.claim(new.id) is None

        def test_is_not_handed_out_any_more(self, storage: Storage) -> None:
            new = stored_job(storage)

            storage.jobs.cancel(new.id)
            storage.jobs.forget_announcements()

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == []

        def test_is_asked_to_stop_if_it_runs(self, storage: Storage) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)

            answer = storage.jobs.cancel(new.id)

            job = found(storage, new)
            assert (answer, job.state, job.lease_until) == (JobState.RUNNING, JobState.RUNNING, claim.job.lease_until)
            assert job.cancel_requested_at is not None

        def test_may_still_succeed_if_it_runs(self, storage: Storage) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)
            storage.jobs.cancel(new.id)

            complete(storage, claim)

            assert found(storage, new).state is JobState.SUCCEEDED

        @pytest.mark.parametrize("state", sorted(FINAL_STATES, key=str))
        def test_stays_as_it_is_if_it_has_ended(self, storage: Storage, state: JobState) -> None:
            new = one_in_each_state(storage)[state]
            before = found(storage, new)

            answer = storage.jobs.cancel(new.id)

            assert answer is None
            assert found(storage, new) == before

        def test_says_so_if_there_is_none(self, storage: Storage) -> None:
            assert storage.jobs.cancel(new_id()) is None

        def test_leaves_others_where_they_are(self, storage: Storage) -> None:
            new, other = stored_job(storage), stored_job(storage)
            before = found(storage, other)

            storage.jobs.cancel(new.id)

            assert found(storage, other) == before

    class WhenADeadJobIsRetried:
        @pytest.mark.parametrize("state", [JobState.DEAD, JobState.CANCELLED])
        def test_is_pending_and_due(self, storage: Storage, state: JobState) -> None:
            new = one_in_each_state(storage)[state]

            revived = storage.jobs.retry_dead(new.id)

            job = found(storage, new)
            assert revived is True
            assert (job.state, job.finished_at, job.cancel_requested_at) == (JobState.PENDING, None, None)
            assert new.ref in storage.jobs.wake(limit=10, again_after=AN_HOUR)

        def test_counts_its_attempts_on(self, storage: Storage) -> None:
            new = dead_job(storage)

            storage.jobs.retry_dead(new.id, attempts=2)
            storage.jobs.retry(claimed(storage, new.id), error="again", wait=AT_ONCE)
            claim = claimed(storage, new.id)

            assert (claim.job.attempts, claim.job.max_attempts) == (3, 3)
            assert [attempt.outcome for attempt in storage.jobs.attempts(new.id)] == [
                AttemptOutcome.FAILED,
                AttemptOutcome.FAILED,
                AttemptOutcome.RUNNING,
            ]

        def test_keeps_its_payload(self, storage: Storage) -> None:
            new = dead_job(storage)

            storage.jobs.retry_dead(new.id)

            assert found(storage, new).payload == new.payload

        def test_gets_another_payload_if_there_is_one(self, storage: Storage) -> None:
            new = dead_job(storage)

            storage.jobs.retry_dead(new.id, payload='{"edited": "\u00e4"}')

            assert claimed(storage, new.id).job.payload == '{"edited": "\u00e4"}'

        @pytest.mark.parametrize("state", [*UNENDED, JobState.SUCCEEDED])
        def test_changes_nothing_of_a_job_that_is_not_dead(self, storage: Storage, state: JobState) -> None:
            new = one_in_each_state(storage)[state]
            before = found(storage, new)

            revived = storage.jobs.retry_dead(new.id, attempts=5, payload="{}")

            assert revived is False
            assert found(storage, new) == before

        def test_says_so_if_there_is_none(self, storage: Storage) -> None:
            assert storage.jobs.retry_dead(new_id()) is False

    class WhenManyDeadJobsAreRetried:
        def test_are_pending_again_in_portions(self, storage: Storage) -> None:
            jobs = [dead_job(storage) for _ in range(5)]

            counts = [storage.jobs.retry_many_dead(limit=2) for _ in range(4)]

            assert counts == [2, 2, 1, 0]
            assert {found(storage, new).state for new in jobs} == {JobState.PENDING}

        def test_are_those_of_a_queue_and_a_name(self, storage: Storage) -> None:
            wanted = dead_job(storage, queue="mail", name="a")
            dead_job(storage, queue="mail", name="b")
            dead_job(storage, queue="video", name="a")

            count = storage.jobs.retry_many_dead(JobFilter(queue="mail", name="a"))

            assert count == 1
            assert [job.id for job in storage.jobs.list(state=JobState.PENDING)] == [wanted.id]

        def test_leaves_all_others_as_they_are(self, storage: Storage) -> None:
            jobs = one_in_each_state(storage)
            before = {state: found(storage, new) for state, new in jobs.items()}

            storage.jobs.retry_many_dead()

            changed = [state for state, new in jobs.items() if found(storage, new) != before[state]]
            assert changed == [JobState.DEAD]

        def test_hands_each_to_one_of_many_callers(self, storage: Storage) -> None:
            jobs = [dead_job(storage) for _ in range(30)]

            counts = at_the_same_time(*[lambda: sum(iter(lambda: storage.jobs.retry_many_dead(limit=4), 0))] * 3)

            rest = storage.jobs.retry_many_dead()
            assert sum(counts) + rest == len(jobs)

    class WhenAJobIsDiscarded:
        @pytest.mark.parametrize(
            "state", [JobState.WAITING, JobState.PENDING, JobState.PARKED, JobState.DEAD, JobState.CANCELLED]
        )
        def test_is_gone_with_its_attempts(self, storage: Storage, state: JobState) -> None:
            new = one_in_each_state(storage)[state]

            discarded = storage.jobs.discard(new.id)

            assert discarded is True
            assert storage.jobs.find(new.id) is None
            assert storage.jobs.attempts(new.id) == []

        @pytest.mark.parametrize("state", [JobState.RUNNING, JobState.SUCCEEDED])
        def test_stays_if_it_runs_or_has_succeeded(self, storage: Storage, state: JobState) -> None:
            new = one_in_each_state(storage)[state]
            before = found(storage, new)

            discarded = storage.jobs.discard(new.id)

            assert discarded is False
            assert found(storage, new) == before

        def test_leaves_others_where_they_are(self, storage: Storage) -> None:
            new, other = dead_job(storage), dead_job(storage)

            storage.jobs.discard(new.id)

            assert len(storage.jobs.attempts(other.id)) == 1

        def test_says_so_if_there_is_none(self, storage: Storage) -> None:
            assert storage.jobs.discard(new_id()) is False

    class WhenAQueueIsDrained:
        def test_cancels_what_is_pending_in_portions(self, storage: Storage) -> None:
            jobs = [stored_job(storage, queue="mail"), stored_job(storage, queue="mail", delay=AN_HOUR)]

            counts = [storage.jobs.drain("mail", limit=1) for _ in range(3)]

            assert counts == [1, 1, 0]
            assert {found(storage, new).state for new in jobs} == {JobState.CANCELLED}
            assert all(found(storage, new).finished_at for new in jobs)

        def test_leaves_other_queues_and_what_is_not_pending(self, storage: Storage) -> None:
            running, other = stored_job(storage, queue="mail"), stored_job(storage, queue="video")
            claimed(storage, running.id)

            assert storage.jobs.drain("mail") == 0

            assert found(storage, running).state is JobState.RUNNING
            assert found(storage, other).state is JobState.PENDING

    class WhenJobsArePurged:
        @pytest.mark.parametrize("state", sorted(FINAL_STATES, key=str))
        def test_deletes_those_of_the_state(self, storage: Storage, state: JobState) -> None:
            jobs = one_in_each_state(storage)

            count = storage.jobs.purge(state, older_than=AT_ONCE)

            assert count == 1
            assert {each for each, new in jobs.items() if storage.jobs.find(new.id) is None} == {state}
            assert storage.jobs.attempts(jobs[state].id) == []

        def test_leaves_those_that_ended_only_just_now(self, storage: Storage) -> None:
            new = dead_job(storage)

            assert storage.jobs.purge(JobState.DEAD, older_than=AN_HOUR) == 0
            assert found(storage, new).state is JobState.DEAD

        def test_leaves_those_that_ended_less_than_two_hundred_years_ago(self, storage: Storage) -> None:
            dead_job(storage)

            assert storage.jobs.purge(JobState.DEAD, older_than=TWO_HUNDRED_YEARS) == 0

        def test_deletes_no_more_than_the_limit_the_oldest_first(self, storage: Storage) -> None:
            jobs = [dead_job(storage) for _ in range(3)]

            counts = [storage.jobs.purge(JobState.DEAD, older_than=AT_ONCE, limit=2)]

            assert counts == [2]
            assert [job.id for job in storage.jobs.list()] == [jobs[-1].id]

        def test_deletes_those_of_a_queue_and_a_name(self, storage: Storage) -> None:
            wanted = dead_job(storage, queue="mail", name="a")
            others = [dead_job(storage, queue="mail", name="b"), dead_job(storage, queue="video", name="a")]

            count = storage.jobs.purge(JobState.DEAD, older_than=AT_ONCE, which=JobFilter(queue="mail", name="a"))

            assert count == 1
            assert storage.jobs.find(wanted.id) is None
            assert [job.id for job in storage.jobs.list()] == [new.id for new in others]

        def test_leaves_the_newest_alone_if_it_is_told(self, storage: Storage) -> None:
            jobs = [dead_job(storage) for _ in range(5)]

            count = storage.jobs.purge(JobState.DEAD, older_than=AT_ONCE, beyond=2)

            assert count == 3
            assert {job.id for job in storage.jobs.list()} == {new.id for new in jobs[3:]}

        @pytest.mark.parametrize("beyond", [3, 4, 1000])
        def test_leaves_all_alone_if_there_are_no_more(self, storage: Storage, beyond: int) -> None:
            for _ in range(3):
                dead_job(storage)

            assert storage.jobs.purge(JobState.DEAD, older_than=AT_ONCE, beyond=beyond) == 0

        def test_counts_the_newest_of_what_is_meant(self, storage: Storage) -> None:
            wanted = [dead_job(storage, name="a") for _ in range(2)]
            others = [dead_job(storage, name="b") for _ in range(2)]

            count = storage.jobs.purge(JobState.DEAD, older_than=AT_ONCE, beyond=1, which=JobFilter(name="a"))

            assert count == 1
            assert {job.id for job in storage.jobs.list()} == {new.id for new in [wanted[1], *others]}

        def test_counts_jobs_that_were_enqueued_together_one_by_one(self, storage: Storage) -> None:
            jobs = [NewJob(id=new_id(), name="a", queue="mail", payload="{}", context=Context("c")) for _ in range(4)]
            store_jobs(storage, *jobs)
            for new in jobs:
                storage.jobs.bury(claimed(storage, new.id), error="failed")

            count = storage.jobs.purge(JobState.DEAD, older_than=AT_ONCE, beyond=1, limit=2)

            assert count == 2
            assert len(storage.jobs.list()) == 2

        def test_leaves_those_that_ended_only_just_now_however_many_there_are(self, storage: Storage) -> None:
            for _ in range(3):
                dead_job(storage)

            assert storage.jobs.purge(JobState.DEAD, older_than=AN_HOUR, beyond=1) == 0

        def test_is_refused_for_a_negative_number(self, storage: Storage) -> None:
            with pytest.raises(MisuseError, match="-1"):
                storage.jobs.purge(JobState.DEAD, older_than=AT_ONCE, beyond=-1)

        @pytest.mark.parametrize("state", UNENDED)
        def test_is_refused_for_jobs_that_have_not_ended(self, storage: Storage, state: JobState) -> None:
            with pytest.raises(MisuseError, match=state.value):
                storage.jobs.purge(state, older_than=AT_ONCE)

    class WhenJobsAreListedOfAQueueAndAName:
        def test_gives_those_alone(self, storage: Storage) -> None:
            wanted = stored_job(storage, queue="mail", name="a")
            stored_job(storage, queue="mail", name="b")
            stored_job(storage, queue="video", name="a")

            jobs = storage.jobs.list(which=JobFilter(queue="mail", name="a"))

            assert [job.id for job in jobs] == [wanted.id]

    class WhenJobsAreFoundByTheTimeOfTheirEnqueuing:
        @pytest.fixture
        def stored(self, storage: Storage) -> Job:
            """A job, enqueued now."""
            return found(storage, stored_job(storage))

        def test_gives_those_from_an_instant_on(self, storage: Storage, stored: Job) -> None:
            at, later = JobFilter(since=stored.enqueued_at), JobFilter(since=stored.enqueued_at + A_MILLISECOND)

            assert (list(storage.jobs.list(which=at)), list(storage.jobs.list(which=later))) == ([stored], [])

        def test_gives_those_before_an_instant(self, storage: Storage, stored: Job) -> None:
            at, later = JobFilter(until=stored.enqueued_at), JobFilter(until=stored.enqueued_at + A_MILLISECOND)

            assert (list(storage.jobs.list(which=at)), list(storage.jobs.list(which=later))) == ([], [stored])

        def test_counts_those_between_two(self, storage: Storage, stored: Job) -> None:
            since, until = stored.enqueued_at - AN_HOUR, stored.enqueued_at + AN_HOUR

            assert storage.jobs.count(JobFilter(since=since, until=until))[JobState.PENDING] == 1
            assert storage.jobs.count(JobFilter(since=until))[JobState.PENDING] == 0

        def test_takes_instants_of_any_zone(self, storage: Storage, stored: Job) -> None:
            instant = stored.enqueued_at.astimezone(timezone(timedelta(hours=9)))

            assert list(storage.jobs.list(which=JobFilter(since=instant))) == [stored]
            assert list(storage.jobs.list(which=JobFilter(until=instant))) == []

        def test_refuses_an_instant_without_an_offset(self, stored: Job) -> None:
            with pytest.raises(MisuseError, match="no offset"):
                JobFilter(since=stored.enqueued_at.replace(tzinfo=None))

    class WhenJobsAreCountedOfAQueue:
        def test_counts_those_alone(self, storage: Storage) -> None:
            stored_job(storage, queue="mail")
            stored_job(storage, queue="video")

            counts = storage.jobs.count(JobFilter(queue="mail"))

            assert counts == {**dict.fromkeys(JobState, 0), JobState.PENDING: 1}

    class WhenJobsAreCountedByQueue:
        def test_tells_the_states_that_there_are(self, storage: Storage) -> None:
            dead_job(storage, queue="mail")
            stored_job(storage, queue="mail")
            stored_job(storage, queue="video")
            stored_job(storage, queue="video")

            assert storage.jobs.count_by_queue() == {
                "mail": {JobState.DEAD: 1, JobState.PENDING: 1},
                "video": {JobState.PENDING: 2},
            }

        def test_tells_nothing_of_an_empty_store(self, storage: Storage) -> None:
            assert storage.jobs.count_by_queue() == {}


def dead_job(storage: Storage, **fields: object) -> NewJob:
    """Store a job that has failed in its only attempt."""
    new = stored_job(storage, max_attempts=1, **fields)
    storage.jobs.bury(claimed(storage, new.id), error="given up", traceback="Traceback")
    return new
