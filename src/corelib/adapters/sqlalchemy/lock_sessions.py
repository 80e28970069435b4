"""What a lock hangs on. On a server that is a connection which serves nothing else and is closed afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.domain.lock import LockRequest

APPLICATION = "corelib lock "
"""How the name begins that a session of a lock gives itself on the server; the owner follows."""


class LockSession(Protocol):
    """A connection or an open file that may hold one lock, once."""

    def acquire(self) -> bool:
        """Wait for the lock and return whether it was granted in time."""
        ...

    def holder(self) -> str | None:
        """Return who else holds the lock; None if that cannot be seen."""
        ...

    def is_held(self) -> bool:
        """Return whether the lock is still held. A store that does not answer is a lost lock, not an error."""
        ...

    def release(self) -> bool:
        """Release the lock and return whether it was held until then."""
        ...

    def close(self) -> None:
        """Give back everything, the lock included; never raises."""
        ...


LockSessions = Callable[[LockRequest], LockSession]


class ServerLocking(Protocol):
    """One server's statements for locks that belong to a session."""

    def login(self, owner: str) -> Mapping[str, object]:
        """Return arguments of the driver for a session of a lock: they show the owner, and rule out a silent death."""
        ...

    def acquire(self, connection: Connection, request: LockRequest) -> bool:
        """Wait for the lock and return whether it was granted in time."""
        ...

    def holder(self, connection: Connection, request: LockRequest) -> str | None:
        """Return the name that the holder's session has given itself; fails where that may not be seen."""
        ...

    def is_held(self, connection: Connection, request: LockRequest) -> bool:
        """Return whether this session holds the lock."""
        ...

    def release(self, connection: Connection, request: LockRequest) -> bool:
        """Release the lock and return whether this session held it."""
        ...


class ServerLockSessions:
    """Opens sessions to the server of an engine, beside its pool.

    The engine's pool is left to other work: a copy of it, with the same way to log in, makes the connections, and each
    is detached from it at once. So no session that held a lock is ever handed out again, and the size of the pool
    bounds how many log in at the same time, not how many locks are held.

    Args:
        engine: tells how to log in.
        dialect: of the engine.
        locking: the server's statements.
    """

    def __init__(self, engine: Engine, dialect: SqlDialect, locking: ServerLocking) -> None:
        self._engine = Engine(engine.pool.recreate(), engine.dialect, engine.url, hide_parameters=True)
        self._dialect = dialect
        self._locking = locking
        self._login = threading.local()
        dialect.prepare(self._engine)
        event.listen(engine, "do_connect", self._log_in)

    def __call__(self, request: LockRequest) -> LockSession:
        """Open a session.

        Raises:
            ConfigurationError, TransientFailure: if the server cannot be reached.
        """
        with translated(self._dialect), self._with_arguments(self._locking.login(request.owner)):
            connection = self._engine.connect()
        try:
            connection.detach()
            driver_connection = cast("DBAPIConnection", connection.connection.dbapi_connection)
            self._engine.dialect.set_isolation_level(driver_connection, "AUTOCOMMIT")
        except BaseException:
            close_quietly(connection)
            raise
        return ServerLockSession(connection, request, self._dialect, self._locking)

    @contextmanager
    def _with_arguments(self, arguments: Mapping[str, object]) -> Iterator[None]:
        self._login.arguments = arguments
        try:
            yield
        finally:
            del self._login.arguments

    def _log_in(
        self, dialect: Dialect, _: object, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> DBAPIConnection | None:
        """Log in with arguments of our own; the dictionary must not be changed, it serves all logins of the engine."""
        arguments = getattr(self._login, "arguments", None)
        return None if arguments is None else dialect.connect(*args, **{**kwargs, **arguments})


class ServerLockSession:
    """Keeps the contract of `LockSession`. The lock ends with the session, however that ends."""

    def __init__(
        self, connection: Connection, request: LockRequest, dialect: SqlDialect, locking: ServerLocking
    ) -> None:
        self._connection = connection
        self._request = request
        self._dialect = dialect
        self._locking = locking

    def acquire(self) -> bool:
        """Wait for the lock and return whether it was granted in time."""
        with translated(self._dialect):
            return self._locking.acquire(self._connection, self._request)

    def holder(self) -> str | None:
        """Return the owner that stands in the name of the holder's session."""
        with suppress(sa.exc.SQLAlchemyError):  # whoever may not see the sessions of others does without
            name = self._locking.holder(self._connection, self._request) or ""
            return name.removeprefix(APPLICATION) or None
        return None

    def is_held(self) -> bool:
        """Ask the server, on this session."""
        with suppress(sa.exc.DBAPIError):
            return self._locking.is_held(self._connection, self._request)
        return False

    def release(self) -> bool:
        """Tell the server, and wait for its answer: after a mere close it may notice later."""
        with suppress(sa.exc.DBAPIError):
            return self._locking.release(self._connection, self._request)
        return False

    def close(self) -> None:
        """Close the connection; it belongs to no pool."""
        close_quietly(self._connection)
