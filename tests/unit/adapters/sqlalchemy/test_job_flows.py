from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from attrs import evolve
from tests.unit.adapters.sqlalchemy.sample import committed, new_job, opened

from corelib.adapters.sqlalchemy import SqlStorage, tables
from corelib.domain.flow import NewFlow
from corelib.domain.flow_place import FlowPlace
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState, NewJob


def stored_chain(storage: SqlStorage) -> tuple[NewJob, NewJob]:
    flow_id = new_id()
    one = evolve(new_job(), place=FlowPlace(flow_id, 0, None, 0))
    other = evolve(new_job(), place=FlowPlace(flow_id, 1, 0))
    with committed(storage) as transaction:
        transaction.add_flow(NewFlow(flow_id, [one, other]))
    return one, other


def ended_by_an_older_worker(storage: SqlStorage, job: NewJob, state: JobState) -> None:
    """Do what a version does that knows no flows: it ends the job, and counts nothing."""
    ended = sa.update(tables.job).where(tables.job.c.id == job.id)
    with storage.engine.begin() as connection:
        connection.execute(ended.values(state=state.value, finished_at=sa.func.current_timestamp(), wake_at=sa.null()))


def state_of(storage: SqlStorage, job: NewJob) -> JobState:
    found = storage.jobs.find(job.id)
    assert found is not None
    return found.state


class TestSqlJobFlows:
    class WhenAnOlderWorkerHasEndedAStep:
        def test_releases_the_next_one_when_it_is_settled(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                one, other = stored_chain(storage)
                ended_by_an_older_worker(storage, one, JobState.SUCCEEDED)
                before = state_of(storage, other)

                settled = [storage.jobs.settle_flows(), storage.jobs.settle_flows()]

                assert (before, settled) == (JobState.WAITING, [1, 0])
                assert state_of(storage, other) is JobState.PENDING

        def test_cancels_the_next_one_if_that_failed(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                one, other = stored_chain(storage)
                ended_by_an_older_worker(storage, one, JobState.DEAD)

                storage.jobs.settle_flows()

                assert state_of(storage, other) is JobState.CANCELLED

        def test_settles_no_more_than_it_is_told_to(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                for _ in range(3):
                    ended_by_an_older_worker(storage, stored_chain(storage)[0], JobState.SUCCEEDED)

                assert [storage.jobs.settle_flows(limit=2) for _ in range(3)] == [2, 1, 0]
