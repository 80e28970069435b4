"""The contract of `corelib.ports.job_claims.JobClaims` for queues that limit the jobs of each key."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest

from corelib.domain.job import Claim, NewJob
from corelib.domain.job_queues import Queue, QueueStatus, Rate
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, store_jobs
from corelib.testing.contracts.samples import a_job
from corelib.testing.contracts.waiting import at_the_same_time

AN_HOUR = timedelta(hours=1)
ADA, BOB, EVE = "a" * 64, "b" * 64, "e" * 64


class JobKeysContract(StoreContract):
    """Claims from queues that limit the jobs of each key."""

    port: ClassVar[str] = "JobClaims, by key"

    class WhenTheJobsOfAKeyMayNotRunTogether:
        @pytest.fixture(autouse=True)
        def one_at_a_time(self, storage: Storage) -> None:
            storage.queues.limit_keys("default", concurrency=1, rate=None)

        def test_passes_over_those_of_a_key_that_runs(self, storage: Storage) -> None:
            first, _, other = stored(storage, ADA, ADA, BOB)

            assert taken(storage, 5) == ids([first, other])

        def test_takes_one_of_a_key_whose_jobs_are_ahead_of_all_others(self, storage: Storage) -> None:
            """Where many jobs of one key come first, those of others do not wait for them."""
            first, *_ = stored(storage, *[ADA] * 120)
            other = stored(storage, BOB)[0]

            assert taken(storage, 3) == ids([first, other])
            assert taken(storage, 3) == []

        def test_takes_the_next_when_one_has_ended(self, storage: Storage) -> None:
            first, second = stored(storage, ADA, ADA)
            claims = list(storage.jobs.claim_due("default", limit=5).claims)
            assert ids(claims) == ids([first])

            storage.jobs.complete(claims)

            assert taken(storage, 5) == ids([second])

        def test_takes_the_next_when_one_is_to_be_retried_later(self, storage: Storage) -> None:
            _, second = stored(storage, ADA, ADA, max_attempts=2)
            (claim,) = storage.jobs.claim_due("default", limit=5).claims

            storage.jobs.retry(claim, error="failed", wait=AN_HOUR)

            assert taken(storage, 5) == ids([second])

        def test_takes_any_number_without_a_key(self, storage: Storage) -> None:
            jobs = stored(storage, None, None, None)

            assert taken(storage, 5) == ids(jobs)

        def test_takes_the_better_ones_first(self, storage: Storage) -> None:
            stored(storage, ADA, BOB)
            better = stored(storage, ADA, priority=5)[0]

            assert taken(storage, 1) == ids([better])

        def test_says_that_jobs_are_held_back(self, storage: Storage) -> None:
            stored(storage, ADA, ADA)

            intakes = [storage.jobs.claim_due("default", limit=5) for _ in range(2)]

            assert [(len(intake.claims), intake.held_back) for intake in intakes] == [(1, True), (0, True)]

        def test_says_that_nothing_is_held_back_where_there_was_less_to_take(self, storage: Storage) -> None:
            stored(storage, ADA)

            intakes = [storage.jobs.claim_due("default", limit=5) for _ in range(2)]

            assert [(len(intake.claims), intake.held_back) for intake in intakes] == [(1, False), (0, False)]

        def test_leaves_other_queues_alone(self, storage: Storage) -> None:
            jobs = stored(storage, ADA, ADA, queue="other")

            intake = storage.jobs.claim_due("other", limit=5)

            assert ids(intake.claims) == ids(jobs)

        def test_counts_no_runs_of_other_queues(self, storage: Storage) -> None:
            stored(storage, ADA, queue="other")
            storage.jobs.claim_due("other", limit=1)
            new = stored(storage, ADA)

            assert taken(storage, 5) == ids(new)

        def test_leaves_those_alone_that_are_not_due(self, storage: Storage) -> None:
            stored(storage, ADA, delay=AN_HOUR)

            intake = storage.jobs.claim_due("default", limit=5)

            assert (list(intake.claims), intake.held_back) == ([], False)

        def test_holds_for_many_workers(self, storage: Storage) -> None:
            stored(storage, *[ADA, BOB, EVE] * 6)

            intakes = at_the_same_time(*[lambda: storage.jobs.claim_due("default", limit=2)] * 6)

            keys = [claim.job.limit_key for intake in intakes for claim in intake.claims]
            assert sorted(keys, key=str) == [ADA, BOB, EVE]

        def test_gives_what_it_is_told_later(self, storage: Storage) -> None:
            jobs = stored(storage, ADA, ADA, ADA)
            storage.queues.limit_keys("default", concurrency=2, rate=None)

            assert taken(storage, 5) == ids(jobs[:2])

        def test_ends_when_the_limit_is_taken_away(self, storage: Storage) -> None:
            jobs = stored(storage, ADA, ADA)
            storage.queues.limit_keys("default", concurrency=None, rate=None)

            assert taken(storage, 5) == ids(jobs)

    class WhenTheJobsOfAKeyHaveARate:
        def test_lets_no_more_of_a_key_begin_within_its_window(self, storage: Storage) -> None:
            storage.queues.limit_keys("default", concurrency=None, rate=Rate(2, per=AN_HOUR))
            jobs = stored(storage, ADA, ADA, ADA, BOB)

            assert taken(storage, 1) == ids(jobs[:1])
            assert taken(storage, 5) == ids([jobs[1], jobs[3]])
            assert taken(storage, 5) == []

        def test_counts_also_those_that_have_ended(self, storage: Storage) -> None:
            storage.queues.limit_keys("default", concurrency=None, rate=Rate(1, per=AN_HOUR))
            stored(storage, ADA, ADA)
            storage.jobs.complete(storage.jobs.claim_due("default", limit=1).claims)

            intake = storage.jobs.claim_due("default", limit=1)

            assert (list(intake.claims), intake.held_back) == ([], True)

        def test_holds_for_many_workers(self, storage: Storage) -> None:
            storage.queues.limit_keys("default", concurrency=None, rate=Rate(2, per=AN_HOUR))
            stored(storage, *[ADA, BOB] * 6)

            intakes = at_the_same_time(*[lambda: storage.jobs.claim_due("default", limit=1)] * 6)

            keys = [claim.job.limit_key for intake in intakes for claim in intake.claims]
            assert sorted(keys, key=str) == [ADA, ADA, BOB, BOB]

    class WhenTheQueueHasLimitsAsWell:
        def test_holds_both(self, storage: Storage) -> None:
            storage.queues.limit("default", concurrency=2, rate=None)
            storage.queues.limit_keys("default", concurrency=1, rate=None)
            first, _, second, _ = stored(storage, ADA, ADA, BOB, EVE)

            assert taken(storage, 5) == ids([first, second])

        def test_counts_within_both_windows(self, storage: Storage) -> None:
            storage.queues.limit("default", concurrency=None, rate=Rate(3, per=AN_HOUR))
            storage.queues.limit_keys("default", concurrency=None, rate=Rate(2, per=AN_HOUR))
            jobs = stored(storage, ADA, ADA, ADA, BOB, BOB)

            assert taken(storage, 5) == ids([jobs[0], jobs[1], jobs[3]])
            assert taken(storage, 5) == []

        def test_gives_nothing_while_it_is_paused(self, storage: Storage) -> None:
            storage.queues.limit_keys("default", concurrency=1, rate=None)
            storage.queues.pause("default")
            stored(storage, ADA)

            intake = storage.jobs.claim_due("default", limit=5)

            assert (list(intake.claims), intake.held_back) == ([], True)

    class WhenLimitsOfKeysAreSet:
        def test_are_shown_beside_those_of_the_queue(self, storage: Storage) -> None:
            storage.queues.limit("default", concurrency=5, rate=Rate(10))

            storage.queues.limit_keys("default", concurrency=1, rate=Rate(3, per=timedelta(minutes=1)))

            expected = QueueStatus("default", None, 5, Rate(10), 1, Rate(3, per=timedelta(minutes=1)))
            assert list(storage.queues.list()) == [expected]

        def test_stay_when_those_of_the_queue_are_set(self, storage: Storage) -> None:
            storage.queues.limit_keys("default", concurrency=1, rate=None)

            storage.queues.limit("default", concurrency=None, rate=None)

            assert list(storage.queues.list()) == [QueueStatus("default", key_concurrency=1)]

        def test_have_the_due_jobs_announced(self, storage: Storage) -> None:
            (due,) = stored(storage, ADA)

            storage.queues.limit_keys("default", concurrency=1, rate=None)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [due.ref]

        def test_can_be_declared(self, storage: Storage) -> None:
            declared = Queue("default", 5, None, 1, Rate(3))
            storage.queues.declare(declared)
            storage.queues.limit_keys("default", concurrency=2, rate=None)

            storage.queues.declare(declared)

            assert list(storage.queues.list()) == [QueueStatus("default", None, 5, None, 2, None)]

        def test_are_taken_away_when_the_code_declares_them_no_more(self, storage: Storage) -> None:
            storage.queues.declare(Queue("default", 5, None, 1, Rate(3)))

            storage.queues.declare(Queue("default", 5))

            assert list(storage.queues.list()) == [QueueStatus("default", None, 5)]

        def test_refuse_a_limit_of_nothing(self, storage: Storage) -> None:
            with pytest.raises(ValueError, match="key_concurrency"):
                storage.queues.limit_keys("default", concurrency=0, rate=None)


def stored(storage: Storage, *keys: str | None, **fields: object) -> list[NewJob]:
    """Store a job for each key, in one transaction, and return them."""
    jobs = [a_job(limit_key=key, **fields) for key in keys]
    store_jobs(storage, *jobs)
    return jobs


def taken(storage: Storage, limit: int) -> list[UUID]:
    """Take due jobs of the default queue, and return which."""
    return ids(storage.jobs.claim_due("default", limit=limit).claims)


def ids(of: Sequence[Claim] | Sequence[NewJob]) -> list[UUID]:
    """Return the identifiers of jobs."""
    return [each.job.id if isinstance(each, Claim) else each.id for each in of]
