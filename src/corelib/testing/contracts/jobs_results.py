"""The contract of stores about what handlers of jobs return: `JobClaims.complete`, `Transaction.complete_job`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

import pytest

from corelib.domain.job import Claim, Job, JobResult, JobState
from corelib.errors import LeaseLost
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, claimed, store_jobs, transaction, undone
from corelib.testing.contracts.samples import a_job

AT_ONCE = timedelta(0)
TEXTS = ['{"total":"12.30"}', '"Zoë \\u0000 🎬 %s ? :x \'"', "[]", "0", '"' + "long " * 20_000 + '"']


class JobResultsContract(StoreContract):
    """Keeps what handlers return."""

    port: ClassVar[str] = "JobResults"

    class WhenARunIsCompletedByItself:
        @pytest.mark.parametrize("text", TEXTS, ids=["object", "signs", "empty", "zero", "long"])
        def test_keeps_the_text_as_it_is(self, storage: Storage, text: str) -> None:
            claim = held(storage)

            assert storage.jobs.complete([claim], {claim.token: JobResult(text)}) == [True]

            job = found(storage, claim)
            assert (job.state, job.result) == (JobState.SUCCEEDED, JobResult(text))

        def test_keeps_nothing_if_nothing_was_returned(self, storage: Storage) -> None:
            claim = held(storage)

            storage.jobs.complete([claim])

            assert found(storage, claim).result is None

        def test_keeps_the_key_of_an_object(self, storage: Storage) -> None:
            claim = held(storage)

            storage.jobs.complete([claim], {claim.token: JobResult("", "results/1")})

            assert found(storage, claim).result == JobResult("", "results/1")

        def test_keeps_nothing_of_a_run_that_has_lost_its_job(self, storage: Storage) -> None:
            lost = held(storage, lease=AT_ONCE)
            current = claimed(storage, lost.job.id)

            assert storage.jobs.complete([lost], {lost.token: JobResult('"late"')}) == [False]

            assert found(storage, lost) == current.job

    class WhenRunsAreCompletedTogether:
        def test_gives_each_its_own(self, storage: Storage) -> None:
            claims = [held(storage) for _ in range(5)]
            results = {claim.token: JobResult(f'"{place}"') for place, claim in enumerate(claims)}

            assert storage.jobs.complete(claims, results) == [True] * 5

            assert [found(storage, claim).result for claim in claims] == [results[claim.token] for claim in claims]

        def test_gives_none_to_those_that_returned_nothing(self, storage: Storage) -> None:
            first, second, third = (held(storage) for _ in range(3))

            storage.jobs.complete([first, second, third], {second.token: JobResult("2")})

            assert [found(storage, claim).result for claim in (first, second, third)] == [None, JobResult("2"), None]
            assert {found(storage, claim).state for claim in (first, second, third)} == {JobState.SUCCEEDED}

        def test_gives_each_its_own_key(self, storage: Storage) -> None:
            first, second, third = (held(storage) for _ in range(3))
            results = {
                first.token: JobResult("", "results/2"),
                second.token: JobResult("2"),
                third.token: JobResult("", "results/3"),
            }

            storage.jobs.complete([first, second, third], results)

            assert [found(storage, claim).result for claim in (first, second, third)] == list(results.values())

        def test_tells_two_claims_of_one_job_apart(self, storage: Storage) -> None:
            lost = held(storage, lease=AT_ONCE)
            current = claimed(storage, lost.job.id)
            results = {lost.token: JobResult('"late"'), current.token: JobResult('"right"')}

            assert storage.jobs.complete([lost, current], results) == [False, True]

            assert found(storage, lost).result == JobResult('"right"')

        def test_takes_more_than_a_statement_has_parameters(self, storage: Storage) -> None:
            jobs = [a_job() for _ in range(450)]
            store_jobs(storage, *jobs)
            claims = storage.jobs.claim_due("default", limit=450).claims
            results = {claim.token: JobResult(f'"{claim.job.id}"') for claim in claims}

            assert storage.jobs.complete(claims, results) == [True] * 450

            assert {job.result for job in storage.jobs.stream()} == set(results.values())

    class WhenARunIsCompletedWithItsEffects:
        @pytest.mark.parametrize("text", TEXTS, ids=["object", "signs", "empty", "zero", "long"])
        def test_keeps_the_text_as_it_is(self, storage: Storage, text: str) -> None:
            claim = held(storage)

            with transaction(storage) as begun:
                begun.complete_job(claim.job.id, claim.token, JobResult(text))

            job = found(storage, claim)
            assert (job.state, job.result) == (JobState.SUCCEEDED, JobResult(text))

        def test_keeps_the_key_of_an_object(self, storage: Storage) -> None:
            claim = held(storage)

            with transaction(storage) as begun:
                begun.complete_job(claim.job.id, claim.token, JobResult("", "results/4"))

            assert found(storage, claim).result == JobResult("", "results/4")

        def test_keeps_nothing_without_a_commit(self, storage: Storage) -> None:
            claim = held(storage)

            with undone(storage) as begun:
                begun.complete_job(claim.job.id, claim.token, JobResult("1"))

            assert found(storage, claim) == claim.job

        def test_keeps_nothing_of_a_run_that_has_lost_its_job(self, storage: Storage) -> None:
            claim = held(storage)

            with pytest.raises(LeaseLost), transaction(storage) as begun:
                begun.complete_job(claim.job.id, uuid4(), JobResult("1"))

            assert found(storage, claim) == claim.job

    class WhenJobsAreListed:
        def test_shows_their_results(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.complete([claim], {claim.token: JobResult("7")})

            assert [job.result for job in storage.jobs.list()] == [JobResult("7")]

    class WhenObjectsHoldResults:
        def test_tells_which_keys_jobs_have(self, storage: Storage) -> None:
            first, second = held(storage), held(storage)
            store_jobs(storage, a_job(payload="", payload_key="payloads/1"))
            storage.jobs.complete([first, second], {first.token: JobResult("", "results/5")})

            assert storage.payload_keys(["payloads/1", "results/5", "results/6"]) == {"payloads/1", "results/5"}

    class WhenAJobIsPurged:
        def test_takes_its_result_along(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.complete([claim], {claim.token: JobResult("", "results/7")})

            storage.jobs.purge(JobState.SUCCEEDED, older_than=AT_ONCE)

            assert storage.payload_keys(["results/7"]) == set()


def held(storage: Storage, lease: timedelta | None = None) -> Claim:
    """Return the claim of a new job."""
    new = a_job()
    store_jobs(storage, new)
    claim = storage.jobs.claim(new.id, lease=lease)
    assert claim is not None, "the job could not be claimed"
    return claim


def found(storage: Storage, claim: Claim) -> Job:
    """Return a stored job."""
    job = storage.jobs.find(claim.job.id)
    assert job is not None, "the job is gone"
    return job
