"""How a process uses the kit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import TypeVar

import attrs
from attrs import field, frozen

from corelib.errors import InvalidSetting
from corelib.testing.database.model import Identity
from corelib.testing.database.planning.names import checked_prefix

E = TypeVar("E", bound=Enum)
DEFAULT_PREFIX = "corelib_test"


class Keep(Enum):
    """Which clones outlive their run."""

    NEVER = "never"
    FAILED = "failed"
    ALWAYS = "always"


class ResetBy(Enum):
    """How clones are brought back between tests."""

    DELETE = "delete"
    """Rows are deleted; on every engine, in milliseconds."""

    SNAPSHOT = "snapshot"
    """The clone is reverted to a database snapshot of itself; on SQL Server, for schemas that DELETE cannot empty."""


def _member(kind: type[E], value: E | str, name: str = "") -> E:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(str(each.value) for each in kind)
        raise InvalidSetting(
            f"The database test kit knows no {name or kind.__name__.lower()} {value!r}.", hint=f"Use one of: {known}."
        ) from None


def _reset_by(value: ResetBy | str) -> ResetBy:
    return _member(ResetBy, value, "reset by")


def _keep(value: Keep | str) -> Keep:
    return _member(Keep, value)


def _identity(value: Identity | str) -> Identity:
    return _member(Identity, value)


def _positive(_: object, attribute: attrs.Attribute[timedelta], value: timedelta) -> None:
    if value <= timedelta(0):
        raise InvalidSetting(f"The {attribute.name} of the database test kit is {value}, which is not positive.")


def _as_tuple(hosts: Sequence[str]) -> tuple[str, ...]:
    return tuple(hosts)


def _frozen(options: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(options))


@frozen
class KitSettings:
    """What one process of a run tells the kit.

    Args:
        run: identifies the test run, as `planning.names.run_id` makes it; all workers of a run have the same.
        prefix: of all names of databases, 3 to 21 small letters, digits and underscores.
        worker: of pytest-xdist, as `gw3`.
        allowed_hosts: hosts besides this machine that are there for tests; see `planning.ownership.check_host`.
        rebuild: whether the template is made anew, once in a run.
        keep: which clones outlive the run; `failed` is up to the caller, who tells by `Clone.keep`.
        keep_for: how long these are kept.
        template_lifetime: how long a template stays that no run asks for.
        build_timeout: how long to wait for a template that another process is building, up to one day.
        cloner: the way to make clones, where an engine has several; by default the best that the server allows.
        identity: what becomes of the counters of keys at a reset, unless the reset says otherwise.
        reset_by: how clones are brought back; by `snapshot` on SQL Server only.
        options: that the template and its clones are made with, as the host's production has them: on SQL Server those
            of ALTER DATABASE ... SET and COLLATE, as `READ_COMMITTED_SNAPSHOT` with `ON`; on PostgreSQL settings of a
            database, as `timezone` with `UTC`. Part of the fingerprint; what the engine does not know is refused.
    """

    run: str
    prefix: str = field(default=DEFAULT_PREFIX, converter=checked_prefix)
    worker: str = "main"
    allowed_hosts: Sequence[str] = field(default=(), converter=_as_tuple)
    rebuild: bool = False
    keep: Keep = field(default=Keep.NEVER, converter=_keep)
    keep_for: timedelta = field(default=timedelta(days=2), validator=_positive)
    template_lifetime: timedelta = field(default=timedelta(days=7), validator=_positive)
    build_timeout: timedelta = field(default=timedelta(minutes=15), validator=_positive)
    cloner: str | None = None
    identity: Identity = field(default=Identity.KEEP, converter=_identity)
    reset_by: ResetBy = field(default=ResetBy.DELETE, converter=_reset_by)
    options: Mapping[str, str] = field(factory=dict, converter=_frozen, hash=False)
