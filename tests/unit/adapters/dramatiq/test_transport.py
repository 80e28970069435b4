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


class UnreachableClient:
    def ping(self) -> None:
        raise ConnectionClosed("gone")


class UnreachableRedis(Broker):
    """A broker that reaches its server through a client."""

    client = UnreachableClient()

    def declare_queue(self, queue_name: str) -> None: ...


class UnreachableRabbitMQ(Broker):
    """A broker that has a connection, and a queue of every name."""

    def declare_queue(self, queue_name: str) -> None: ...

    def enqueue(self, message: object, *, delay: int | None = None) -> None:
        raise ConnectionClosed("gone")

    @property
    def connection(self) -> object:
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

        def test_says_that_the_broker_does_not_answer(self) -> None:
            with pytest.raises(ServerUnreachable, match="amqp://h:1 does not answer"):
                transport_over(UnreachableRabbitMQ()).send([JobRef(new_id(), "mail")])

    class TestCheck:
        def test_accepts_a_broker_within_the_process(self) -> None:
            transport_over(stub()).check()

        @pytest.mark.parametrize("broker", [UnreachableRedis, UnreachableRabbitMQ])
        def test_says_that_the_broker_does_not_answer(self, broker: type[Broker]) -> None:
            with pytest.raises(ServerUnreachable, match="amqp://h:1 does not answer"):
                transport_over(broker()).check()

    class TestClose:
        def test_closes_the_broker(self) -> None:
            closed: list[str] = []

            class ClosableBroker(StubBroker):
                def close(self) -> None:
                    closed.append("closed")

            transport_over(ClosableBroker(middleware=[])).close()

            assert closed == ["closed"]
