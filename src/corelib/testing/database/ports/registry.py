"""The databases that the kit owns on a server."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

from corelib.ports.lock import HeldLock
from corelib.testing.database.model import Kind, OwnedDatabase


class Registry(Protocol):
    """Remembers which databases are the kit's, and who uses them; it outlives processes and restarts.

    A record says that a database may be dropped one day. A lease says that it is in use now: it hangs on a session of
    the server (or an open file), so it ends by itself when its process is killed.
    """

    def record(self, name: str, kind: Kind, *, run: str, fingerprint: str) -> OwnedDatabase:
        """Write down a database that is about to be made.

        Raises:
            AlreadyExists: if there is a record of that name.
        """
        ...

    def become_template(self, build: str, name: str) -> OwnedDatabase:
        """Turn the record of a build into that of a template with another name, in one step.

        Raises:
            NotFound: if there is no such record, or it is not that of a build.
            AlreadyExists: if there is a record of that name.
        """
        ...

    def find(self, name: str) -> OwnedDatabase | None:
        """Return the record of a database, or None."""
        ...

    def all(self, prefix: str) -> Sequence[OwnedDatabase]:
        """Return the records of databases whose names begin so, by name."""
        ...

    def touch(self, name: str) -> None:
        """Write down that the database is used now; nothing happens if it is unknown."""
        ...

    def keep(self, name: str, duration: timedelta, note: str) -> None:
        """Let a database live on after its run.

        Raises:
            NotFound: if there is no such record.
        """
        ...

    def expired(self, prefix: str, *, templates_after: timedelta) -> Sequence[OwnedDatabase]:
        """Return what may be dropped as far as time goes, by the clock of the registry; leases are not looked at.

        These are builds and clones that nobody keeps, or not any longer, and templates that no run has asked for in
        `templates_after`.
        """
        ...

    def forget(self, name: str) -> None:
        """Remove a record, after its database is gone; no error if there is none."""
        ...

    def lease(self, name: str) -> AbstractContextManager[HeldLock]:
        """Hold the lease of a database within a block, without waiting; what it gives tells whether it is held still.

        It needs no record. Take it before the record is written: a reaper forgets a record whose lease is free and
        whose database does not exist.

        Raises:
            LockNotAvailable: if a living process has it.
        """
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...
