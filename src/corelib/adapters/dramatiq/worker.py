"""Running jobs in the threads of a Dramatiq worker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from dramatiq import Actor, Broker, Worker

from corelib.adapters.dramatiq.names import ACTOR, broker_queue
from corelib.application.jobs.relay import Relay
from corelib.application.jobs.runner import JobRunner

WAKE_UP_MILLISECONDS = 200
"""How often idle threads look whether they are to stop."""


class DramatiqWorker:
    """Keeps the contract of `corelib.ports.worker.JobWorker`.

    Args:
        broker: where announcements arrive; one worker for each broker instance.
        runner: runs the announced jobs.
        relay: runs beside the threads and announces jobs whose time has come.
        namespace: prefix of the queues.
        queues: which queues to work on; at least one.
        threads: how many jobs run at a time.
    """

    def __init__(
        self,
        broker: Broker,
        runner: JobRunner,
        relay: Relay,
        *,
        namespace: str,
        queues: Sequence[str],
        threads: int,
    ) -> None:
        names = [broker_queue(namespace, queue) for queue in queues]
        self._runner = runner
        self._relay = relay
        self._worker = Worker(broker, queues=set(names), worker_threads=threads, worker_timeout=WAKE_UP_MILLISECONDS)
        Actor(self._run, broker=broker, actor_name=ACTOR, queue_name=names[0], priority=0, options={})

    def start(self) -> None:
        """Start threads and relay."""
        self._worker.start()
        self._relay.start()

    def stop(self, limit: timedelta) -> None:
        """Stop intake, wait for running jobs, hand back what is left of them."""
        self._relay.stop()
        self._worker.stop(timeout=int(limit.total_seconds() * 1000))
        self._runner.hand_back()

    def _run(self, job_id: str) -> None:
        self._runner.run(UUID(job_id))
