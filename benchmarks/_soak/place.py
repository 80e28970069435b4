"""A database and a namespace of a broker for one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import sqlalchemy as sa
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name, xq_name

from _jobs.contender import Place
from _soak.app import QUEUE
from corelib.adapters.dramatiq import create_broker
from corelib.adapters.dramatiq.names import broker_queue
from corelib.adapters.sqlalchemy import create_engine


@contextmanager
def fresh_place(server: str, broker_url: str, marks: str) -> Iterator[Place]:
    """Make a database, give it to the block with a namespace of the same name, and remove both."""
    name = f"corelib_soak_{uuid4().hex[:12]}"
    _administer(server, f"CREATE DATABASE {name}")
    try:
        url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        yield Place(url, broker_url, name, marks)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")
        _clean(broker_url, name)


def _administer(server: str, statement: str) -> None:
    engine = create_engine(server)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def _clean(broker_url: str, namespace: str) -> None:
    broker, queue = create_broker(broker_url, namespace=namespace), broker_queue(namespace, QUEUE)
    if isinstance(broker, RedisBroker):
        keys = list(broker.client.scan_iter(match=f"*{namespace}*"))
        if keys:
            broker.client.delete(*keys)
        broker.client.connection_pool.disconnect()
    else:
        for each in (queue, dq_name(queue), xq_name(queue)):
            broker.channel.queue_delete(each)  # type: ignore[attr-defined]
    broker.close()
