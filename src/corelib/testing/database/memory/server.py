"""A server in memory."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

from attrs import frozen

from corelib.adapters.memory.locks import MemoryHeldLock
from corelib.errors import AlreadyExists, DatabaseMissing
from corelib.ports.lock import NO_WAIT
from corelib.testing.database.memory.process import MemoryProcess
from corelib.testing.database.memory.world import MemoryDatabase, MemoryWorld
from corelib.testing.database.model import Mark, ServerFacts, Session


@frozen
class MemoryServerLocks:
    """Named locks of a world, which end with their process."""

    process: MemoryProcess

    def hold(
        self, name: str, *, timeout: timedelta = NO_WAIT, owner: str | None = None
    ) -> AbstractContextManager[MemoryHeldLock]:
        """Hold a lock within a block (see `corelib.ports.lock.Locks.hold`)."""
        return self.process.hold(self.process.world.locks, name, timeout, owner)


@frozen
class MemoryServer:
    """Keeps the contract of `ports.server.DatabaseServer`, for one simulated process."""

    process: MemoryProcess

    @property
    def host(self) -> str:
        """Return the host of its URLs."""
        return "localhost"

    @property
    def locks(self) -> MemoryServerLocks:
        """Return the locks of the world."""
        return MemoryServerLocks(self.process)

    def facts(self) -> ServerFacts:
        """Return the facts of the world."""
        self.process.live()
        return self._world.facts

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return self._world.url(name)

    def names(self, prefix: str) -> Sequence[str]:
        """Return names of databases."""
        self.process.live()
        with self._world.guard:
            return sorted(name for name in self._world.databases if name.startswith(prefix))

    def create(self, name: str) -> None:
        """Make an empty database."""
        self.process.step("create", lambda: self._world.add(name, MemoryDatabase()))

    def drop(self, name: str) -> None:
        """Drop a database."""
        self.process.step("drop", lambda: self._drop(name))

    def rename(self, name: str, new_name: str) -> None:
        """Rename a database."""
        self.process.step("rename", lambda: self._rename(name, new_name))

    def seal(self, name: str) -> None:
        """Close a database."""
        self.process.step("seal", lambda: setattr(self._found(name), "sealed", True))

    def mark(self, name: str, mark: Mark) -> None:
        """Mark a database."""
        self.process.step("mark", lambda: setattr(self._found(name), "mark", mark))

    def mark_of(self, name: str) -> Mark | None:
        """Return the mark of a database."""
        self.process.live()
        with self._world.guard:
            found = self._world.databases.get(name)
            return found.mark if found else None

    def is_being_made(self, name: str) -> bool:
        """Return whether a dead process's database is still being made; each question brings that nearer to its end."""
        self.process.live()
        with self._world.guard:
            if name not in self._world.making:
                return False
            times, database = self._world.making.pop(name)
            if times > 0:
                self._world.making[name] = (times - 1, database)
                return True
            self._world.databases[name] = database
            return False

    def sessions(self, name: str) -> Sequence[Session]:
        """Return the sessions that a test put into the database."""
        self.process.live()
        with self._world.guard:
            return tuple(self._world.databases.get(name, MemoryDatabase()).sessions)

    def end_session(self, number: int) -> None:
        """End a session."""
        self.process.live()
        for database in self._world.databases.values():
            database.sessions[:] = [session for session in database.sessions if session.number != number]

    def close(self) -> None:
        """Do nothing more."""

    @property
    def _world(self) -> MemoryWorld:
        return self.process.world

    def _found(self, name: str) -> MemoryDatabase:
        try:
            return self._world.databases[name]
        except KeyError:
            raise DatabaseMissing(f"There is no database {name}.") from None

    def _drop(self, name: str) -> None:
        self._world.databases.pop(name, None)

    def _rename(self, name: str, new_name: str) -> None:
        if new_name in self._world.databases:
            raise AlreadyExists(f"There is a database {new_name} already.")
        self._world.databases[new_name] = self._found(name)
        del self._world.databases[name]
