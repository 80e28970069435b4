"""`Host.retry_job`: dead letters run again, also with an edited payload."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import frozen

pytest.importorskip("cattrs")

from corelib import App, Settings, job
from corelib.adapters.memory import ManualClock, MemoryObjectStorage
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import Job, JobState, NewJob
from corelib.errors import MisuseError, UnknownJob, ValidationFailed
from corelib.ports.job_steering import JobFilter
from corelib.ports.object_storage import ObjectStorage


@frozen
class Label:
    text: str


@job(attempts=2)
def print_label(label: Label) -> None:
    """Fail unless the label is good."""
    if label.text != "good":
        raise ZeroDivisionError


def a_host() -> Host:
    return bootstrap(App("printer", jobs=[print_label]))


def dead(host: Host) -> UUID:
    with host.unit_of_work() as uow:
        job_id = uow.jobs.enqueue(print_label, Label("bad"))
        uow.commit()
    claim = host.jobs.claim(job_id)
    assert claim is not None
    host.jobs.bury(claim, error="failed")
    return job_id


def found(host: Host, job_id: UUID) -> Job:
    stored = host.jobs.find(job_id)
    assert stored is not None
    return stored


class TestRetryJob:
    def test_gives_as_many_runs_as_the_job_has(self) -> None:
        host = a_host()
        job_id = dead(host)

        retried = host.retry_job(job_id)

        assert retried is True
        assert (found(host, job_id).attempts, found(host, job_id).max_attempts) == (1, 3)

    def test_gives_as_many_runs_as_it_is_told(self) -> None:
        host = a_host()
        job_id = dead(host)

        host.retry_job(job_id, attempts=7)

        assert found(host, job_id).max_attempts == 8

    def test_runs_with_an_edited_payload(self) -> None:
        host = a_host()
        job_id = dead(host)

        host.retry_job(job_id, payload='{"text": "good"}')
        host.run_due_jobs()

        assert found(host, job_id).state is JobState.SUCCEEDED

    def test_refuses_a_payload_that_the_handler_cannot_take(self) -> None:
        host = a_host()
        job_id = dead(host)

        with pytest.raises(ValidationFailed, match="text"):
            host.retry_job(job_id, payload='{"colour": "blue"}')

        assert found(host, job_id).state is JobState.DEAD

    def test_refuses_no_runs(self) -> None:
        with pytest.raises(MisuseError, match="0 times"):
            a_host().retry_job(new_id(), attempts=0)

    def test_says_so_if_there_is_no_such_job(self) -> None:
        assert a_host().retry_job(new_id()) is False

    class WhenTheHostDoesNotKnowTheJob:
        @staticmethod
        def of_another_version(host: Host) -> UUID:
            """Store a dead job under a name that the host does not have."""
            new = NewJob(id=new_id(), name="shred", queue="default", payload="{}", context=Context("c"))
            begun = host.storage.begin()
            begun.add_jobs([new])
            begun.commit()
            claim = host.jobs.claim(new.id)
            assert claim is not None
            host.jobs.bury(claim, error="failed")
            return new.id

        def test_gives_it_one_run_by_a_worker_that_does(self) -> None:
            host = a_host()
            job_id = self.of_another_version(host)

            assert host.retry_job(job_id) is True
            assert found(host, job_id).max_attempts == 2

        def test_cannot_validate_a_payload(self) -> None:
            host = a_host()
            job_id = self.of_another_version(host)

            with pytest.raises(UnknownJob):
                host.retry_job(job_id, payload="{}")


def good(payload: dict[str, object]) -> dict[str, object]:
    return {**payload, "text": "good"}


class TestRetryDeadJobs:
    def test_edits_and_retries_all_that_are_dead(self) -> None:
        host = a_host()
        dead_jobs = [dead(host) for _ in range(3)]

        assert host.retry_dead_jobs(good) == 3

        assert [found(host, job_id).payload for job_id in dead_jobs] == ['{"text": "good"}'] * 3
        assert [found(host, job_id).max_attempts for job_id in dead_jobs] == [3] * 3
        assert host.run_due_jobs() == 3
        assert host.jobs.count()[JobState.SUCCEEDED] == 3

    def test_concerns_those_of_a_filter(self) -> None:
        host = a_host()
        dead(host)

        assert host.retry_dead_jobs(good, JobFilter(name="other")) == 0
        assert host.retry_dead_jobs(good, JobFilter(name="print_label"), attempts=5) == 1
        assert [job.max_attempts for job in host.jobs.list()] == [6]

    def test_ends_with_the_first_payload_that_does_not_fit(self) -> None:
        host = a_host()
        first, second = dead(host), dead(host)
        texts = iter(["good", 3])

        with pytest.raises(ValidationFailed):
            host.retry_dead_jobs(lambda payload: {**payload, "text": next(texts)})

        assert (found(host, first).state, found(host, second).state) == (JobState.PENDING, JobState.DEAD)

    def test_refuses_what_is_no_json(self) -> None:
        host = a_host()
        job_id = dead(host)

        with pytest.raises(ValidationFailed, match="is no JSON"):
            host.retry_dead_jobs(lambda payload: {**payload, "text": object()})

        assert found(host, job_id).state is JobState.DEAD

    def test_edits_one_alone(self) -> None:
        host = a_host()
        first, second = dead(host), dead(host)

        assert host.retry_job(second, edit=good) is True

        assert (found(host, first).state, found(host, second).payload) == (JobState.DEAD, '{"text": "good"}')

    def test_edits_a_payload_that_was_too_large_for_its_row(self) -> None:
        objects = MemoryObjectStorage(ManualClock())
        app = App("printer", jobs=[print_label], services=lambda _: {ObjectStorage: objects})
        host = bootstrap(app, Settings(payload_limit=1024))
        job_id = host.enqueue(print_label, Label("bad" * 1024))
        claim = host.jobs.claim(job_id)
        assert claim is not None
        host.jobs.bury(claim, error="failed")

        assert host.retry_dead_jobs(good) == 1

        assert (found(host, job_id).payload, found(host, job_id).payload_key) == ('{"text": "good"}', None)

    def test_refuses_no_runs(self) -> None:
        with pytest.raises(MisuseError, match="0 times"):
            a_host().retry_dead_jobs(good, attempts=0)
