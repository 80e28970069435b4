"""The runs of this process that have not ended."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from uuid import UUID

from attrs import define, field

from corelib.application.jobs.run import StopSignal
from corelib.application.jobs.run_reports import RunReports
from corelib.domain.job import Claim
from corelib.errors import CorelibError

CANCELLED = "somebody cancelled the job"
LOST = "the run has lost the job"
TIMED_OUT = "its time is up"

Abandon = Callable[[CorelibError], None]


def _nothing() -> None:
    """Nobody writes what runs tell while they go on."""


@define(eq=False)
class Running:
    """One run: what its own thread and the heartbeat know about it.

    Args:
        claim: holds the job.
        ends: when its time is up, as the clock of the runs counts seconds.
        confirmed: when the store last said that the claim holds.
        reports: what it tells, and the store does not have yet.
        durable: whether the store knows the job.
        thread: that runs it.
    """

    claim: Claim
    ends: float
    confirmed: float
    reports: RunReports
    thread: int = field(factory=threading.get_ident)
    stop: StopSignal = field(factory=StopSignal)
    timed_out: bool = False
    settled: bool = False
    durable: bool = True
    _abandon: Abandon | None = None

    @property
    def cancelled(self) -> bool:
        """Return whether it is to stop because the job was cancelled."""
        return self.stop.given and self.stop.reason == CANCELLED

    @contextmanager
    def within(self, abandon: Abandon) -> Iterator[None]:
        """Have the transaction that this abandons abandoned if the time is up within the block."""
        self._abandon = abandon
        try:
            yield
        finally:
            self._abandon = None

    def time_out(self, reason: CorelibError) -> None:
        """Tell the run to stop, and take its transaction from it."""
        self.timed_out = True
        self.stop.give(TIMED_OUT)
        abandon = self._abandon
        if abandon is not None:
            abandon(reason)

    def stack(self) -> str:
        """Return where its thread is at this moment."""
        frame: FrameType | None = sys._current_frames().get(self.thread)
        return "" if frame is None else "".join(["Where the run was:\n", *traceback.format_stack(frame)])


class RunningJobs:
    """The runs that have not ended, shared by the threads that run and the one of the heartbeat.

    Args:
        now: seconds of a clock that never goes back.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.reported: Callable[[], object] = _nothing
        self._lock = threading.Lock()
        self._runs: dict[UUID, Running] = {}

    @contextmanager
    def added(self, claim: Claim, *, durable: bool = True) -> Iterator[Running]:
        """Have a run listed within the block."""
        now = self.now()
        reports = RunReports(claim, wake=self.reported, now=self.now)
        run = Running(claim, now + claim.job.timeout.total_seconds(), now, reports, durable=durable)
        with self._lock:
            self._runs[claim.token] = run
        try:
            yield run
        finally:
            with self._lock:
                self._runs.pop(claim.token, None)

    def all(self) -> list[Running]:
        """Return all of them, also those that have timed out but whose threads go on."""
        with self._lock:
            return list(self._runs.values())

    def overdue(self) -> list[Running]:
        """Return those whose time is up, and of which the store does not know that yet."""
        now = self.now()
        return [run for run in self.all() if run.ends <= now and not run.settled]

    def confirm(self, answer: dict[UUID, bool], asked: list[Running], at: float, *, lease: timedelta) -> None:
        """Take the store's answer to a heartbeat.

        Args:
            answer: by token, whether the job is to be cancelled.
            asked: the runs that the heartbeat was for.
            at: when it was sent.
            lease: a run that was not confirmed for so long has lost its job.
        """
        for run in asked:
            wanted = answer.get(run.claim.token)
            if wanted is not None:
                run.confirmed = at
            if wanted:
                run.stop.give(CANCELLED)
            elif at - run.confirmed > lease.total_seconds():
                run.stop.give(LOST)
