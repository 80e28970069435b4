"""Announcing jobs through a Dramatiq broker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dramatiq import Broker, Message
from dramatiq.brokers.stub import StubBroker

from corelib.adapters.dramatiq.failures import translated
from corelib.adapters.dramatiq.lossy_message import carried
from corelib.adapters.dramatiq.names import ACTOR, LOSSY_ACTOR, broker_queue
from corelib.domain.job import JobRef
from corelib.domain.lossy_job import LossyJob


class DramatiqTransport:
    """Keeps the contract of `corelib.ports.transport.JobTransport` over any Dramatiq broker.

    Args:
        broker: made by `create_broker`; closing the transport closes it.
        url: the broker's, for messages; only its host is ever shown.
        namespace: prefix of the queues.
        queues: the host's queues.
    """

    def __init__(self, broker: Broker, *, url: str, namespace: str, queues: Iterable[str]) -> None:
        self._broker = broker
        self._url = url
        self._namespace = namespace
        for queue in queues:
            broker.declare_queue(broker_queue(namespace, queue))

    def send(self, refs: Sequence[JobRef]) -> None:
        """Enqueue one message for each job, also for queues that only another version of the host has."""
        self._enqueue([_message(self._namespace, ref) for ref in refs])

    def deliver(self, jobs: Sequence[LossyJob]) -> None:
        """Enqueue one message for each job, which carries it."""
        self._enqueue([_lossy_message(self._namespace, job) for job in jobs])

    def check(self) -> None:
        """Connect once, without trying again."""
        with translated(self._url):
            if isinstance(self._broker, StubBroker):
                return
            if hasattr(self._broker, "client"):
                self._broker.client.ping()
            elif hasattr(self._broker, "parameters"):
                _connect_once(self._broker.parameters)

    def close(self) -> None:
        """Close the broker's connections; of Redis, Dramatiq itself would leave the pool open."""
        self._broker.close()
        if hasattr(self._broker, "client"):
            self._broker.client.connection_pool.disconnect()

    def _enqueue(self, messages: Sequence[Message[None]]) -> None:
        with translated(self._url):
            for queue in {message.queue_name for message in messages}:
                self._broker.declare_queue(queue)
            if len(messages) > 1 and hasattr(self._broker, "enqueue_many"):
                self._broker.enqueue_many(messages)
                return
            for message in messages:
                self._broker.enqueue(message)


def _connect_once(parameters: object) -> None:
    """Connect to RabbitMQ anew: of a connection that is there already nobody knows whether it still holds."""
    import pika  # type: ignore[import-untyped]  # noqa: PLC0415 - an optional client, there by now

    pika.BlockingConnection(parameters=parameters).close()


def _message(namespace: str, ref: JobRef) -> Message[None]:
    return Message(
        queue_name=broker_queue(namespace, ref.queue), actor_name=ACTOR, args=(str(ref.id),), kwargs={}, options={}
    )


def _lossy_message(namespace: str, job: LossyJob) -> Message[None]:
    name = broker_queue(namespace, job.queue)
    return Message(queue_name=name, actor_name=LOSSY_ACTOR, args=(carried(job),), kwargs={}, options={})
