"""Tests that reach out: a connection to a broker, or to a host outside, fails at once.

Python tells of each connection before it is made (audit events `socket.getaddrinfo`, `socket.connect`, `socket.sendto`
and `socket.sendmsg`; Python: "Audit events table"). Drivers that are written in C connect without Python, so those of
databases (libpq, ODBC) are not seen: that a test uses the database of the kit is not for this guard to tell.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from attrs import define, field, frozen

from corelib.errors import CorelibError

BROKER_PORTS = frozenset({5671, 5672, 6379, 6380})
"""Of RabbitMQ and of Redis, plain and with TLS."""

_BROKER_SCHEMES = ("amqp", "amqps", "redis", "rediss", "valkey", "valkeys")
_CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")


class NetworkRefused(CorelibError):
    """A test was about to connect to a broker or to a host outside."""

    def __init__(self, test: str, address: str, what: str) -> None:
        super().__init__(
            f"{test} was about to connect to {address}, {what}.",
            hint="Use the fake of that service (for jobs the fixture jobs, which needs no broker), or open the way "
            f"with @pytest.mark.allow_network({address.rpartition(':')[0] or address!r}).",
        )
        self.test = test
        self.address = address


def broker_ports(environ: Mapping[str, str]) -> frozenset[int]:
    """Return the ports of brokers: the usual ones, and those of the broker URLs in the environment."""
    ports = set(BROKER_PORTS)
    for name, value in environ.items():
        if name.endswith("_URL") and value.partition("://")[0].lower() in _BROKER_SCHEMES:
            with suppress(ValueError):
                ports.add(urlsplit(value).port or 0)
    return frozenset(ports - {0})


@frozen
class _Watched:
    test: str
    allowed: frozenset[str]


@define
class NetworkGuard:
    """Refuses connections while a test is watched.

    Args:
        ports: of brokers.
        known: hosts outside that every test may reach, as that of the database server; not a broker on them.
    """

    ports: frozenset[int]
    known: tuple[str, ...] = ()
    refusals: list[NetworkRefused] = field(factory=list, init=False)
    _pending: list[NetworkRefused] = field(factory=list, init=False)
    _watched: _Watched | None = field(default=None, init=False)
    _installed: bool = field(default=False, init=False)
    _resolving: threading.local = field(factory=threading.local, init=False)

    @contextmanager
    def watching(self, test: str, allowed: Sequence[str] = ()) -> Iterator[None]:
        """Refuse within the block what the test may not reach, in every thread.

        A hook of Python cannot be removed again, so one is added with the first test and asks this object from then on.
        """
        if not self._installed:
            sys.addaudithook(self._hook)
            self._installed = True
        self._watched = _Watched(test, frozenset(allowed))
        try:
            yield
        finally:
            self._watched = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let everything pass within the block: the kit's own work."""
        watched, self._watched = self._watched, None
        try:
            yield
        finally:
            self._watched = watched

    def take_refusal(self) -> NetworkRefused | None:
        """Return what was refused first since the last call: code under test may have hidden it."""
        pending, self._pending = self._pending, []
        return pending[0] if pending else None

    def _hook(self, name: str, args: tuple[object, ...]) -> None:
        watched = self._watched
        if watched is None or not name.startswith("socket."):
            return
        if name in _CONNECTING:
            address = args[1]
            if isinstance(address, tuple) and len(address) >= 2:
                self._check(watched, str(address[0]), int(address[1]))
        elif name == "socket.getaddrinfo" and args[0] is not None:
            host = args[0].decode() if isinstance(args[0], bytes) else str(args[0])
            self._check(watched, host, _number(args[1]))

    def _check(self, watched: _Watched, host: str, port: int) -> None:
        if getattr(self._resolving, "now", False):
            return
        reason = self._reason(host, port)
        if reason is None or self._is_one_of(watched.allowed, host, port):
            return
        refusal = NetworkRefused(watched.test, f"{host}:{port}" if port else host, reason)
        self.refusals.append(refusal)
        self._pending.append(refusal)
        raise refusal

    def _reason(self, host: str, port: int) -> str | None:
        if port in self.ports:
            return "where a broker listens"
        return (
            None if is_loopback(host) or self._is_one_of(self.known, host, port) else "which is outside of this machine"
        )

    def _is_one_of(self, names: Collection[str], host: str, port: int) -> bool:
        if host in names or f"{host}:{port}" in names:
            return True
        return _is_address(host) and any(host in self._addresses(name, port) for name in names)

    def _addresses(self, name: str, port: int) -> set[str]:
        """Return the addresses of a host that may be reached at this port."""
        host, colon, only = name.rpartition(":")
        if colon and only.isdigit():
            if int(only) != port:
                return set()
            name = host
        self._resolving.now = True
        try:
            return {str(found[4][0]) for found in socket.getaddrinfo(name, None)}
        except OSError:
            return set()
        finally:
            self._resolving.now = False


def is_loopback(host: str) -> bool:
    """Return whether a name or an address is that of this machine, for this machine alone."""
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    if not _is_address(host):
        return False
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _number(port: object) -> int:
    text = port.decode() if isinstance(port, bytes) else str(port)
    return int(text) if text.isdigit() else 0
