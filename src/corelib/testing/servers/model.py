"""The words of this package: a kind of server, a server that was found, and one that was not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


def nothing_to_stop() -> None:
    """Leave a server alone that somebody else started."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Args:
        url: what a client connects with; may hold a password, so it is never printed as it stands.
        engine: product and, where it is known, version, as `PostgreSQL 18.6`.
        origin: where it came from, a phrase for people.
        caveat: what this very server cannot prove, a whole sentence; empty when it is what production runs.
        stop: ends what was started here and removes its files. For a server that was only found it does nothing.
    """

    url: str
    engine: str
    origin: str
    caveat: str = ""
    stop: Callable[[], None] = nothing_to_stop


@dataclass(frozen=True, slots=True)
class Missing:
    """A server that could neither be found nor started.

    Args:
        reason: what was tried and found, a phrase without a full stop.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the engines that integration tests may use.

    Args:
        name: as `--only` and `CORELIB_REQUIRE` spell it.
        title: as people spell it.
        variable: the environment variable that hands its URL to the command.
        unproven: what a run without it does not prove, the subject of a sentence in the plural.
        remedy: how to provide one, an instruction without a full stop.
        find: looks for one in an environment, starts one where that is possible.
            Raises `corelib.errors.ConfigurationError` when a server is named that cannot be used.
    """

    name: str
    title: str
    variable: str
    unproven: str
    remedy: str
    find: Callable[[Mapping[str, str]], Server | Missing]


class UnusableError(Exception):
    """A server did not answer as it should; the text says what the driver reported. Never leaves this package."""
