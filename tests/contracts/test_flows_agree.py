"""Random flows, whose jobs end, fail and are retried in any order: stores agree, and every flow comes to its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from attrs import frozen
from tests.support.databases import POSTGRESQL, database_with_tables, opened, server_named_by, sqlite_file

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.application.jobs.flow_layout import FlowLayout
from corelib.domain.flow import NewFlow
from corelib.domain.flow_steps import Flow, always, chain, group, step
from corelib.domain.identifiers import new_id
from corelib.domain.job import FINAL_STATES, JobState
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import transaction
from corelib.testing.contracts.job_store import AT_ONCE
from corelib.testing.contracts.sample_tables import schema
from corelib.testing.contracts.samples import a_job

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies


@frozen
class Nothing:
    """Payload that nobody reads."""


def work(payload: Nothing) -> None: ...


steps = st.just(step(work, Nothing()))
flows = st.recursive(
    steps,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda members: chain(*members)),
        st.lists(inner, max_size=3).map(lambda members: group(*members)),
        inner.map(always),
    ),
    max_leaves=8,
)
actions = st.tuples(
    st.sampled_from(
        [
            "succeed",
            "succeed",
            "succeed",
            "together",
            "fail",
            "again",
            "cancel",
            "revive",
            "discard",
            "add",
            "flow",
        ]
    ),
    st.integers(0, 1000),
)


def laid_out(flow: Flow) -> NewFlow | None:
    layout = FlowLayout(new_id())
    layout.lay(chain(step(work, Nothing()), flow, always(step(work, Nothing()))))
    jobs = [a_job(place=place, max_attempts=5) for _, place in layout.places]
    return NewFlow(layout.flow_id, jobs)


class Playing:
    """Does the same in a store as in others, and notes how often each job has succeeded."""

    def __init__(self, storage: Storage, flow: NewFlow) -> None:
        self.storage = storage
        self.flow = flow
        self.ids = [job.id for job in flow.jobs]
        with transaction(storage) as begun:
            begun.add_flow(flow)

    def states(self) -> list[tuple[JobState, int, bool] | None]:
        found = [self.storage.jobs.find(job_id) for job_id in self.ids]
        return [job and (job.state, job.attempts, job.error is None) for job in found]

    def counts(self) -> tuple[int, int, int, bool] | None:
        flow = self.storage.jobs.find_flow(self.flow.id)
        return flow and (flow.jobs, flow.unfinished, flow.failed, flow.finished_at is None)

    def pending(self) -> list[UUID]:
        return self.in_state(JobState.PENDING)

    def in_state(self, state: JobState) -> list[UUID]:
        told = zip(self.ids, self.states(), strict=True)
        return [job_id for job_id, found in told if found is not None and found[0] is state]

    def act(self, action: str, number: int, added: NewFlow) -> None:
        jobs, pending = self.storage.jobs, self.pending()
        any_id = self.ids[number % len(self.ids)]
        if action == "cancel":
            jobs.cancel(any_id)
        elif action == "revive":
            failed = self.in_state(JobState.DEAD) or [any_id]
            jobs.retry_dead(failed[number % len(failed)], attempts=3)
        elif action == "discard":
            jobs.discard(any_id)
        elif action == "flow" and number % 5 == 0:
            jobs.cancel_flow(self.flow.id)
        elif pending:
            self._run(action, pending[number % len(pending)], added)

    def _run(self, action: str, job_id: UUID, added: NewFlow) -> None:
        jobs = self.storage.jobs
        claim = jobs.claim(job_id)
        assert claim is not None
        if action == "together":
            assert jobs.complete([claim]) == [True]
        elif action == "fail":
            jobs.bury(claim, error="failed")
        elif action == "again":
            jobs.retry(claim, error="failed", wait=AT_ONCE)
        elif action == "add":
            with transaction(self.storage) as begun:
                begun.suspend_job(job_id, claim.token, added)
            self.ids.extend(job.id for job in added.jobs)
        else:
            with transaction(self.storage) as begun:
                begun.complete_job(job_id, claim.token)


def to_add(count: int) -> NewFlow:
    layout = FlowLayout(new_id())
    layout.lay(group(*[step(work, Nothing())] * count), leads_to=layout.new_gate())
    return NewFlow(layout.flow_id, [a_job(place=place, max_attempts=5) for _, place in layout.places])


def play(storages: Sequence[Storage], flow: Flow, played: list[tuple[str, int]]) -> None:
    """Do the same in all stores, compare them after each step, and bring what is left to its end."""
    new = laid_out(flow)
    assert new is not None
    playing = [Playing(storage, new) for storage in storages]
    for action, number in played:
        added = to_add(1 + number % 3)
        for each in playing:
            each.act(action, number, added)
        assert playing[0].states() == playing[1].states(), action
        assert playing[0].counts() == playing[1].counts(), action

    for each in playing:
        while each.pending():
            each.act("succeed", 0, new)

    for each in playing:
        left = [found for found in each.states() if found is not None]
        counts = each.counts()
        assert all(state in FINAL_STATES for state, _, _ in left)
        assert counts is None or counts[1] == 0
        assert each.storage.jobs.settle_flows() == 0
    assert playing[0].states() == playing[1].states()


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Storage]:
    with database_with_tables(server_named_by(POSTGRESQL), schema) as opened_there:
        yield opened_there


class TestFlows:
    @hypothesis.given(flow=flows, played=st.lists(actions, max_size=25))
    @hypothesis.settings(max_examples=40, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
    def test_move_on_in_sqlite_as_in_memory(self, flow: Flow, played: list[tuple[str, int]]) -> None:
        with TemporaryDirectory() as folder, opened(sqlite_file(Path(folder)), schema) as sqlite:
            sqlite.create()
            play([MemoryStorage(ManualClock()), sqlite], flow, played)

    @hypothesis.given(flow=flows, played=st.lists(actions, max_size=25))
    @hypothesis.settings(max_examples=25, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
    def test_move_on_in_postgresql_as_in_memory(
        self, postgresql: Storage, flow: Flow, played: list[tuple[str, int]]
    ) -> None:
        play([MemoryStorage(ManualClock()), postgresql], flow, played)
