from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from corelib.testing.plugin.network import NetworkGuard, NetworkRefused, broker_ports, is_loopback

OUTSIDE = "192.0.2.1"  # for documentation, RFC 5737: nobody has it
CLOSED = 1


@pytest.fixture
def guard() -> NetworkGuard:
    return NetworkGuard(frozenset({5672}))


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def connect(host: str, port: int) -> None:
    socket.create_connection((host, port), timeout=1).close()


class TestNetworkGuard:
    class WhenATestIsWatched:
        def test_refuses_a_host_outside_and_names_test_address_and_way_out(self, guard: NetworkGuard) -> None:
            with guard.watching("test_mail.py::test_send"), pytest.raises(NetworkRefused) as refused:
                connect(OUTSIDE, 25)

            assert str(refused.value) == (
                "test_mail.py::test_send was about to connect to 192.0.2.1:25, which is outside of this machine. Use "
                "the fake of that service (for jobs the fixture jobs, which needs no broker), or open the way with "
                "@pytest.mark.allow_network('192.0.2.1')."
            )

        def test_refuses_to_look_up_the_name_of_one(self, guard: NetworkGuard) -> None:
            with guard.watching("t"), pytest.raises(NetworkRefused, match=r"mail\.example:25"):
                connect("mail.example", 25)

        def test_refuses_a_datagram(self, guard: NetworkGuard) -> None:
            with (
                guard.watching("t"),
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
                pytest.raises(NetworkRefused),
            ):
                sender.sendto(b"count:1", (OUTSIDE, 8125))

        def test_refuses_the_port_of_a_broker_on_this_machine(self, guard: NetworkGuard) -> None:
            with guard.watching("t"), pytest.raises(NetworkRefused, match=r"127\.0\.0\.1:5672, where a broker listens"):
                connect("127.0.0.1", 5672)

        def test_refuses_what_another_thread_does(self, guard: NetworkGuard) -> None:
            raised: list[Exception] = []

            def run() -> None:
                try:
                    connect(OUTSIDE, 25)
                except NetworkRefused as error:
                    raised.append(error)

            with guard.watching("t"):
                thread = threading.Thread(target=run)
                thread.start()
                thread.join()

            assert len(raised) == 1

        def test_lets_connections_within_this_machine_pass(self, guard: NetworkGuard, listening: socket.socket) -> None:
            with guard.watching("t"):
                connect("localhost", listening.getsockname()[1])

            assert guard.refusals == []

        def test_lets_a_socket_of_the_file_system_pass(self, guard: NetworkGuard) -> None:
            with (
                guard.watching("t"),
                socket.socket(socket.AF_UNIX) as client,
                pytest.raises(FileNotFoundError),
            ):
                client.connect("/nothing/there")

        def test_lets_the_kit_itself_pass(self, guard: NetworkGuard) -> None:
            with guard.watching("t"), guard.paused(), pytest.raises(ConnectionRefusedError):
                connect("127.0.0.1", CLOSED)

            assert guard.refusals == []

        def test_watches_again_after_a_pause(self, guard: NetworkGuard) -> None:
            with guard.watching("t"):
                with guard.paused():
                    pass
                with pytest.raises(NetworkRefused):
                    connect(OUTSIDE, 25)

    class WhenTheTestHasOpenedTheWay:
        @pytest.mark.parametrize("allowed", ["127.0.0.1", "localhost", "127.0.0.1:5672", "localhost:5672"])
        def test_lets_it_pass(self, guard: NetworkGuard, allowed: str) -> None:
            with guard.watching("t", [allowed]), socket.socket() as client:
                client.settimeout(1)
                client.connect_ex(("127.0.0.1", 5672))

            assert guard.refusals == []

        @pytest.mark.parametrize("allowed", ["127.0.0.1:5671", "localhost:5671", "nobody.invalid"])
        def test_refuses_others_all_the_same(self, guard: NetworkGuard, allowed: str) -> None:
            with guard.watching("t", [allowed]), pytest.raises(NetworkRefused):
                connect("127.0.0.1", 5672)

    class WhenAHostIsKnown:
        def test_lets_it_pass(self) -> None:
            guard = NetworkGuard(frozenset({5672}), known=(OUTSIDE,))

            with guard.watching("t"), socket.socket() as client:
                client.setblocking(False)
                client.connect_ex((OUTSIDE, 1433))

            assert guard.refusals == []

        def test_refuses_a_broker_on_it(self) -> None:
            guard = NetworkGuard(frozenset({5672}), known=("127.0.0.1",))

            with guard.watching("t"), pytest.raises(NetworkRefused):
                connect("127.0.0.1", 5672)

    class WhenNoTestIsWatched:
        def test_refuses_nothing(self, guard: NetworkGuard) -> None:
            with guard.watching("t"):
                pass

            with pytest.raises(ConnectionRefusedError):
                connect("127.0.0.1", CLOSED)

            assert guard.refusals == []

    class WhenCodeHidesTheError:
        def test_gives_it_out_once(self, guard: NetworkGuard) -> None:
            with guard.watching("t"), pytest.raises(NetworkRefused):
                connect(OUTSIDE, 25)

            taken = guard.take_refusal(), guard.take_refusal()

            assert (str(taken[0])[:7], taken[1]) == ("t was a", None)


class TestBrokerPorts:
    def test_are_the_usual_ones_and_those_of_urls_in_the_environment(self) -> None:
        environ = {
            "CORELIB_TEST_RABBITMQ_URL": "amqp://guest:guest@broker:15672/",
            "CACHE_URL": "redis://cache:7000/0",
            "DATABASE_URL": "postgresql://host:5432/db",
            "BROKER": "amqp://host:9999/",
            "BROKEN_URL": "amqp://host:port/",
            "PLAIN_URL": "amqp://host/",
        }

        assert broker_ports(environ) == {5671, 5672, 6379, 6380, 15672, 7000}


class TestIsLoopback:
    @pytest.mark.parametrize(
        "host",
        ["localhost", "app.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "", "::1%lo"],
    )
    def test_knows_this_machine(self, host: str) -> None:
        assert is_loopback(host)

    @pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "mail.example", "localhost.example"])
    def test_knows_others(self, host: str) -> None:
        assert not is_loopback(host)
