"""What the kit needs of one engine, put together."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from corelib.testing.database.ports.cleaner import Cleaner
from corelib.testing.database.ports.cloner import Cloner
from corelib.testing.database.ports.registry import Registry
from corelib.testing.database.ports.server import DatabaseServer


@frozen
class Room:
    """The adapters of one engine, for one process.

    Args:
        server: makes and drops databases.
        registry: remembers which are the kit's.
        cloner: makes clones of a template.
        open_cleaner: takes the URL of a clone, and returns what resets it.
    """

    server: DatabaseServer
    registry: Registry
    cloner: Cloner
    open_cleaner: Callable[[str], Cleaner]

    def has(self, name: str) -> bool:
        """Return whether the server has a database of exactly this name."""
        return name in self.server.names(name)

    def close(self) -> None:
        """Give back every connection."""
        try:
            self.registry.close()
        finally:
            self.server.close()
