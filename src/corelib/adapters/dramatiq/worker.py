"""Running jobs in the threads of a Dramatiq worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from dramatiq import Actor, Broker, Worker
from dramatiq.middleware import CurrentMessage

from corelib.adapters.dramatiq.lossy_message import Carried, job_of
from corelib.adapters.dramatiq.names import ACTOR, LOSSY_ACTOR, broker_queue
from corelib.application.jobs.relay import Relay
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.runner import JobRunner
from corelib.errors import MisuseError
from corelib.ports.logger import Logger

WAKE_UP_MILLISECONDS = 200
"""How often idle threads look whether they are to stop."""

PAUSE_SECONDS = 0.5
"""How long a thread waits that could not ask the store for jobs."""


class DramatiqWorker:
    """Keeps the contract of `corelib.ports.worker.JobWorker`.

    Args:
        broker: where announcements arrive; one worker for each broker instance.
        runner: runs the announced jobs.
        relay: runs beside the threads and announces jobs whose time has come.
        namespace: prefix of the queues.
        log: is told of messages that cannot be read.
        pools: which queues to work on, and how many threads they share; each queue is in one pool.
    """

    def __init__(
        self,
        broker: Broker,
        runner: JobRunner,
        relay: Relay,
        *,
        namespace: str,
        log: Logger,
        pools: Sequence[tuple[Sequence[str], int]],
    ) -> None:
        self._queues = {broker_queue(namespace, queue): queue for queues, _ in pools for queue in queues}
        self._stopping = threading.Event()
        names = list(self._queues)
        self._runner = runner
        self._relay = relay
        self._log = log
        self._workers = {}
        for queues, threads in pools:
            of_pool = {broker_queue(namespace, queue) for queue in queues}
            worker = Worker(broker, queues=of_pool, worker_threads=threads, worker_timeout=WAKE_UP_MILLISECONDS)
            self._workers.update(dict.fromkeys(queues, worker))
        for actor, run in ((ACTOR, self._run), (LOSSY_ACTOR, self._run_lossy)):
            Actor(run, broker=broker, actor_name=actor, queue_name=names[0], priority=0, options={})

    def start(self) -> None:
        """Start threads, heartbeat and relay."""
        self._runner.start()
        for worker in self._each():
            worker.start()
        self._relay.start()

    def stop(self, limit: timedelta) -> None:
        """Stop intake, wait for running jobs, hand back what is left of them."""
        self._stopping.set()
        self._relay.stop()
        until = time.monotonic() + limit.total_seconds()
        for worker in self._each():
            worker.stop(timeout=max(0, int((until - time.monotonic()) * 1000)))
        self._runner.hand_back()
        self._runner.stop()

    def _each(self) -> list[Worker]:
        return list({id(worker): worker for worker in self._workers.values()}.values())

    def _run(self, job_id: str) -> None:  # noqa: ARG002 - workers of earlier versions go by it
        """Run a job of the queue that the message came through, and more while no other message waits for a thread.

        So a message wakes, and whatever it names, the best job goes first; and not every job needs a message.
        """
        message = CurrentMessage.get_current_message()
        if message is None:  # Dramatiq sets it before each
            raise MisuseError("A job was run outside of a worker.")
        queue = self._queues[message.queue_name]
        others = self._workers[queue].work_queue

        def goes_on() -> bool:
            return others.empty() and not self._stopping.is_set()

        while self._runner.run_while(queue, goes_on) is RunOutcome.LOST and goes_on():
            self._stopping.wait(PAUSE_SECONDS)

    def _run_lossy(self, told: Carried) -> None:
        """Run the job that the message carries; one that cannot be read is logged, since it would never be."""
        try:
            job = job_of(told)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._log.error("message that cannot be read is lost", error)
            return
        self._runner.lossy.run(job)
