from __future__ import annotations

import pytest

from corelib.errors import InvalidSetting, UnknownScheme

pytest.importorskip("dramatiq")
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import CurrentMessage

from corelib.adapters.dramatiq import create_broker


class TestCreateBroker:
    class WhenTheBrokerIsThisProcess:
        def test_makes_one_without_retries_of_its_own(self) -> None:
            broker = create_broker("inprocess:", namespace="kitlab")

            assert isinstance(broker, StubBroker)
            assert [type(each) for each in broker.middleware] == [CurrentMessage]

    class WhenTheBrokerIsRabbitMQ:
        @pytest.mark.parametrize("scheme", ["amqp", "amqps"])
        def test_makes_one_without_connecting(self, scheme: str) -> None:
            pytest.importorskip("pika")

            broker = create_broker(f"{scheme}://user:s3cret@broker.invalid:5671/kits", namespace="kitlab")

            parameters = broker.parameters
            assert (parameters.host, parameters.port, parameters.virtual_host) == ("broker.invalid", 5671, "kits")
            assert parameters.credentials.username == "user"
            assert [type(each) for each in broker.middleware] == [CurrentMessage]

        def test_gives_up_soon(self) -> None:
            pytest.importorskip("pika")

            broker = create_broker("amqp://broker.invalid/", namespace="kitlab")

            parameters = broker.parameters
            assert (parameters.heartbeat, parameters.connection_attempts) == (60, 1)
            assert (parameters.socket_timeout, parameters.blocked_connection_timeout) == (5, 30)

        def test_lets_the_url_say_otherwise(self) -> None:
            pytest.importorskip("pika")

            broker = create_broker("amqp://broker.invalid/?heartbeat=7", namespace="kitlab")

            assert broker.parameters.heartbeat == 7

        @pytest.mark.parametrize(
            "url",
            ["amqp://user:s3cret@broker:port/", "amqp://user:s3cret@[::1/", "amqp://broker/?heartbeat=s3cret"],
        )
        def test_refuses_a_url_that_cannot_be_read(self, url: str) -> None:
            pytest.importorskip("pika")

            with pytest.raises(InvalidSetting) as caught:
                create_broker(url, namespace="kitlab")

            assert str(caught.value) == (
                "The broker URL cannot be read. Write it as amqp://guest:guest@localhost:5672/"
            )

    class WhenTheBrokerIsRedis:
        @pytest.mark.parametrize("scheme", ["redis", "rediss"])
        def test_makes_one_without_connecting(self, scheme: str) -> None:
            pytest.importorskip("redis")

            broker = create_broker(f"{scheme}://:s3cret@broker.invalid:6380/3", namespace="kitlab")

            options = broker.client.connection_pool.connection_kwargs
            assert (options["host"], options["port"], options["db"]) == ("broker.invalid", 6380, 3)
            assert options["socket_connect_timeout"] == 5
            assert [type(each) for each in broker.middleware] == [CurrentMessage]

        @pytest.mark.parametrize(("url", "database"), [("redis://", None), ("redis:///3", 3)])
        def test_finds_it_on_this_machine_unless_the_url_says_otherwise(self, url: str, database: int | None) -> None:
            pytest.importorskip("redis")

            broker = create_broker(url, namespace="kitlab")

            options = broker.client.connection_pool.connection_kwargs
            assert (options.get("host"), options.get("db")) == (None, database)

        def test_lets_the_url_say_otherwise(self) -> None:
            pytest.importorskip("redis")

            broker = create_broker("redis://broker.invalid/?socket_connect_timeout=7", namespace="kitlab")

            assert broker.client.connection_pool.connection_kwargs["socket_connect_timeout"] == 7

        def test_keeps_the_keys_of_hosts_apart(self) -> None:
            pytest.importorskip("redis")

            broker = create_broker("redis://broker.invalid/", namespace="kitlab")

            assert broker.namespace == "corelib-kitlab"

        @pytest.mark.parametrize("url", ["redis://:s3cret@broker:port/0", "redis://:s3cret@[::1/0"])
        def test_refuses_a_url_that_cannot_be_read(self, url: str) -> None:
            pytest.importorskip("redis")

            with pytest.raises(InvalidSetting) as caught:
                create_broker(url, namespace="kitlab")

            assert str(caught.value) == "The broker URL cannot be read. Write it as redis://localhost:6379/0"

    class WhenNoBrokerServesTheScheme:
        @pytest.mark.parametrize("url", ["kafka://user:s3cret@broker/", "localhost:5672", ""])
        def test_lists_those_that_are_served(self, url: str) -> None:
            with pytest.raises(UnknownScheme) as caught:
                create_broker(url, namespace="kitlab")

            assert caught.value.hint == "Use one of: inprocess, amqp, amqps, redis, rediss, memory."
            assert "s3cret" not in str(caught.value)
