"""A way to a server that can be cut, and that knows how many connections go through it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

CHUNK = 65_536


class CuttableWay:
    """Listens at a port of its own and passes everything on to a server, both ways, until it is cut.

    Args:
        host: of the server.
        port: of the server.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._changed = threading.Condition()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._cut = False
        self._start(self._accept)

    @property
    def port(self) -> int:
        """Return the port at which it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def cut(self) -> None:
        """Break every connection and take no more."""
        with self._changed:
            self._cut = True
            pairs = list(self._pairs)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        for pair in pairs:
            _break(pair)

    def all_connections_end(self, seconds: float) -> bool:
        """Wait until no connection is left and return whether that happened in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pairs, seconds)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            pair = (client, socket.create_connection(self._server))
            with self._changed:
                self._pairs.add(pair)
                cut = self._cut
            if cut:
                _break(pair)
            self._start(self._pass_on, pair, client, pair[1])
            self._start(self._pass_on, pair, pair[1], client)

    def _pass_on(self, pair: tuple[socket.socket, socket.socket], source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                target.sendall(data)
        _break(pair)
        with self._changed:
            self._pairs.discard(pair)
            self._changed.notify_all()

    def _start(self, target: object, *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()  # type: ignore[arg-type]


@contextlib.contextmanager
def cuttable_way(host: str, port: int) -> Iterator[CuttableWay]:
    """Give a way to the block, and cut it at the end."""
    way = CuttableWay(host, port)
    try:
        yield way
    finally:
        way.cut()
        way.all_connections_end(5)


def _break(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
