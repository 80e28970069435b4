"""What the plugin knows in one process of pytest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from attrs import define, field

from corelib.errors import ConfigurationError
from corelib.testing.plugin.case import Case
from corelib.testing.plugin.figures import Figures
from corelib.testing.plugin.network import NetworkGuard
from corelib.testing.plugin.options import PluginSettings
from corelib.testing.plugin.server_choice import check_allowed, choose_server, named_url
from corelib.testing.servers.model import Server

HANDED = "corelib_database_server"
"""Under which the controller of pytest-xdist hands the server to its workers."""

_HANDED_ATTRIBUTES = ("url", "engine", "origin", "caveat")

CASE: pytest.StashKey[Case] = pytest.StashKey()


class Worker(Protocol):
    """What pytest-xdist adds to the configuration of a worker, and to the controller's view of it."""

    workerinput: dict[str, object]
    workeroutput: dict[str, object]


@define(eq=False)
class State:
    """Kept in the stash of the configuration.

    Args:
        settings: of the project.
        guard: refuses connections to the outside.
        worker: name of this worker; `main` without pytest-xdist.
        seed: the same in all processes of a run, and in no other run.
        handed: the server as the controller has handed it over; None without one.
        on_end: takes what is to be done when pytest ends, whatever way.
        choose: looks for a server.
    """

    settings: PluginSettings
    guard: NetworkGuard
    worker: str
    seed: str
    handed: Mapping[str, object] | None
    on_end: Callable[[Callable[[], None]], None]
    choose: Callable[[str | None, Mapping[str, str]], Server] = choose_server
    figures: Figures = field(factory=Figures, init=False)
    _server: Server | None = field(default=None, init=False)
    _error: ConfigurationError | None = field(default=None, init=False)

    @property
    def has_server(self) -> bool:
        """Return whether there is one by now."""
        return self._server is not None

    def server(self) -> Server:
        """Return the server; it is found, or started, with the first call, and stopped when pytest ends.

        Raises:
            ConfigurationError: if there is none; the same one with every call.
        """
        if self._error is not None:
            raise self._error
        if self._server is None:
            try:
                self._server = self._handed_over() or self._chosen()
            except ConfigurationError as error:
                self._error = error
                raise
            self.on_end(self._server.stop)
            self.guard.known = _hosts(self._server.url)
        return self._server

    def to_hand_over(self) -> dict[str, object]:
        """Return the server, or why there is none, in plain values."""
        try:
            server = self.server()
        except ConfigurationError as error:
            return {"error": error.message, "hint": error.hint}
        return {name: getattr(server, name) for name in _HANDED_ATTRIBUTES}

    def _chosen(self) -> Server:
        named = named_url(self.settings.url, os.environ)
        if named is not None:
            check_allowed(named, self.settings.hosts, os.environ)
        return self.choose(self.settings.url, os.environ)

    def _handed_over(self) -> Server | None:
        if self.handed is None:
            return None
        if "error" in self.handed:
            raise ConfigurationError(str(self.handed["error"]), hint=str(self.handed["hint"]))
        url, engine, origin, caveat = (str(self.handed[name]) for name in _HANDED_ATTRIBUTES)
        return Server(url, engine, origin, caveat)


STATE: pytest.StashKey[State] = pytest.StashKey()


def _hosts(url: str) -> tuple[str, ...]:
    with suppress(ValueError):
        return tuple(host for host in (urlsplit(url).hostname,) if host)
    return ()
