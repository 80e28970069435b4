"""A Dramatiq worker within the test's process, which runs what it is handed and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from uuid import UUID

from attrs import frozen
from dramatiq import Actor, Worker
from dramatiq.errors import QueueJoinTimeout

from corelib.adapters.dramatiq import DramatiqTransport, create_broker
from corelib.adapters.dramatiq.names import ACTOR, broker_queue
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.domain.job import JobRef

_NAMESPACE = "test"
_WAKE_UP_MILLISECONDS = 10
"""How often idle threads look whether they are to stop; they hang on a queue in memory, so it may be often."""

_STOP_MILLISECONDS = 1000


@frozen
class Ran:
    """One message that reached a job: which one, and what became of it."""

    job_id: UUID
    outcome: RunOutcome


class StubWorker:
    """Hands messages to the threads of a Dramatiq worker, over a StubBroker of its own.

    It has no relay, and looks for no jobs: what is not delivered does not run.

    Args:
        run: runs one job.
        threads: how many run at a time.
    """

    def __init__(self, run: Callable[[UUID], RunOutcome], *, threads: int) -> None:
        self._run_job = run
        self._broker = create_broker("inprocess:", namespace=_NAMESPACE)
        self._transport = DramatiqTransport(self._broker, url="inprocess:", namespace=_NAMESPACE, queues=())
        Actor(self._run, broker=self._broker, actor_name=ACTOR, queue_name="unused", priority=0, options={})
        self._worker = Worker(self._broker, worker_threads=threads, worker_timeout=_WAKE_UP_MILLISECONDS)
        self._lock = threading.Lock()
        self._ran: list[Ran] = []

    @contextmanager
    def started(self) -> Iterator[None]:
        """Keep its threads running within the block."""
        self._worker.start()
        try:
            yield
        finally:
            self._worker.stop(timeout=_STOP_MILLISECONDS)

    def deliver(self, refs: Sequence[JobRef], *, until: float) -> list[Ran]:
        """Send one message for each job, wait until all are handled, and return what became of them.

        Args:
            refs: the jobs.
            until: the end of patience, as `time.monotonic()` counts; what was not handled by then is not returned.
        """
        with self._lock:
            self._ran.clear()
        self._transport.send(refs)
        for queue in {broker_queue(_NAMESPACE, ref.queue) for ref in refs}:
            left = max(1, int((until - time.monotonic()) * 1000))
            with suppress(QueueJoinTimeout):
                self._broker.join(queue, timeout=left)
        with self._lock:
            return list(self._ran)

    def _run(self, job_id: str) -> None:
        ran = Ran(UUID(job_id), self._run_job(UUID(job_id)))
        with self._lock:
            self._ran.append(ran)
