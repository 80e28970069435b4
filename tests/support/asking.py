"""A server that speaks just enough of PostgreSQL's protocol to ask for a password, and refuses whatever comes."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from typing import BinaryIO

SECONDS = 10
SSL_REQUEST = struct.pack("!i", 80877103)
CLEARTEXT_PASSWORD = struct.pack("!cii", b"R", 8, 3)
REFUSAL = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0"


class AskingServer:
    """Keeps the passwords that clients gave."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.passwords: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.settimeout(SECONDS)
                with client, client.makefile("rb") as stream, contextlib.suppress(struct.error):
                    self._ask(client, stream)

    def _ask(self, client: socket.socket, stream: BinaryIO) -> None:
        if _packet(stream) == SSL_REQUEST:
            client.sendall(b"N")  # it has no certificate
            _packet(stream)
        client.sendall(CLEARTEXT_PASSWORD)
        _, length = struct.unpack("!ci", stream.read(5))
        self.passwords.append(stream.read(length - 4).rstrip(b"\0").decode())
        client.sendall(struct.pack("!ci", b"E", len(REFUSAL) + 4) + REFUSAL)


def _packet(stream: BinaryIO) -> bytes:
    """Read a packet of those that come before the login: its length, and the rest."""
    (length,) = struct.unpack("!i", stream.read(4))
    return stream.read(length - 4)


@contextlib.contextmanager
def asking_server() -> Iterator[AskingServer]:
    """Give a server to the block, and close it at the end."""
    server = AskingServer()
    try:
        yield server
    finally:
        server.close()
