"""Hosts on each transport, over a store in memory: what suites of workers run on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest
from tests.support.brokers import RABBITMQ, REDIS, broker_named_by, fresh_namespace

from corelib import App, Host, Settings
from corelib.bootstrap import bootstrap
from corelib.ports.logger import Logger
from corelib.testing.contracts.worker import MakeHost


class OnBroker:
    """The worker that belongs to a broker's URL."""

    threads: ClassVar[int] = 2

    @pytest.fixture
    def broker_url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def make_host(self, broker_url: str) -> Iterator[MakeHost]:
        hosts: list[Host] = []

        def make(app: App, log: Logger) -> Host:
            settings = Settings(
                broker_url=broker_url, namespace=namespace, threads=self.threads, poll=timedelta(milliseconds=10)
            )
            hosts.append(bootstrap(app, settings, log=log))
            return hosts[-1]

        with fresh_namespace(broker_url) as namespace:
            yield make
            for host in hosts:
                host.close()


class InMemory(OnBroker):
    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def broker_url(self) -> str:
        return "memory:"


class InProcess(OnBroker):
    adapter: ClassVar[str] = "dramatiq, in process"

    @pytest.fixture
    def broker_url(self) -> str:
        return "inprocess:"


class OnRabbitmq(OnBroker):
    adapter: ClassVar[str] = "dramatiq, RabbitMQ"

    @pytest.fixture
    def broker_url(self) -> str:
        return broker_named_by(RABBITMQ)


class OnRedis(OnBroker):
    adapter: ClassVar[str] = "dramatiq, Redis"

    @pytest.fixture
    def broker_url(self) -> str:
        return broker_named_by(REDIS)
