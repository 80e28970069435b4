from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest
from tests.support.brokers import RABBITMQ, REDIS, broker_named_by, fresh_namespace

from corelib import App, Host, Settings
from corelib.bootstrap import bootstrap
from corelib.ports.logger import Logger
from corelib.testing.contracts.jobs_lossy import LossyJobsContract
from corelib.testing.contracts.worker import MakeHost


class OnBroker(LossyJobsContract):
    """The worker that belongs to a broker's URL, over a store in memory."""

    @pytest.fixture
    def broker_url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def make_host(self, broker_url: str) -> Iterator[MakeHost]:
        hosts: list[Host] = []

        def make(app: App, log: Logger) -> Host:
            settings = Settings(broker_url=broker_url, namespace=namespace, threads=1, poll=timedelta(milliseconds=10))
            hosts.append(bootstrap(app, settings, log=log))
            return hosts[-1]

        with fresh_namespace(broker_url) as namespace:
            yield make
            for host in hosts:
                host.close()


class TestInlineWorker(OnBroker):
    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def broker_url(self) -> str:
        return "memory:"


class TestDramatiqInProcess(OnBroker):
    adapter: ClassVar[str] = "dramatiq, in process"

    @pytest.fixture
    def broker_url(self) -> str:
        return "inprocess:"


class TestDramatiqRabbitmq(OnBroker):
    adapter: ClassVar[str] = "dramatiq, RabbitMQ"

    @pytest.fixture
    def broker_url(self) -> str:
        return broker_named_by(RABBITMQ)


class TestDramatiqRedis(OnBroker):
    adapter: ClassVar[str] = "dramatiq, Redis"

    @pytest.fixture
    def broker_url(self) -> str:
        return broker_named_by(REDIS)
