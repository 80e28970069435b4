"""Administration of a database server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from corelib.ports.lock import Locks
from corelib.testing.database.model import Mark, ServerFacts, Session


class DatabaseServer(Protocol):
    """Makes, shows and drops databases. It does what it is told: who may be dropped is decided before.

    Methods that reach the server raise `ConfigurationError` (unreachable, login refused, a right is missing, which is
    `PermissionDenied`) or `PersistenceError`. Names are those that `planning.names` makes: letters, digits and
    underscores.
    """

    @property
    def host(self) -> str:
        """Return where the server is, as the URL names it; the empty string for a socket or a file."""
        ...

    @property
    def locks(self) -> Locks:
        """Return named locks that all users of this server share, whichever database they work on."""
        ...

    def facts(self) -> ServerFacts:
        """Return what the server says about itself; asked once."""
        ...

    def url(self, name: str) -> str:
        """Return the URL of a database, with its password: not for printing."""
        ...

    def names(self, prefix: str) -> Sequence[str]:
        """Return the names of the databases that begin so, sorted, whatever state they are in."""
        ...

    def create(self, name: str) -> None:
        """Make an empty database.

        Raises:
            AlreadyExists: if there is one of that name.
        """
        ...

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it and whatever state it is in; no error if there is none."""
        ...

    def rename(self, name: str, new_name: str) -> None:
        """Give a database, to which nobody is connected, another name.

        Raises:
            AlreadyExists: if there is one of the new name.
        """
        ...

    def seal(self, name: str) -> None:
        """Close a template to connections, as far as its engine can clone it then."""
        ...

    def mark(self, name: str, mark: Mark) -> None:
        """Write the kit's mark into a database, over an older one; of a sealed one too."""
        ...

    def mark_of(self, name: str) -> Mark | None:
        """Return the kit's mark of a database; None if it has none, cannot be read, or does not exist."""
        ...

    def is_being_made(self, name: str) -> bool:
        """Return whether a session is making this database just now, as one goes on to do whose client was killed."""
        ...

    def sessions(self, name: str) -> Sequence[Session]:
        """Return who is connected to a database, as far as the login may see; without this object's own connections."""
        ...

    def end_session(self, number: int) -> None:
        """End a session; no error if there is none any more."""
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...
