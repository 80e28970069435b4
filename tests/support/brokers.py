"""Brokers for tests: namespaces of their own, and nothing left behind in them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import pytest
from dramatiq import Broker
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name, xq_name

from corelib.adapters.dramatiq import create_broker
from corelib.adapters.dramatiq.lossy_message import job_of
from corelib.adapters.dramatiq.names import broker_queue
from corelib.domain.job import JobRef
from corelib.domain.lossy_job import LossyJob
from corelib.testing.contracts.waiting import PATIENCE

RABBITMQ = "CORELIB_TEST_RABBITMQ_URL"
REDIS = "CORELIB_TEST_REDIS_URL"
IDLE_MILLISECONDS = 20


def broker_named_by(variable: str) -> str:
    """Return the URL in an environment variable; without it, skip the test."""
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable} is not set: python -m corelib.testing.servers -- pytest ... sets what can be had")
    return url


@contextmanager
def fresh_namespace(url: str) -> Iterator[str]:
    """Give a namespace to the block that nobody uses, and remove its queues from the broker afterwards."""
    namespace = f"test-{uuid4().hex}"
    try:
        yield namespace
    finally:
        clean(url, namespace)


def received(broker: Broker, namespace: str, queues: Sequence[str], count: int) -> list[JobRef]:
    """Take so many announcements off the queues; give up with fewer when patience ends."""
    consumers = {
        queue: broker.consume(broker_queue(namespace, queue), prefetch=count, timeout=IDLE_MILLISECONDS)
        for queue in queues
    }
    refs: list[JobRef] = []
    until = time.monotonic() + PATIENCE
    while len(refs) < count and time.monotonic() < until:
        for queue, consumer in consumers.items():
            while len(refs) < count and (message := next(consumer)) is not None:
                consumer.ack(message)
                refs.append(JobRef(UUID(message.args[0]), queue))
    for consumer in consumers.values():
        consumer.close()
    return refs


def received_lossy(broker: Broker, namespace: str, queues: Sequence[str], count: int) -> list[LossyJob]:
    """Take so many jobs without rows off the queues, likewise."""
    jobs: list[LossyJob] = []
    until = time.monotonic() + PATIENCE
    consumers = [broker.consume(broker_queue(namespace, queue), timeout=IDLE_MILLISECONDS) for queue in queues]
    while len(jobs) < count and time.monotonic() < until:
        for consumer in consumers:
            while len(jobs) < count and (message := next(consumer)) is not None:
                consumer.ack(message)
                jobs.append(job_of(message.args[0]))
    for consumer in consumers:
        consumer.close()
    return jobs


def at_address(url: str, host: str, port: int) -> str:
    """Return the URL with another host and port."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{at}{host}:{port}"))


def with_password(url: str, user: str, password: str) -> str:
    """Return the URL with another login."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"))


def clean(url: str, namespace: str) -> None:
    """Remove what tests have left on a broker under a namespace."""
    if url.startswith(("memory:", "inprocess:")):
        return
    broker = create_broker(url, namespace=namespace)
    if isinstance(broker, RabbitmqBroker):
        _delete_queues(broker, namespace)
    if isinstance(broker, RedisBroker):
        with broker.client as client:
            keys = list(client.scan_iter(match=f"*{namespace}*"))
            if keys:
                client.delete(*keys)
            client.connection_pool.disconnect()
    broker.close()


def _delete_queues(broker: RabbitmqBroker, namespace: str) -> None:
    own = ("acts", "halted", "ledger", "limited", "one-by-one", "strangers")
    for queue in ("default", "mail", "video", "given-up", "payments", "email", "waiting", *own):
        name = broker_queue(namespace, queue)
        for each in (name, dq_name(name), xq_name(name)):
            broker.channel.queue_delete(each)  # RabbitMQ takes no offence at a queue that does not exist
