"""What all simulated processes share: a server with its databases, and the registry on it."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from attrs import define, field

from corelib.adapters.memory.clock import ManualClock
from corelib.adapters.memory.locks import MemoryLocks
from corelib.errors import AlreadyExists
from corelib.testing.database.model import Mark, OwnedDatabase, ServerFacts, Session

SCHEME = "memory"


@define
class MemoryDatabase:
    """A database.

    Args:
        tables: rows by the name of their table.
        reference: the rows of the template, by the name of their table, which no test may change.
        mark: of the kit.
        sealed: whether it is closed to connections.
        sessions: that have a transaction open in it.
    """

    tables: dict[str, list[object]] = field(factory=dict)
    reference: Mapping[str, tuple[object, ...]] = field(factory=dict)
    mark: Mark | None = None
    sealed: bool = False
    sessions: list[Session] = field(factory=list)

    def copied(self) -> MemoryDatabase:
        """Return a clone: the mark comes with it, nobody is connected to it."""
        reference = {name: tuple(rows) for name, rows in self.tables.items() if rows}
        return MemoryDatabase({name: list(rows) for name, rows in self.tables.items()}, reference, self.mark)


@define(eq=False)
class MemoryWorld:
    """The state behind `MemoryServer`, `MemoryRegistry` and `MemoryCloner`; it outlives the processes.

    Args:
        clock: of the registry.
        facts: that the server tells about itself.
        databases: by name.
        records: of the registry, by name.
        prepared: names of templates for which a cloner has made what it needs.
        making: databases that a server is making for a dead process: how often it still says so, and the database.
    """

    clock: ManualClock = field(factory=ManualClock)
    facts: ServerFacts = field(factory=lambda: ServerFacts("memory", "Memory 1.0", (1, 0), collation="C"))
    databases: dict[str, MemoryDatabase] = field(factory=dict)
    records: dict[str, OwnedDatabase] = field(factory=dict)
    prepared: set[str] = field(factory=set)
    making: dict[str, tuple[int, MemoryDatabase]] = field(factory=dict)
    locks: MemoryLocks = field(factory=MemoryLocks)
    leases: MemoryLocks = field(factory=MemoryLocks)
    guard: threading.RLock = field(factory=threading.RLock)

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return f"{SCHEME}://user:s3cret@localhost/{name}"

    def at(self, url: str) -> MemoryDatabase:
        """Return the database at a URL.

        Raises:
            KeyError: if there is none.
        """
        return self.databases[url.rpartition("/")[2]]

    def add(self, name: str, database: MemoryDatabase) -> None:
        """Add a database.

        Raises:
            AlreadyExists: if there is one of that name.
        """
        if name in self.databases or name in self.making:
            raise AlreadyExists(f"There is a database {name} already.")
        self.databases[name] = database
