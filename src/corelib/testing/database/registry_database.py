"""The database that the registry has for itself, and the locks that hang on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy.engine import Engine

from corelib.adapters.sqlalchemy import EngineSettings, SqlLocks, create_engine
from corelib.errors import AlreadyExists
from corelib.ports.lock import NO_WAIT, HeldLock
from corelib.testing.database.ports.server import DatabaseServer

REGISTRY_DATABASE = "corelib_test_registry"
"""One for each server, whatever the prefix of a project is: it is never cloned, and never dropped by the kit."""

APPLICATION = "corelib test kit"


def make_registry_database(server: DatabaseServer) -> None:
    """Make the registry's database if it is missing; two may do so at the same time.

    Raises:
        ConfigurationError, PersistenceError: as `DatabaseServer.create`.
    """
    if REGISTRY_DATABASE not in server.names(REGISTRY_DATABASE):
        with suppress(AlreadyExists):  # somebody else was quicker
            server.create(REGISTRY_DATABASE)


def registry_engine(server: DatabaseServer) -> Engine:
    """Return an engine for the registry's database, which has to exist."""
    return create_engine(EngineSettings(url=server.url(REGISTRY_DATABASE), application_name=APPLICATION))


class RegistryLocks:
    """Named locks in the registry's database; keeps the contract of `corelib.ports.lock.Locks`.

    Locks of a session hang on one database. Users of a server may come by URLs of different databases of it, and all
    have to lock in the same one. It is made when a lock is first asked for.

    Args:
        server: whose users share the locks.
    """

    def __init__(self, server: DatabaseServer) -> None:
        self._server = server
        self._one_at_a_time = threading.Lock()
        self._engine: Engine | None = None
        self._locks: SqlLocks | None = None

    @contextmanager
    def hold(self, name: str, *, timeout: timedelta = NO_WAIT, owner: str | None = None) -> Iterator[HeldLock]:
        """Hold a lock within a block (see `Locks.hold`)."""
        with self._found().hold(name, timeout=timeout, owner=owner) as held:
            yield held

    def close(self) -> None:
        """Give back what is not held; locks that are held have connections of their own."""
        with self._one_at_a_time:
            engine, self._engine, self._locks = self._engine, None, None
        if engine is not None:
            engine.dispose()

    def _found(self) -> SqlLocks:
        with self._one_at_a_time:
            if self._locks is None:
                make_registry_database(self._server)
                self._engine = registry_engine(self._server)
                self._locks = SqlLocks(self._engine)
            return self._locks
