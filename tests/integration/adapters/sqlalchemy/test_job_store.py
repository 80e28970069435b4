from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy.sample import committed, new_job, opened, sent_by, shop_schema
from tests.unit.adapters.sqlalchemy.standin import OperationalError, mssql_engine

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.domain.job import Claim, JobState, NewJob
from corelib.errors import TransientFailure
from corelib.ports.job_store import LOST_WORKER

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    with opened(tmp_path) as opened_storage:
        yield opened_storage


def enqueued(storage: SqlStorage, *jobs: NewJob) -> None:
    with committed(storage) as transaction:
        transaction.add_jobs(jobs)


def claimed(storage: SqlStorage, job: NewJob) -> Claim:
    claim = storage.jobs.claim(job.id)
    assert claim is not None
    return claim


def end_leases(storage: SqlStorage) -> None:
    """Let the time pass by which every lease has ended."""
    with storage.engine.begin() as connection:
        connection.execute(sa.text("UPDATE corelib_job SET lease_until = '2001-01-01 00:00:00.000000'"))


class TestSqlJobStore:
    """What is particular to SQL; the behaviour itself is in the contract of `JobStore`."""

    def test_gives_a_job_back_as_it_was_enqueued(self, storage: SqlStorage) -> None:
        new = new_job(attempts=7, delay=timedelta(days=60), timeout=timedelta(hours=2))
        enqueued(storage, new)

        job = storage.jobs.find(new.id)

        assert job is not None
        assert (job.name, job.queue, job.payload, job.context) == (new.name, new.queue, new.payload, new.context)
        assert (job.state, job.attempts, job.max_attempts, job.timeout) == (JobState.PENDING, 0, 7, new.timeout)
        assert job.due_at - job.enqueued_at == new.delay

    def test_claims_in_one_statement(self, storage: SqlStorage) -> None:
        job = new_job()
        enqueued(storage, job)

        with sent_by(storage.engine) as sent:
            claim = storage.jobs.claim(job.id)

        assert claim is not None
        assert claim.job.state is JobState.RUNNING
        assert len(sent) == 1

    def test_enqueues_many_jobs_in_one_statement(self, storage: SqlStorage) -> None:
        with sent_by(storage.engine) as sent:
            enqueued(storage, *(new_job() for _ in range(50)))

        assert len(sent) == 1

    def test_hands_out_many_jobs_in_one_statement(self, storage: SqlStorage) -> None:
        jobs = [new_job() for _ in range(5)]
        enqueued(storage, *jobs)
        storage.jobs.forget_announcements()

        with sent_by(storage.engine) as sent:
            refs = storage.jobs.wake(limit=3, again_after=MINUTE)

        assert refs == [job.ref for job in jobs[:3]]
        assert len(sent) == 1

    def test_tells_how_many_announcements_it_forgot(self, storage: SqlStorage) -> None:
        enqueued(storage, new_job(), new_job(), new_job(delay=MINUTE))

        assert storage.jobs.forget_announcements() == 2

    @pytest.mark.parametrize("state", [each for each in JobState if each is not JobState.WAITING])
    def test_lists_streams_and_counts_by_state(self, storage: SqlStorage, state: JobState) -> None:
        jobs = {each: new_job() for each in JobState if each is not JobState.WAITING}  # no job waits outside of a flow
        running, succeeded, dead = (jobs[state] for state in (JobState.RUNNING, JobState.SUCCEEDED, JobState.DEAD))
        enqueued(storage, *jobs.values())
        claimed(storage, running)
        with committed(storage) as transaction:
            transaction.complete_job(succeeded.id, claimed(storage, succeeded).token)
        storage.jobs.bury(claimed(storage, dead), error="broken")
        storage.jobs.cancel(jobs[JobState.CANCELLED].id)
        storage.jobs.park(claimed(storage, jobs[JobState.PARKED]), reason="unreadable")

        listed = storage.jobs.list(state=state)
        streamed = list(storage.jobs.stream(state=state))

        assert [job.id for job in listed] == [jobs[state].id]
        assert streamed == list(listed)
        assert storage.jobs.count()[state] == 1

    def test_counts_states_that_no_job_is_in(self, storage: SqlStorage) -> None:
        assert storage.jobs.count() == dict.fromkeys(JobState, 0)

    class WhenAnErrorIsLong:
        def test_keeps_as_much_as_the_column_takes(self, storage: SqlStorage) -> None:
            retried, buried = new_job(), new_job()
            enqueued(storage, retried, buried)

            storage.jobs.retry(claimed(storage, retried), error="x" * 5000, wait=SECOND)
            storage.jobs.bury(claimed(storage, buried), error="x" * 5000)

            for job in storage.jobs.list():
                assert job.error == "x" * 1000

        def test_counts_as_sql_server_does(self, storage: SqlStorage) -> None:
            retried, buried = new_job(), new_job()
            enqueued(storage, retried, buried)
            error = "\ud800x" + "\U0001f511" * 1000

            storage.jobs.retry(claimed(storage, retried), error=error, wait=SECOND)
            storage.jobs.bury(claimed(storage, buried), error=error)

            for job in storage.jobs.list():
                assert job.error == "?x" + "\U0001f511" * 499

    class WhenTheLeaseEndedInTheLastAttempt:
        def test_marks_the_job_as_dead(self, storage: SqlStorage) -> None:
            job = new_job(attempts=1)
            enqueued(storage, job)
            claimed(storage, job)
            end_leases(storage)

            again = storage.jobs.claim(job.id)

            assert again is None
            found = storage.jobs.find(job.id)
            assert found is not None
            assert (found.state, found.error) == (JobState.DEAD, LOST_WORKER)
            assert found.finished_at is not None

    class WhenTheClaimIsAnothers:
        @pytest.mark.parametrize("settle", ["retry", "bury", "release"])
        def test_changes_nothing(self, storage: SqlStorage, settle: str) -> None:
            job = new_job()
            enqueued(storage, job)
            old = claimed(storage, job)
            end_leases(storage)
            claimed(storage, job)
            before = storage.jobs.find(job.id)

            settled = {
                "retry": lambda: storage.jobs.retry(old, error="late", wait=SECOND),
                "bury": lambda: storage.jobs.bury(old, error="late"),
                "release": lambda: storage.jobs.release(old),
            }[settle]()

            assert settled is False
            assert storage.jobs.find(job.id) == before

        def test_accepts_the_present_one(self, storage: SqlStorage) -> None:
            job = new_job()
            enqueued(storage, job)
            claim = claimed(storage, job)

            released = storage.jobs.release(claim)

            assert released is True
            found = storage.jobs.find(job.id)
            assert found is not None
            assert (found.state, found.attempts) == (JobState.PENDING, 0)

    class WhenTheTransactionFails:
        def test_hands_out_nothing_if_another_does_it(self) -> None:
            deadlock = OperationalError("40001", "[40001] [SQL Server]Rerun the transaction. (1205) (SQLExecDirectW)")
            storage = SqlStorage(mssql_engine({"WITH picked": deadlock}), shop_schema())

            refs = storage.jobs.wake(limit=1, again_after=MINUTE)

            assert refs == []

        def test_raises_when_it_was_to_claim(self) -> None:
            job = new_job()
            deadlock = OperationalError("40001", "[40001] [SQL Server]Rerun the transaction. (1205) (SQLExecDirectW)")
            storage = SqlStorage(mssql_engine({"WITH picked": deadlock}), shop_schema())

            with pytest.raises(TransientFailure, match="victim of a deadlock"):
                storage.jobs.claim(job.id)

            assert storage.engine.pool.checkedout() == 0  # type: ignore[attr-defined]

    class WhenNobodyReadsAStreamToItsEnd:
        def test_gives_the_connection_back(self, storage: SqlStorage) -> None:
            enqueued(storage, new_job(), new_job())

            stream = storage.jobs.stream(batch=1)
            next(iter(stream))
            stream.close()  # type: ignore[attr-defined]

            assert storage.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
