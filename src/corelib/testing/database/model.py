"""The words of the kit: a database that it owns, a server, a session, a reset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum

from attrs import field, frozen


class Kind(Enum):
    """What an owned database is for."""

    BUILD = "build"
    """A template that is not ready yet; it becomes one by its name and its record, as the last step."""

    TEMPLATE = "template"
    """Migrated and seeded, closed to connections; runs share it."""

    CLONE = "clone"
    """One worker's, or one test's."""


@frozen
class OwnedDatabase:
    """A record of the registry. It is written before the database is made, and goes after the database is dropped.

    Args:
        name: of the database.
        kind: what it is for.
        run: identifies the test run that made it, as 12 hexadecimal digits.
        fingerprint: of the template that it is, or was cloned from.
        made_at: when, by the clock of the registry.
        used_at: when a run last asked for it; counts for templates.
        keep_until: not to be dropped before; None for what goes with its run.
        note: for people, as the test for whose sake it is kept.
    """

    name: str
    kind: Kind
    run: str
    fingerprint: str
    made_at: datetime
    used_at: datetime
    keep_until: datetime | None = None
    note: str = ""


@frozen
class Mark:
    """What the kit writes into a database itself, so that nothing else is ever taken for its own.

    Args:
        kind: what it is for.
        run: of the run that made it.
        fingerprint: of the template that it is, or was cloned from.
    """

    kind: Kind
    run: str
    fingerprint: str


@frozen
class ServerFacts:
    """What decides how clones are made, and what a template depends on.

    Args:
        engine: `postgresql`, `mssql` or `sqlite`.
        product: for people, as `PostgreSQL 15.20`.
        version: numbers, as `(15, 20)` or `(16, 0, 4135)`.
        collation: of the server, which new databases get.
        options: what else changes the behaviour of a database made there, by name; part of the fingerprint.
        traits: what a cloner is chosen by, as `fsync: on` or `edition: Developer`; not part of the fingerprint.
    """

    engine: str
    product: str
    version: tuple[int, ...]
    collation: str = ""
    options: Mapping[str, str] = field(factory=dict)
    traits: Mapping[str, str] = field(factory=dict)


@frozen
class Session:
    """A connection to a server, as its lists show it.

    Args:
        number: process id or session id.
        program: the name that it gave itself.
        state: as `idle in transaction`.
        since: since when the transaction has been open; None if there is none.
        statement: its last one, shortened; never with values of parameters.
    """

    number: int
    program: str = ""
    state: str = ""
    since: datetime | None = None
    statement: str = ""

    def __str__(self) -> str:
        parts = [f"session {self.number}", self.program and f"({self.program})", self.state]
        parts += [f"since {self.since:%H:%M:%S}" if self.since else "", self.statement and f"after {self.statement!r}"]
        return " ".join(part for part in parts if part)


class Identity(Enum):
    """What becomes of the counters of generated keys at a reset."""

    KEEP = "keep"
    """They go on counting."""

    RESEED = "reseed"
    """They start again where the template's stand, so that every test sees the same keys."""

    SPREAD = "spread"
    """They start again, each table at an offset of its own: `order_id == user_id == 1` can hide no wrong join."""


@frozen
class ResetOutcome:
    """What a reset did.

    Args:
        emptied: the tables from which rows were deleted, with their schema; empty tables are not among them.
        round_trips: how often the server was asked.
    """

    emptied: Sequence[str] = ()
    round_trips: int = 1
