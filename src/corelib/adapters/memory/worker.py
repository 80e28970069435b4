"""A worker that is one background thread."""

from __future__ import annotations

import threading
from datetime import timedelta

from corelib.adapters.memory.transport import MemoryTransport
from corelib.application.jobs.relay import Relay
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.runner import JobRunner
from corelib.domain.lossy_job import LossyJob

PAUSE_SECONDS = 0.05


class InlineWorker:
    """Keeps the contract of `corelib.ports.worker.JobWorker` with one job at a time.

    Args:
        transport: where jobs are announced.
        runner: runs them.
        relay: announces jobs whose time has come.
    """

    def __init__(self, transport: MemoryTransport, runner: JobRunner, relay: Relay) -> None:
        self._transport = transport
        self._runner = runner
        self._relay = relay
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run announced jobs in a background thread."""
        self._stopping.clear()
        self._runner.start()
        self._relay.start()
        self._thread = threading.Thread(target=self._loop, name="corelib-worker", daemon=True)
        self._thread.start()

    def stop(self, limit: timedelta) -> None:
        """Stop the background thread."""
        self._stopping.set()
        self._relay.stop()
        if self._thread is not None:
            self._thread.join(limit.total_seconds())
            self._thread = None
        self._runner.hand_back()
        self._runner.stop()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            taken = self._transport.take_any(wait=PAUSE_SECONDS)
            if isinstance(taken, LossyJob):
                self._runner.lossy.run(taken)
            elif taken is not None:
                self._run_for(taken.queue)

    def _run_for(self, queue: str) -> None:
        """Run a job, and more of its queue while nobody waits for this thread: not every job has a message."""

        def goes_on() -> bool:
            return not self._transport.waiting and not self._stopping.is_set()

        while self._runner.run_while(queue, goes_on) is RunOutcome.LOST and goes_on():
            self._stopping.wait(PAUSE_SECONDS)
