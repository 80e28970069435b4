from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs.exceptions import FrozenInstanceError

from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import Job, JobRef, JobState, NewJob

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def new_job() -> NewJob:
    return NewJob(id=new_id(), name="charge", queue="payments", payload="{}", context=Context("c-1"))


class TestNewJob:
    def test_is_known_to_the_broker_by_identifier_and_queue(self) -> None:
        job = new_job()

        assert job.ref == JobRef(job.id, "payments")

    def test_runs_once_and_at_once_unless_it_says_otherwise(self) -> None:
        job = new_job()

        assert (job.max_attempts, job.delay) == (1, timedelta(0))

    def test_cannot_be_changed(self) -> None:
        job = new_job()

        with pytest.raises(FrozenInstanceError):
            job.queue = "other"


class TestJob:
    def test_is_known_to_the_broker_by_identifier_and_queue(self) -> None:
        job = Job(
            id=new_id(),
            name="charge",
            queue="payments",
            payload="{}",
            context=Context("c-1"),
            state=JobState.PENDING,
            attempts=0,
            max_attempts=1,
            timeout=timedelta(minutes=1),
            enqueued_at=NOON,
            due_at=NOON,
        )

        assert job.ref == JobRef(job.id, "payments")


class TestJobState:
    def test_has_the_values_that_stores_keep(self) -> None:
        values = [state.value for state in JobState]

        assert values == ["waiting", "pending", "running", "succeeded", "dead", "cancelled", "parked"]
