"""What a diagnosis is made of."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from attrs import field, frozen


class State(Enum):
    """How something stands."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class Purpose(Enum):
    """What a server is there for; some things matter for one purpose only."""

    TESTS = "tests"
    PRODUCTION = "production"


@frozen
class Judgement:
    """What a check found out.

    Args:
        state: how it stands; `UNKNOWN` if the server does not tell, or not to this login.
        found: what was found, a clause without its full stop.
        advice: what to do about it, whole sentences; empty if there is nothing to do.
    """

    state: State
    found: str
    advice: str = ""


@frozen
class Finding:
    """A check and what it found out.

    Args:
        name: of the check, a short phrase.
        state, found, advice: as of `Judgement`.
    """

    name: str
    state: State
    found: str
    advice: str = ""


def _tuple(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(findings)


@frozen
class Diagnosis:
    """All findings about a database server, or about this machine.

    Args:
        subject: what was looked at; a URL has no secret in it.
        findings: in the order of the checks.
        connected: whether there was a connection at all; without one, nothing behind it was looked at.
    """

    subject: str
    findings: tuple[Finding, ...] = field(converter=_tuple)
    connected: bool = True


def ok(found: str, advice: str = "") -> Judgement:
    """Return the judgement that all is well."""
    return Judgement(State.OK, found, advice)


def warning(found: str, advice: str) -> Judgement:
    """Return the judgement that something should be changed."""
    return Judgement(State.WARNING, found, advice)


def failure(found: str, advice: str) -> Judgement:
    """Return the judgement that something has to be changed."""
    return Judgement(State.FAILURE, found, advice)


def unknown(found: str, advice: str = "") -> Judgement:
    """Return the judgement that the server does not tell."""
    return Judgement(State.UNKNOWN, found, advice)


def lacked_by_tests(asked: Purpose | None, found: str, advice: str) -> Judgement:
    """Return the judgement on what tests alone need: nothing is amiss where the server is there for production."""
    if asked is Purpose.PRODUCTION:
        return ok(f"{found}; production does not need it")
    return failure(found, advice) if asked is Purpose.TESTS else warning(f"{found}; tests need it", advice)


def lacked_by_production(asked: Purpose | None, found: str, advice: str) -> Judgement:
    """Return the judgement on what production alone needs: nothing is amiss where the server is there for tests."""
    if asked is Purpose.TESTS:
        return ok(f"{found}; tests do not need it")
    return failure(found, advice) if asked is Purpose.PRODUCTION else warning(f"{found}; production needs it", advice)
