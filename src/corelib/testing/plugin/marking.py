"""The markers: how a test uses its database, and which hosts it may connect to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Protocol

from attrs import frozen

from corelib.errors import MisuseError
from corelib.ports.storage import Isolation

DB = "db"
ALLOW_NETWORK = "allow_network"
MARKERS = (
    "db(reset='delete'|'rollback'|'clone'|'none', isolation=None): how a test uses the database and leaves it clean.",
    "allow_network('host', 'host:port', ...): the test may connect to these hosts.",
)
_LEVELS = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SNAPSHOT", "SERIALIZABLE")
_HELP = "Write @pytest.mark.db(reset='delete'|'rollback'|'clone'|'none', isolation='read committed'|...)."
_HOSTS_HELP = "Write @pytest.mark.allow_network('host', 'host:port', ...)."


class Reset(Enum):
    """How a test leaves a clean database to the next one."""

    DELETE = "delete"
    """What it committed is deleted after it; the default."""

    ROLLBACK = "rollback"
    """All that it does runs in one transaction, which is rolled back."""

    CLONE = "clone"
    """It has a database of its own, which is dropped."""

    NONE = "none"
    """It does not: the next test that wants a clean database cleans up before it begins."""


class Mark(Protocol):
    """As much of a `pytest.Mark` as is read here."""

    @property
    def args(self) -> tuple[object, ...]: ...  # noqa: D102 - as pytest has it
    @property
    def kwargs(self) -> Mapping[str, object]: ...  # noqa: D102 - as pytest has it


@frozen
class DatabaseUse:
    """What the marker `db` says.

    Args:
        reset: how the next test gets a clean database.
        isolation: of the connections, in capitals as SQLAlchemy spells it; None for the server's default.
    """

    reset: Reset = Reset.DELETE
    isolation: str | None = None


def database_use(marks: Iterable[Mark]) -> DatabaseUse:
    """Read the markers `db` of a test, the closest one first: what it does not say, the next one may.

    Raises:
        MisuseError: if one is written wrongly.
    """
    said: dict[str, object] = {}
    for mark in marks:
        if mark.args:
            raise MisuseError(f"The marker db takes its arguments by name, but was given {mark.args[0]!r}.", hint=_HELP)
        unknown = sorted(set(mark.kwargs) - {"reset", "isolation"})
        if unknown:
            raise MisuseError(f"The marker db knows no {', '.join(unknown)}.", hint=_HELP)
        _ = _reset(mark.kwargs.get("reset", Reset.DELETE)), _isolation(mark.kwargs.get("isolation"))
        said = {**mark.kwargs, **said}
    return DatabaseUse(_reset(said.get("reset", Reset.DELETE)), _isolation(said.get("isolation")))


def allowed_hosts(marks: Iterable[Mark]) -> tuple[str, ...]:
    """Read the markers `allow_network` of a test.

    Raises:
        MisuseError: if one is written wrongly.
    """
    hosts: list[str] = []
    for mark in marks:
        if mark.kwargs or not mark.args or not all(isinstance(host, str) and host for host in mark.args):
            raise MisuseError("The marker allow_network takes names of hosts.", hint=_HOSTS_HELP)
        hosts += [str(host) for host in mark.args]
    return tuple(hosts)


def _reset(value: object) -> Reset:
    try:
        return value if isinstance(value, Reset) else Reset(value)
    except ValueError:
        raise MisuseError(f"The marker db knows no reset={value!r}.", hint=_HELP) from None


def _isolation(value: object) -> str | None:
    if value is None:
        return None
    level = str(value.value if isinstance(value, Isolation) else value).upper().replace("_", " ")
    if level not in _LEVELS:
        raise MisuseError(f"The marker db knows no isolation={value!r}.", hint=f"Use one of: {', '.join(_LEVELS)}.")
    return level
