"""The contract of `corelib.ports.job_claims.JobClaims`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest

from corelib.domain.job import HIGHEST_PRIORITY, LOWEST_PRIORITY, JobResult, JobState, NewJob
from corelib.domain.job_queues import Rate
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, claimed, store_jobs, transaction
from corelib.testing.contracts.samples import a_job
from corelib.testing.contracts.waiting import at_the_same_time

AN_HOUR = timedelta(hours=1)


class JobClaimsContract(StoreContract):
    """Takes the best due jobs of a queue."""

    port: ClassVar[str] = "JobClaims"

    class WhenJobsAreDue:
        def test_takes_them_oldest_first(self, storage: Storage) -> None:
            jobs = [stored(storage) for _ in range(3)]

            assert taken(storage, 3) == jobs

        def test_takes_higher_priorities_first(self, storage: Storage) -> None:
            low, usual, high = (stored(storage, priority=each) for each in (LOWEST_PRIORITY, 0, HIGHEST_PRIORITY))

            assert [taken(storage, 1) for _ in range(3)] == [[high], [usual], [low]]

        def test_orders_those_of_one_call_as_those_of_many(self, storage: Storage) -> None:
            low, first, second, high = (stored(storage, priority=each) for each in (-1, 0, 0, 1))

            assert taken(storage, 10) == [high, first, second, low]

        def test_takes_no_more_than_the_limit(self, storage: Storage) -> None:
            jobs = [stored(storage) for _ in range(3)]

            assert taken(storage, 2) == jobs[:2]
            assert storage.jobs.count()[JobState.PENDING] == 1

        def test_gives_each_a_claim_as_if_it_were_claimed_alone(self, storage: Storage) -> None:
            jobs = [stored(storage, timeout=AN_HOUR), stored(storage, timeout=AN_HOUR)]

            claims = storage.jobs.claim_due("default", limit=2).claims

            assert [storage.jobs.find(job.id) for job in jobs] == [claim.job for claim in claims]
            assert [(claim.job.state, claim.job.attempts) for claim in claims] == [(JobState.RUNNING, 1)] * 2
            assert len({claim.token for claim in claims}) == 2

        def test_notes_who_took_them_and_for_how_long(self, storage: Storage) -> None:
            stored(storage, timeout=AN_HOUR)

            (claim,) = storage.jobs.claim_due("default", limit=1, worker="w-1", lease=timedelta(seconds=7)).claims

            job = claim.job
            assert job.worker == "w-1"
            assert job.started_at is not None
            assert job.lease_until == job.started_at + timedelta(seconds=7)
            assert job.run_until == job.started_at + AN_HOUR

        def test_gives_claims_that_hold(self, storage: Storage) -> None:
            stored(storage)
            (claim,) = storage.jobs.claim_due("default", limit=1).claims

            with transaction(storage) as begun:
                begun.complete_job(claim.job.id, claim.token)

            assert storage.jobs.count()[JobState.SUCCEEDED] == 1

        def test_keeps_the_priority_of_a_job_that_is_retried(self, storage: Storage) -> None:
            usual, high = stored(storage), stored(storage, priority=5)
            storage.jobs.retry(claimed(storage, high.id), error="failed", wait=timedelta(0))

            assert taken(storage, 2) == [high, usual]

    class WhenJobsCannotBeTaken:
        def test_leaves_those_of_another_queue(self, storage: Storage) -> None:
            stored(storage, queue="other")

            assert taken(storage, 1) == []

        def test_leaves_those_that_wait_whatever_their_priority(self, storage: Storage) -> None:
            stored(storage, delay=AN_HOUR, priority=9)
            due = stored(storage)

            assert taken(storage, 2) == [due]

        def test_leaves_those_that_run_or_have_ended(self, storage: Storage) -> None:
            claimed(storage, stored(storage).id)
            storage.jobs.bury(claimed(storage, stored(storage).id), error="given up")

            assert taken(storage, 2) == []

        def test_leaves_those_whose_lease_has_ended_to_the_relay(self, storage: Storage) -> None:
            stalled = stored(storage)
            storage.jobs.claim(stalled.id, lease=timedelta(0))

            assert taken(storage, 1) == []
            assert [(ref.id, ref.stalled) for ref in storage.jobs.wake(limit=1, again_after=AN_HOUR)] == [
                (stalled.id, True)
            ]

        def test_says_that_nothing_is_held_back(self, storage: Storage) -> None:
            assert storage.jobs.claim_due("default", limit=1).held_back is False

    class WhenManyTakeAtTheSameTime:
        def test_gives_each_job_to_one(self, storage: Storage) -> None:
            jobs = {stored(storage).id for _ in range(12)}

            intakes = at_the_same_time(*[lambda: storage.jobs.claim_due("default", limit=2)] * 8)

            ids = [claim.job.id for intake in intakes for claim in intake.claims]
            assert len(ids) == len(set(ids))
            assert set(ids) <= jobs

    class WhenRunsAreCompletedTogether:
        def test_marks_all_as_succeeded(self, storage: Storage) -> None:
            jobs = [stored(storage) for _ in range(3)]
            claims = storage.jobs.claim_due("default", limit=3).claims

            assert storage.jobs.complete(claims) == [True] * 3
            found = [storage.jobs.find(job.id) for job in jobs]
            assert [job and (job.state, job.lease_until) for job in found] == [(JobState.SUCCEEDED, None)] * 3
            assert all(job is not None and job.finished_at for job in found)

        def test_says_which_does_not_hold_its_job_any_more(self, storage: Storage) -> None:
            lost, kept = stored(storage), stored(storage)
            claims = storage.jobs.claim_due("default", limit=2, lease=timedelta(0)).claims
            again = claimed(storage, lost.id)

            assert storage.jobs.complete(claims) == [False, True]
            assert storage.jobs.find(lost.id) == again.job
            assert storage.jobs.complete([again]) == [True]
            assert storage.jobs.find(kept.id) is not None

        def test_tells_two_claims_of_one_job_apart(self, storage: Storage) -> None:
            new = stored(storage)
            (lost,) = storage.jobs.claim_due("default", limit=1, lease=timedelta(0)).claims
            held = claimed(storage, new.id)

            assert storage.jobs.complete([lost, held]) == [False, True]

        def test_keeps_nothing_of_a_run_whose_time_is_up(self, storage: Storage) -> None:
            late, other = stored(storage, timeout=timedelta(0)), stored(storage)
            claims = storage.jobs.claim_due("default", limit=2).claims

            assert storage.jobs.complete(claims) == [False, True]
            states = [job and job.state for job in (storage.jobs.find(late.id), storage.jobs.find(other.id))]
            assert states == [JobState.RUNNING, JobState.SUCCEEDED]

        def test_does_not_complete_twice(self, storage: Storage) -> None:
            claim = claimed(storage, stored(storage).id)

            assert storage.jobs.complete([claim]) == [True]
            assert storage.jobs.complete([claim]) == [False]

        def test_takes_none(self, storage: Storage) -> None:
            assert storage.jobs.complete([]) == []

    class WhenRunsAreCompletedAndOthersBegin:
        def test_does_both(self, storage: Storage) -> None:
            jobs = [stored(storage) for _ in range(4)]
            claims = storage.jobs.claim_due("default", limit=2).claims

            turn = storage.jobs.take_turns(claims, "default", limit=3, worker="w1", lease=AN_HOUR)

            assert list(turn.completed) == [True, True]
            assert turn.intake is not None
            assert [claim.job.id for claim in turn.intake.claims] == [job.id for job in jobs[2:]]
            assert {claim.job.worker for claim in turn.intake.claims} == {"w1"}
            assert storage.jobs.count()[JobState.SUCCEEDED] == 2

        def test_takes_the_best_first(self, storage: Storage) -> None:
            stored(storage)
            claims = storage.jobs.claim_due("default", limit=1).claims
            low, high = stored(storage, priority=-1), stored(storage, priority=1)

            turn = storage.jobs.take_turns(claims, "default", limit=2)

            assert turn.intake is not None
            assert [claim.job.id for claim in turn.intake.claims] == [high.id, low.id]

        def test_gives_claims_that_hold(self, storage: Storage) -> None:
            stored(storage), stored(storage)
            claims = storage.jobs.claim_due("default", limit=1).claims

            turn = storage.jobs.take_turns(claims, "default", limit=1)

            assert turn.intake is not None
            assert storage.jobs.complete(turn.intake.claims) == [True]

        def test_says_which_does_not_hold_its_job_any_more(self, storage: Storage) -> None:
            lost, other = stored(storage), stored(storage)
            claims = storage.jobs.claim_due("default", limit=2, lease=timedelta(0)).claims
            claimed(storage, lost.id)
            following = stored(storage)

            turn = storage.jobs.take_turns(claims, "default", limit=1)

            assert list(turn.completed) == [False, True]
            assert turn.intake is not None
            assert [claim.job.id for claim in turn.intake.claims] == [following.id]
            assert (found := storage.jobs.find(other.id)) is not None
            assert found.state is JobState.SUCCEEDED

        def test_tells_two_claims_of_one_job_apart(self, storage: Storage) -> None:
            new = stored(storage)
            (lost,) = storage.jobs.claim_due("default", limit=1, lease=timedelta(0)).claims
            held = claimed(storage, new.id)

            assert list(storage.jobs.take_turns([lost, held], "default", limit=1).completed) == [False, True]

        def test_keeps_nothing_of_a_run_whose_time_is_up(self, storage: Storage) -> None:
            stored(storage, timeout=timedelta(0))
            claims = storage.jobs.claim_due("default", limit=1).claims

            turn = storage.jobs.take_turns(claims, "default", limit=1)

            assert list(turn.completed) == [False]
            assert storage.jobs.count()[JobState.RUNNING] == 1

        def test_may_find_nothing_to_begin(self, storage: Storage) -> None:
            stored(storage)
            claims = storage.jobs.claim_due("default", limit=1).claims

            turn = storage.jobs.take_turns(claims, "default", limit=2)

            assert list(turn.completed) == [True]
            assert turn.intake is not None
            assert (list(turn.intake.claims), turn.intake.held_back) == ([], False)

        def test_may_begin_nothing(self, storage: Storage) -> None:
            stored(storage), stored(storage)
            claims = storage.jobs.claim_due("default", limit=1).claims

            turn = storage.jobs.take_turns(claims, "default", limit=0)

            assert list(turn.completed) == [True]
            assert storage.jobs.count()[JobState.PENDING] == 1

        def test_may_complete_nothing(self, storage: Storage) -> None:
            new = stored(storage)

            turn = storage.jobs.take_turns([], "default", limit=1)

            assert turn.intake is not None
            assert (list(turn.completed), [claim.job.id for claim in turn.intake.claims]) == ([], [new.id])

        def test_takes_nothing_from_a_queue_that_is_paused(self, storage: Storage) -> None:
            stored(storage), stored(storage)
            claims = storage.jobs.claim_due("default", limit=1).claims
            storage.queues.pause("default")

            turn = storage.jobs.take_turns(claims, "default", limit=1)

            assert list(turn.completed) == [True]
            assert turn.intake is not None
            assert (list(turn.intake.claims), turn.intake.held_back) == ([], True)

        def test_lets_the_next_run_in_the_place_of_one_that_has_ended(self, storage: Storage) -> None:
            _, second, _ = limited_to(storage, 1, jobs=3)
            claims = storage.jobs.claim_due("default", limit=1).claims

            turn = storage.jobs.take_turns(claims, "default", limit=2)

            assert list(turn.completed) == [True]
            assert turn.intake is not None
            assert ([claim.job.id for claim in turn.intake.claims], turn.intake.held_back) == ([second.id], True)

        def test_keeps_what_was_returned(self, storage: Storage) -> None:
            first, second = stored(storage), stored(storage)
            claims = storage.jobs.claim_due("default", limit=2).claims
            results = {claims[1].token: JobResult("42")}

            turn = storage.jobs.take_turns(claims, "default", limit=1, results=results)

            found = [storage.jobs.find(new.id) for new in (first, second)]
            assert list(turn.completed) == [True, True]
            assert [job and job.result for job in found] == [None, JobResult("42")]

        def test_gives_each_job_to_one_of_many(self, storage: Storage) -> None:
            jobs = [stored(storage) for _ in range(12)]
            held = [storage.jobs.claim_due("default", limit=1).claims for _ in range(4)]

            turns = at_the_same_time(
                *(lambda claims=claims: storage.jobs.take_turns(claims, "default", limit=2) for claims in held)
            )

            begun = [claim.job.id for turn in turns if turn.intake is not None for claim in turn.intake.claims]
            assert all(list(turn.completed) == [True] for turn in turns)
            assert len(begun) == len(set(begun))
            assert set(begun) <= {job.id for job in jobs[4:]}

    class WhenABatchIsTaken:
        def test_has_jobs_of_its_name_alone(self, storage: Storage) -> None:
            one, between, other = (a_job(name=name) for name in ("index", "mail", "index"))
            store_jobs(storage, one, between, other)

            assert batch_of(storage, "index") == [one.id, other.id]

        def test_has_as_many_as_are_asked_for(self, storage: Storage) -> None:
            jobs = [a_job(name="index") for _ in range(5)]
            store_jobs(storage, *jobs)

            assert batch_of(storage, "index", limit=2) == [new.id for new in jobs[:2]]

        def test_has_those_that_are_due_a_little_later(self, storage: Storage) -> None:
            soon, late = a_job(name="index", delay=AN_HOUR), a_job(name="index", delay=3 * AN_HOUR)
            store_jobs(storage, soon, late)

            assert batch_of(storage, "index") == []
            assert batch_of(storage, "index", within=2 * AN_HOUR) == [soon.id]

        def test_claims_them_as_others_are_claimed(self, storage: Storage) -> None:
            new = a_job(name="index")
            store_jobs(storage, new)

            (claim,) = storage.jobs.claim_batch(
                "default", "index", limit=1, within=timedelta(0), worker="host:1", lease=AN_HOUR
            ).claims

            assert (claim.job.state, claim.job.attempts, claim.job.worker) == (JobState.RUNNING, 1, "host:1")
            assert storage.jobs.claim(new.id) is None
            assert storage.jobs.complete([claim]) == [True]

        def test_has_no_more_than_the_queue_allows(self, storage: Storage) -> None:
            storage.queues.limit("default", concurrency=2, rate=None)
            store_jobs(storage, *[a_job(name="index") for _ in range(3)])

            assert len(batch_of(storage, "index")) == 2
            assert batch_of(storage, "index") == []

        def test_has_none_of_a_paused_queue(self, storage: Storage) -> None:
            storage.queues.pause("default")
            store_jobs(storage, a_job(name="index"))

            assert batch_of(storage, "index") == []

        def test_gives_each_to_one_of_many_callers(self, storage: Storage) -> None:
            jobs = [a_job(name="index") for _ in range(20)]
            store_jobs(storage, *jobs)

            taken_by = at_the_same_time(*[lambda: batch_of(storage, "index", limit=5)] * 4)

            rest = batch_of(storage, "index", limit=20)
            assert sorted([*(each for found in taken_by for each in found), *rest]) == [new.id for new in jobs]

    class WhenTheQueueIsPaused:
        def test_gives_nothing(self, storage: Storage) -> None:
            stored(storage)
            storage.queues.pause("default")

            intake = storage.jobs.claim_due("default", limit=1)

            assert (list(intake.claims), intake.held_back) == ([], True)

        def test_gives_jobs_of_other_queues(self, storage: Storage) -> None:
            new = stored(storage)
            storage.queues.pause("other")

            assert taken(storage, 1) == [new]

        def test_gives_them_once_it_is_resumed(self, storage: Storage) -> None:
            new = stored(storage)
            storage.queues.pause("default")
            storage.queues.resume("default")

            assert taken(storage, 1) == [new]

    class WhenTheConcurrencyIsLimited:
        def test_lets_no_more_run(self, storage: Storage) -> None:
            jobs = limited_to(storage, 2, jobs=3)

            intakes = [storage.jobs.claim_due("default", limit=5) for _ in range(2)]

            assert [[claim.job.id for claim in intake.claims] for intake in intakes] == [
                [job.id for job in jobs[:2]],
                [],
            ]
            assert [intake.held_back for intake in intakes] == [True, True]

        def test_lets_the_next_run_when_one_has_ended(self, storage: Storage) -> None:
            first, second = limited_to(storage, 1, jobs=2)
            (claim,) = storage.jobs.claim_due("default", limit=1).claims
            assert claim.job.id == first.id

            storage.jobs.complete([claim])

            assert taken(storage, 1) == [second]

        def test_counts_no_runs_of_other_queues(self, storage: Storage) -> None:
            claimed(storage, stored(storage, queue="other").id)
            (new,) = limited_to(storage, 1, jobs=1)

            assert taken(storage, 1) == [new]

        @pytest.mark.parametrize("limit", [1, 3])
        def test_holds_when_many_take_at_the_same_time(self, storage: Storage, limit: int) -> None:
            limited_to(storage, 3, jobs=9)

            intakes = at_the_same_time(*[lambda: storage.jobs.claim_due("default", limit=limit)] * 6)

            assert sum(len(intake.claims) for intake in intakes) == 3
            assert storage.jobs.count()[JobState.RUNNING] == 3

        def test_says_that_nothing_is_held_back_where_there_was_less_to_take(self, storage: Storage) -> None:
            limited_to(storage, 5, jobs=1)

            assert storage.jobs.claim_due("default", limit=9).held_back is False

    class WhenTheRateIsLimited:
        def test_lets_no_more_begin_within_the_window(self, storage: Storage) -> None:
            jobs = rated(storage, Rate(2, per=AN_HOUR), jobs=3)

            assert [taken(storage, 1) for _ in range(3)] == [[jobs[0]], [jobs[1]], []]

        def test_counts_also_those_that_have_ended(self, storage: Storage) -> None:
            rated(storage, Rate(1, per=AN_HOUR), jobs=2)
            storage.jobs.complete(storage.jobs.claim_due("default", limit=1).claims)

            intake = storage.jobs.claim_due("default", limit=1)

            assert (list(intake.claims), intake.held_back) == ([], True)

        def test_takes_as_many_at_once_as_are_left(self, storage: Storage) -> None:
            jobs = rated(storage, Rate(3, per=AN_HOUR), jobs=5)
            storage.jobs.claim_due("default", limit=1)

            assert taken(storage, 5) == jobs[1:3]

        def test_holds_when_many_take_at_the_same_time(self, storage: Storage) -> None:
            rated(storage, Rate(3, per=AN_HOUR), jobs=9)

            intakes = at_the_same_time(*[lambda: storage.jobs.claim_due("default", limit=1)] * 6)

            assert sum(len(intake.claims) for intake in intakes) == 3


def stored(storage: Storage, **fields: object) -> NewJob:
    """Store a job of its own and return it."""
    new = a_job(**fields)
    store_jobs(storage, new)
    return new


def taken(storage: Storage, limit: int) -> list[NewJob]:
    """Take due jobs of the default queue, and return them as they were enqueued."""
    return [
        NewJob(
            id=claim.job.id,
            name=claim.job.name,
            queue=claim.job.queue,
            payload=claim.job.payload,
            context=claim.job.context,
            max_attempts=claim.job.max_attempts,
            timeout=claim.job.timeout,
            priority=claim.job.priority,
        )
        for claim in storage.jobs.claim_due("default", limit=limit).claims
    ]


def limited_to(storage: Storage, concurrency: int, *, jobs: int) -> list[NewJob]:
    """Limit how many run at a time, and store jobs."""
    storage.queues.limit("default", concurrency=concurrency, rate=None)
    return [stored(storage) for _ in range(jobs)]


def rated(storage: Storage, rate: Rate, *, jobs: int) -> list[NewJob]:
    """Limit how many begin within a time, and store jobs."""
    storage.queues.limit("default", concurrency=None, rate=rate)
    return [stored(storage) for _ in range(jobs)]


def batch_of(storage: Storage, name: str, *, limit: int = 10, within: timedelta = timedelta(0)) -> list[UUID]:
    """Take a batch from the default queue, and return which jobs are in it."""
    intake = storage.jobs.claim_batch("default", name, limit=limit, within=within)
    return [claim.job.id for claim in intake.claims]
