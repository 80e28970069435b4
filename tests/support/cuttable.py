"""A way to a server that can be cut, and that knows how many connections go through it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

import sqlalchemy as sa

CHUNK = 65_536
PORTS = {"postgresql": 5432, "mssql": 1433}
UNENCRYPTED = {"postgresql": {"sslmode": "disable", "gssencmode": "disable"}, "mssql": {"Encrypt": "no"}}
"""Options with which the bytes can be seen; a SQL Server that insists on encryption shows none."""
TRANSACTION_REQUEST, COMMIT_REQUEST = b"\x0e", b"\x07\x00"


class Moment(Enum):
    """When a connection breaks."""

    BEFORE = "before the server gets it"
    ANSWERED = "when the server has answered, so that the answer is lost"


class Trap(NamedTuple):
    """What breaks a connection, and when."""

    part: bytes
    moment: Moment
    for_good: bool


class CuttableWay:
    """Listens at a port of its own and passes everything on to a server, both ways, until it is cut.

    Args:
        host: of the server; one that begins with a slash is the folder of a PostgreSQL server's socket.
        port: of the server.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._changed = threading.Condition()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._cut = False
        self._trap: Trap | None = None
        self._passes = threading.Event()
        self._passes.set()
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

    def break_connections(self) -> None:
        """Break every connection; later ones are passed on as before."""
        with self._changed:
            pairs = list(self._pairs)
        for pair in pairs:
            _break(pair)

    def hold_for(self, seconds: float) -> None:
        """Let nothing pass for so long, without a word to either side; then it passes on."""
        self._passes.clear()
        try:
            threading.Event().wait(seconds)
        finally:
            self._passes.set()

    def cut_at(self, part: bytes, moment: Moment, *, for_good: bool = False) -> None:
        """Break the next connection on which a client sends this word.

        Others, and later ones, stay whole, unless all is cut for good at that moment.
        """
        with self._changed:
            self._trap = Trap(part, moment, for_good)

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
            try:
                pair = (client, self._connect())
            except OSError:
                client.close()  # the server is down: whoever asked is told so
                continue
            with self._changed:
                self._pairs.add(pair)
                cut = self._cut
            if cut:
                _break(pair)
            muted = threading.Event()
            self._start(self._send_on, pair, muted)
            self._start(self._answer, pair, muted)

    def _connect(self) -> socket.socket:
        host, port = self._server
        if not host.startswith("/"):
            return socket.create_connection(self._server)
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(f"{host}/.s.PGSQL.{port}")
        except OSError:
            server.close()
            raise
        return server

    def _send_on(self, pair: tuple[socket.socket, socket.socket], muted: threading.Event) -> None:
        """Pass on what the client sends, until the trap is sprung."""
        client, server = pair
        with contextlib.suppress(OSError):
            while data := client.recv(CHUNK):
                self._passes.wait()
                moment = self._moment_of(data)
                if moment is Moment.BEFORE:
                    break
                if moment is Moment.ANSWERED:
                    muted.set()
                server.sendall(data)
        self._end(pair)

    def _answer(self, pair: tuple[socket.socket, socket.socket], muted: threading.Event) -> None:
        """Pass on what the server answers, until the answer that is to be lost."""
        client, server = pair
        with contextlib.suppress(OSError):
            while (data := server.recv(CHUNK)) and not muted.is_set():
                self._passes.wait()
                client.sendall(data)
        self._end(pair)

    def _moment_of(self, data: bytes) -> Moment | None:
        with self._changed:
            trap = self._trap
            if trap is None or not _sends(data, trap.part):
                return None
            self._trap = None
        if trap.for_good:
            self.cut()
        return trap.moment

    def _end(self, pair: tuple[socket.socket, socket.socket]) -> None:
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


@contextlib.contextmanager
def way_to_database(url: str) -> Iterator[CuttableWay]:
    """Give a way to the server of a URL to the block."""
    server = sa.make_url(url)
    host = server.host or server.query.get("host") or "127.0.0.1"
    usual = PORTS[server.get_backend_name()]
    with cuttable_way(str(host), server.port or int(str(server.query.get("port") or usual))) as way:
        yield way


def url_through(url: str, way: CuttableWay) -> str:
    """Return the URL by which a database is reached on a way; not encrypted, so that its bytes can be seen."""
    server = sa.make_url(url).difference_update_query(["host", "port"]).set(host="127.0.0.1", port=way.port)
    plain = server.update_query_dict(UNENCRYPTED[server.get_backend_name()])
    return plain.render_as_string(hide_password=False)


def _sends(data: bytes, word: bytes) -> bool:
    """Return whether a client sends a word: to SQL Server in UTF-16, and COMMIT as a request of its own.

    Microsoft: "[MS-TDS]: Transaction Manager Request"; behind the header of a packet there are those of the request.
    """
    if word == b"COMMIT" and data[:1] == TRANSACTION_REQUEST and data[30:32] == COMMIT_REQUEST:
        return True
    return word in data or word.decode().encode("utf-16-le") in data


def _break(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
