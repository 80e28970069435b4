"""A source of tables in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from attrs import field, frozen

from corelib.testing.database.memory.world import MemoryWorld


def _nothing() -> None:
    pass


@frozen
class MemorySource:
    """Keeps the contract of `ports.schema_source.SchemaSource` for databases in memory.

    Args:
        world: in which the databases are.
        tables: rows by the name of their table, which the source makes.
        then: called when the tables are made, before `build` returns: it may raise, or wait.
    """

    world: MemoryWorld
    tables: Mapping[str, Sequence[object]] = field(factory=lambda: {"country": ("de", "fr"), "orders": ()})
    then: Callable[[], None] = _nothing

    @property
    def label(self) -> str:
        """Return a few words."""
        return "tables in memory"

    def fingerprint(self) -> str:
        """Return a digest of the tables."""
        return sha256(repr(sorted((name, list(rows)) for name, rows in self.tables.items())).encode()).hexdigest()

    def build(self, url: str) -> None:
        """Make the tables."""
        database = self.world.at(url)
        database.tables |= {name: list(rows) for name, rows in self.tables.items()}
        self.then()
