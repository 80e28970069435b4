from __future__ import annotations

import pytest

from corelib.domain.identifiers import new_id
from corelib.domain.job import JobRef
from corelib.errors import ServerUnreachable

pytest.importorskip("dramatiq")
from dramatiq import Broker
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import ConnectionClosed

from corelib.adapters.dramatiq import DramatiqTransport, create_broker


class RedisClient:
    """The client of a broker over Redis, and its pool of connections, in one."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.calls: list[str] = []

    @property
    def connection_pool(self) -> RedisClient:
        return self

    def ping(self) -> None:
        self.calls.append("ping")
        if not self.answers:
            raise ConnectionClosed("gone")

    def disconnect(self) -> None:
        self.calls.append("disconnect")


class RedisLikeBroker(Broker):
    """A broker that reaches its server through a client."""

    def __init__(self, client: RedisClient) -> None:
        super().__init__(middleware=[])
        self.client = client

    def declare_queue(self, queue_name: str) -> None: ...

    def close(self) -> None: ...


class UnreachableBroker(Broker):
    def declare_queue(self, queue_name: str) -> None: ...

    def enqueue(self, message: object, *, delay: int | None = None) -> None:
        raise ConnectionClosed("gone")


def transport_over(broker: Broker) -> DramatiqTransport:
    return DramatiqTransport(broker, url="amqp://u:s3cret@h:1/", namespace="kitlab", queues=["mail", "payments"])


def stub() -> StubBroker:
    broker = create_broker("inprocess:", namespace="kitlab")
    assert isinstance(broker, StubBroker)
    return broker


class TestDramatiqTransport:
    class TestSend:
        def test_puts_one_message_for_each_job_into_its_queue(self) -> None:
            broker = stub()
            refs = [JobRef(new_id(), "mail"), JobRef(new_id(), "mail"), JobRef(new_id(), "payments")]

            transport_over(broker).send(refs)

            sizes = {name: queue.qsize() for name, queue in broker.queues.items()}
            assert (sizes["kitlab.mail"], sizes["kitlab.payments"]) == (2, 1)

        def test_sends_the_identifier_and_nothing_else(self) -> None:
            broker = stub()
            ref = JobRef(new_id(), "mail")

            transport_over(broker).send([ref])

            message = next(iter(broker.consume("kitlab.mail", timeout=100)))
            assert (message.args, message.kwargs, message.options) == ((str(ref.id),), {}, {})

        def test_accepts_nothing_to_send(self) -> None:
            broker = stub()

            transport_over(broker).send([])

            assert all(queue.empty() for queue in broker.queues.values())

        def test_declares_queues_that_this_host_does_not_have(self) -> None:
            broker = stub()

            transport_over(broker).send([JobRef(new_id(), "of-another-version")])

            assert broker.queues["kitlab.of-another-version"].qsize() == 1

        def test_says_that_the_broker_does_not_answer(self) -> None:
            transport = transport_over(UnreachableBroker(middleware=[]))

            with pytest.raises(ServerUnreachable, match="amqp://h:1 does not answer"):
                transport.send([JobRef(new_id(), "mail")])

    class TestCheck:
        def test_accepts_a_broker_within_the_process(self) -> None:
            transport_over(stub()).check()

        def test_asks_the_server_once(self) -> None:
            client = RedisClient()

            transport_over(RedisLikeBroker(client)).check()

            assert client.calls == ["ping"]

        def test_says_that_the_broker_does_not_answer(self) -> None:
            transport = transport_over(RedisLikeBroker(RedisClient(answers=False)))

            with pytest.raises(ServerUnreachable, match="amqp://h:1 does not answer"):
                transport.check()

    class TestClose:
        def test_closes_the_broker(self) -> None:
            closed: list[str] = []

            class ClosableBroker(StubBroker):
                def close(self) -> None:
                    closed.append("closed")

            transport_over(ClosableBroker(middleware=[])).close()

            assert closed == ["closed"]

        def test_gives_back_the_connections_of_the_client(self) -> None:
            client = RedisClient()

            transport_over(RedisLikeBroker(client)).close()

            assert client.calls == ["disconnect"]
