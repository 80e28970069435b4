"""Random lives of jobs with keys: no key ever has more than its limits allow, and none waits that has room."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("sqlalchemy")

from attrs import define, evolve, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.adapters.sqlalchemy.sample import new_job, opened

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.domain.identifiers import new_id
from corelib.domain.job import Claim, JobState
from corelib.domain.job_queues import Rate
from corelib.ports.storage import Storage

KEYS = [None, "a" * 64, "b" * 64, "c" * 64]
MINUTE = timedelta(minutes=1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(KEYS), st.integers(-1, 1)),
        st.tuples(st.just("claim"), st.integers(1, 6), st.just(0)),
        st.tuples(st.just("end"), st.sampled_from(["complete", "retry", "release", "bury"]), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(1, 90), st.just(0)),
    ),
    min_size=8,
    max_size=40,
)
LIMITS = st.tuples(st.none() | st.integers(1, 3), st.none() | st.integers(1, 3)).filter(any)


@define
class World:
    """A store with limits for each key of its queue, and what has happened in it."""

    storage: Storage
    clock: ManualClock | None
    most: int | None
    rate: int | None
    held: list[Claim] = field(factory=list)
    begun: list[tuple[str, datetime]] = field(factory=list)

    def add(self, key: str | None, priority: int) -> None:
        transaction = self.storage.begin()
        transaction.add_jobs(
            [evolve(new_job(attempts=99, timeout=timedelta(days=9)), id=new_id(), limit_key=key, priority=priority)]
        )
        transaction.commit()

    def claim(self, limit: int, _: int) -> None:
        intake = self.storage.jobs.claim_due("default", limit=limit)
        claims = intake.claims
        self.held += claims
        now = self.storage.schedules.now()
        self.begun += [(claim.job.limit_key, now) for claim in claims if claim.job.limit_key]
        running = Counter(claim.job.limit_key for claim in self.held)
        for key in KEYS[1:]:
            assert self.most is None or running[key] <= self.most
        if self.clock is not None and self.rate is not None:
            self.check_windows()
        if len(claims) < limit:
            waiting = {job.limit_key for job in self.storage.jobs.list(state=JobState.PENDING) if job.due_at <= now}
            assert None not in waiting, "a job without a key has waited"
            assert intake.held_back is bool(waiting)
            if self.rate is None:
                assert all(running[key] >= (self.most or 0) for key in waiting), "a key with room has waited"

    def check_windows(self) -> None:
        """Within any minute, at most twice as many of a key have begun: windows follow one another."""
        for key in KEYS[1:]:
            begun = [at for name, at in self.begun if name == key]
            for first in begun:
                within = [at for at in begun if first <= at < first + MINUTE]
                assert len(within) <= 2 * (self.rate or 0)

    def end(self, how: str, which: int) -> None:
        if not self.held:
            return
        claim = self.held.pop(which % len(self.held))
        jobs = self.storage.jobs
        if how == "complete":
            jobs.complete([claim])
        elif how == "retry":
            jobs.retry(claim, error="failed", wait=timedelta(0))
        elif how == "release":
            jobs.release(claim)
        else:
            jobs.bury(claim, error="failed")

    def wait(self, seconds: int, _: int) -> None:
        if self.clock is not None:
            self.clock.advance(timedelta(seconds=seconds))

    def live(self, steps: list[tuple[str, object, int]]) -> None:
        self.storage.queues.limit_keys(
            "default", concurrency=self.most, rate=None if self.rate is None else Rate(self.rate, per=MINUTE)
        )
        for name, first, second in steps:
            getattr(self, name)(first, second)


class TestLimitsOfKeys:
    @given(LIMITS, STEPS)
    @settings(max_examples=200, deadline=None)
    def test_hold_in_memory(self, limits: tuple[int | None, int | None], steps: list[tuple[str, object, int]]) -> None:
        clock = ManualClock()
        World(MemoryStorage(clock), clock, *limits).live(steps)

    @given(LIMITS, STEPS)
    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_hold_on_sqlite(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        limits: tuple[int | None, int | None],
        steps: list[tuple[str, object, int]],
    ) -> None:
        folder: Path = tmp_path_factory.mktemp("keys")
        with opened(folder) as storage:
            World(storage, None, *limits).live(steps)
