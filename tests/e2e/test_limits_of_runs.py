"""Leases and time-outs with real worker processes: the first are short, whatever the second are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.e2e.conftest import NewDatabase, broker_url
from tests.e2e.test_worker_command import Waiting
from tests.support.until import until
from tests.support.waiting_app import Hang

from corelib import JobState
from corelib.domain.job import AttemptOutcome


@pytest.fixture(params=[("postgresql", "rabbitmq"), ("postgresql", "redis"), ("sqlite", "inprocess")], ids="-".join)
def waiting(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: NewDatabase, namespace: str
) -> Iterator[Waiting]:
    database, broker = request.param
    waiting = Waiting(tmp_path, new_database(database), broker_url(broker), namespace)
    yield waiting
    waiting.close()


def the_job(waiting: Waiting) -> UUID:
    (job,) = waiting.host.jobs.list()
    return job.id


def outcomes(waiting: Waiting) -> list[AttemptOutcome]:
    return [attempt.outcome for attempt in waiting.host.jobs.attempts(the_job(waiting))]


def has_succeeded(waiting: Waiting) -> bool:
    return waiting.host.jobs.count()[JobState.SUCCEEDED] == 1


class TestWorkerCommand:
    class WhenAWorkerIsKilledInTheMiddleOfAJob:
        def test_is_taken_over_after_the_lease_and_not_after_the_time_out_of_ten_minutes(
            self, waiting: Waiting
        ) -> None:
            waiting.enqueue("long")
            worker = waiting.start_worker("--lease", "2")
            waiting.wait_until_begun("long")
            worker.kill()
            worker.wait()

            waiting.start_worker("--lease", "2")
            waiting.wait_until_begun("long", attempt=2)
            waiting.open_gate("long")

            until(lambda: has_succeeded(waiting), "the job has succeeded")
            assert waiting.done() == {"long": 2}
            assert outcomes(waiting) == [AttemptOutcome.STALLED, AttemptOutcome.SUCCEEDED]

    class WhenAJobTakesManyLeases:
        def test_is_kept_by_its_worker(self, waiting: Waiting) -> None:
            waiting.enqueue("long")
            for _ in range(2):
                waiting.start_worker("--lease", "0.6")
            waiting.wait_until_begun("long")
            began = waiting.host.jobs.find(the_job(waiting))
            assert began is not None
            assert began.lease_until is not None

            def has_outlived_its_lease() -> bool:
                job = waiting.host.jobs.find(began.id)
                assert job is not None
                assert job.lease_until is not None
                assert began.lease_until is not None
                return (job.lease_until - began.lease_until).total_seconds() > 3

            until(has_outlived_its_lease, "the lease was kept five times over")
            waiting.open_gate("long")

            until(lambda: has_succeeded(waiting), "the job has succeeded")
            assert outcomes(waiting) == [AttemptOutcome.SUCCEEDED]

    class WhenAHandlerHangs:
        def test_times_out_and_is_retried_while_the_thread_still_hangs(self, waiting: Waiting) -> None:
            os.mkfifo(waiting.folder / "stuck.gate")
            waiting.start_worker("--threads", "2")

            waiting.host.execute(Hang("stuck"))
            until(lambda: has_succeeded(waiting), "the second attempt has succeeded")

            assert outcomes(waiting) == [AttemptOutcome.TIMED_OUT, AttemptOutcome.SUCCEEDED]
            first, _ = waiting.host.jobs.attempts(the_job(waiting))
            assert "in hang_at_gate" in str(first.traceback)
            assert waiting.done() == {"stuck": 2}

        def test_keeps_nothing_of_it_when_it_returns_at_last(self, waiting: Waiting) -> None:
            os.mkfifo(waiting.folder / "stuck.gate")
            waiting.start_worker("--threads", "2")
            waiting.host.execute(Hang("stuck"))
            until(lambda: has_succeeded(waiting), "the second attempt has succeeded")

            waiting.open_gate("stuck")
            until(lambda: waiting.lines_logged("run has ended after its time-out"), "the thread is free again")

            assert waiting.done() == {"stuck": 2}
            assert outcomes(waiting) == [AttemptOutcome.TIMED_OUT, AttemptOutcome.SUCCEEDED]
