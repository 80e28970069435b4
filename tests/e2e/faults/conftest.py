"""What breaks, and the ledger that is kept meanwhile.

By default each fault is met a few times and on one of the brokers. `CORELIB_TEST_STRIKES=20`, as `nox -s faults` sets
it, has each of them met so often on both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.e2e.conftest import NewDatabase, broker_url
from tests.support.ledger import Ledger, chance
from tests.support.private_brokers import (
    RABBITMQ_SERVER,
    PrivateBroker,
    forgetful_rabbitmq,
    private_rabbitmq,
    private_redis,
)

Open = Callable[..., Ledger]
THOROUGH = bool(os.environ.get("CORELIB_TEST_STRIKES"))


def on_brokers(*usual: str) -> pytest.MarkDecorator:
    """Run a test on both brokers, or on these if there is little time."""
    return pytest.mark.parametrize("broker", ["rabbitmq", "redis"] if THOROUGH else usual)


@pytest.fixture
def open_ledger(tmp_path: Path, new_database: NewDatabase, namespace: str) -> Iterator[Open]:
    """Return a function that opens a ledger on PostgreSQL with a broker, by its name or its URL."""
    with ExitStack() as stack:

        def opened(broker: str, *, database: str | None = None, through: str | None = None) -> Ledger:
            url = broker if "://" in broker else broker_url(broker)
            direct = database or new_database("postgresql")
            ledger = Ledger(tmp_path, through or direct, direct, url, namespace, chance())
            stack.callback(ledger.close)
            return ledger

        yield opened


@pytest.fixture
def private_broker(broker: str, namespace: str) -> Iterator[PrivateBroker]:
    """Return a broker of the test's own that can lose what it has; of RabbitMQ a node takes many seconds to start."""
    if broker == "redis":
        kind = private_redis()
    else:
        kind = private_rabbitmq() if THOROUGH and RABBITMQ_SERVER.exists() else forgetful_rabbitmq(namespace)
    with kind as started:
        yield started
