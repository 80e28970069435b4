"""The registry of owned databases, in a database of its own beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import EngineSettings, create_engine
from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.failures import translated
from corelib.errors import NotFound, PermissionDenied
from corelib.ports.lock import HeldLock, Locks
from corelib.testing.database import registry_statements as statements
from corelib.testing.database.model import Kind, OwnedDatabase
from corelib.testing.database.ports.server import DatabaseServer
from corelib.testing.database.registry_database import APPLICATION, REGISTRY_DATABASE, make_registry_database
from corelib.testing.database.registry_table import metadata, owned, table

MAKING = "corelib test registry"
"""Name of the lock under which the table is made."""

MAKING_SECONDS = timedelta(seconds=60)

_HOW_TO_SHARE = (
    f"All who share a server for tests best use one login. Take the one that made the database {REGISTRY_DATABASE}, or "
    "let this one do the same: GRANT its role to it on PostgreSQL, make it a member of db_owner there on SQL Server."
)


def open_registry(server: DatabaseServer) -> SqlRegistry:
    """Open the registry of a server of any engine that SQLAlchemy reaches; database and table are made if missing.

    Any number of processes may do so at the same time.

    Raises:
        PermissionDenied: if the login may not create databases, or somebody else's made the table.
        ConfigurationError, PersistenceError: otherwise.
    """
    make_registry_database(server)
    registry = SqlRegistry(server.url(REGISTRY_DATABASE), server.locks)
    try:
        registry.prepare()
        registry.touch("")  # changes nothing, and shows whether it may
    except PermissionDenied as error:
        registry.close()
        raise PermissionDenied(error.message, hint=_HOW_TO_SHARE) from error
    except BaseException:
        registry.close()
        raise
    return registry


class SqlRegistry:
    """Keeps the contract of `corelib.testing.database.ports.registry.Registry` on SQLAlchemy's three engines.

    All times are those of the database's clock, so that runs on several machines agree.

    Args:
        url: of the registry's database.
        locks: of the server, for leases, which are named after the databases.
    """

    def __init__(self, url: str, locks: Locks) -> None:
        self._engine = create_engine(EngineSettings(url=url, application_name=APPLICATION))
        self._dialect = dialect_of(self._engine)
        self._locks = locks

    def prepare(self) -> None:
        """Make the table if it is missing, one process at a time."""
        if self._is_prepared():
            return
        with self._locks.hold(MAKING, timeout=MAKING_SECONDS), self._transaction() as connection:
            metadata.create_all(connection)  # looks again whether it is there

    def record(self, name: str, kind: Kind, *, run: str, fingerprint: str) -> OwnedDatabase:
        """Insert a row."""
        with self._transaction() as connection:
            connection.execute(statements.insert(name, kind, run, fingerprint))
            return owned(connection.execute(statements.find(name)).one())

    def become_template(self, build: str, name: str) -> OwnedDatabase:
        """Update the row of a build; that of anything else is not found."""
        with self._transaction() as connection:
            _found(connection.execute(statements.become_template(build, name)), "build", build)
            return owned(connection.execute(statements.find(name)).one())

    def find(self, name: str) -> OwnedDatabase | None:
        """Select a row."""
        with self._transaction() as connection:
            row = connection.execute(statements.find(name)).one_or_none()
            return None if row is None else owned(row)

    def all(self, prefix: str) -> Sequence[OwnedDatabase]:
        """Select all rows, which are few: what a prefix is, engines with other collations see differently."""
        return self._beginning_with(prefix, table.select())

    def touch(self, name: str) -> None:
        """Update a row, if there is one."""
        with self._transaction() as connection:
            connection.execute(statements.touch(name))

    def keep(self, name: str, duration: timedelta, note: str) -> None:
        """Update a row; of the note, the first 1,000 characters are kept."""
        with self._transaction() as connection:
            _found(connection.execute(statements.keep(name, duration, note)), "database", name)

    def expired(self, prefix: str, *, templates_after: timedelta) -> Sequence[OwnedDatabase]:
        """Select rows by the database's clock."""
        return self._beginning_with(prefix, statements.expired(templates_after))

    def forget(self, name: str) -> None:
        """Delete a row, if there is one."""
        with self._transaction() as connection:
            connection.execute(statements.forget(name))

    def lease(self, name: str) -> AbstractContextManager[HeldLock]:
        """Hold the lock that is named after the database."""
        return self._locks.hold(f"lease of {name}")

    def close(self) -> None:
        """Close the connections; those of leases close with their blocks."""
        self._engine.dispose()

    def _is_prepared(self) -> bool:
        with self._transaction() as connection:
            return sa.inspect(connection).has_table(table.name)

    def _beginning_with(self, prefix: str, query: sa.Select[tuple[object, ...]]) -> Sequence[OwnedDatabase]:
        with self._transaction() as connection:
            found = [owned(row) for row in connection.execute(query)]
        return sorted((each for each in found if each.name.startswith(prefix)), key=lambda each: each.name)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with translated(self._dialect), self._engine.begin() as connection:
            yield connection


def _found(result: sa.CursorResult[tuple[object, ...]], kind: str, name: str) -> None:
    """Refuse an update that found no row."""
    if not result.rowcount:
        raise NotFound(kind, name)
