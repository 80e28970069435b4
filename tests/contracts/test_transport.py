from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar
from urllib.parse import urlsplit

import pytest
from dramatiq import Broker
from tests.support.brokers import (
    RABBITMQ,
    REDIS,
    at_address,
    broker_named_by,
    fresh_namespace,
    received,
    received_lossy,
    with_password,
)
from tests.support.cuttable import CuttableWay, cuttable_way

from corelib.adapters.dramatiq import DramatiqTransport, create_broker
from corelib.adapters.memory import MemoryTransport
from corelib.domain.job import JobRef
from corelib.ports.transport import JobTransport
from corelib.testing.contracts.capabilities import Capability
from corelib.testing.contracts.transport import QUEUES, WRONG_PASSWORD, Receive, ReceiveLossy, TransportContract
from corelib.testing.contracts.waiting import PATIENCE


class TestMemoryTransport(TransportContract):
    adapter: ClassVar[str] = "memory"
    lacks: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVER})

    @pytest.fixture
    def transport(self) -> JobTransport:
        return MemoryTransport()

    @pytest.fixture
    def receive(self, transport: MemoryTransport) -> Receive:
        def take(count: int) -> list[JobRef]:
            refs: list[JobRef] = []
            while len(refs) < count and (ref := transport.take(wait=PATIENCE)):
                refs += [ref] if ref.queue in QUEUES else []
            return refs

        return take

    @pytest.fixture
    def receive_lossy(self, transport: MemoryTransport) -> ReceiveLossy:
        return lambda count: [job for _ in range(count) if (job := transport.take_lossy(wait=PATIENCE))]


class OverDramatiq(TransportContract):
    """What the adapters over Dramatiq have in common."""

    @pytest.fixture
    def namespace(self) -> str:
        return "bench"

    @pytest.fixture
    def broker_url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def broker(self, broker_url: str, namespace: str) -> Broker:
        return create_broker(broker_url, namespace=namespace)

    @pytest.fixture
    def transport(self, broker: Broker, broker_url: str, namespace: str) -> Iterator[JobTransport]:
        transport = DramatiqTransport(broker, url=broker_url, namespace=namespace, queues=QUEUES)
        yield transport
        transport.close()

    @pytest.fixture
    def receive(self, broker: Broker, namespace: str) -> Receive:
        return lambda count: received(broker, namespace, QUEUES, count)

    @pytest.fixture
    def receive_lossy(self, broker: Broker, namespace: str) -> ReceiveLossy:
        return lambda count: received_lossy(broker, namespace, QUEUES, count)


class TestDramatiqInProcess(OverDramatiq):
    adapter: ClassVar[str] = "dramatiq, in process"
    lacks: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVER})

    @pytest.fixture
    def broker_url(self) -> str:
        return "inprocess:"


class OverServer(OverDramatiq):
    """Reached by a way of the test's own, which can be cut."""

    variable: ClassVar[str]
    default_port: ClassVar[int]

    @pytest.fixture
    def server_url(self) -> str:
        return broker_named_by(self.variable)

    @pytest.fixture
    def way(self, server_url: str) -> Iterator[CuttableWay]:
        parts = urlsplit(server_url)
        with cuttable_way(parts.hostname or "127.0.0.1", parts.port or self.default_port) as way:
            yield way

    @pytest.fixture
    def namespace(self, server_url: str) -> Iterator[str]:
        with fresh_namespace(server_url) as namespace:
            yield namespace

    @pytest.fixture
    def broker_url(self, server_url: str, way: CuttableWay) -> str:
        return at_address(server_url, "127.0.0.1", way.port)

    @pytest.fixture
    def unreachable(self, server_url: str) -> Iterator[JobTransport]:
        yield from self._transport_to(at_address(server_url, "127.0.0.1", 1))

    @pytest.fixture
    def refusing(self, server_url: str) -> Iterator[JobTransport]:
        yield from self._transport_to(with_password(server_url, "nobody", WRONG_PASSWORD))

    @pytest.fixture
    def cut_off(self, way: CuttableWay) -> Callable[[], None]:
        return way.cut

    @pytest.fixture
    def all_connections_end(self, way: CuttableWay) -> Callable[[], bool]:
        return lambda: way.all_connections_end(PATIENCE)

    def _transport_to(self, url: str) -> Iterator[JobTransport]:
        transport = DramatiqTransport(create_broker(url, namespace="bench"), url=url, namespace="bench", queues=QUEUES)
        yield transport
        transport.close()


class TestDramatiqRabbitmq(OverServer):
    adapter: ClassVar[str] = "dramatiq, RabbitMQ"
    variable: ClassVar[str] = RABBITMQ
    default_port: ClassVar[int] = 5672


class TestDramatiqRedis(OverServer):
    adapter: ClassVar[str] = "dramatiq, Redis"
    variable: ClassVar[str] = REDIS
    default_port: ClassVar[int] = 6379
