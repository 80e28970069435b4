"""Named locks that the database keeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy.engine import Engine

from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.lock_sessions import LockSession
from corelib.application.lock_owner import default_owner
from corelib.domain.lock import LockRequest, ended
from corelib.errors import LockLost, LockNotAvailable
from corelib.ports.lock import NO_WAIT


class SqlLocks:
    """Keeps the contract of `corelib.ports.lock.Locks` among all who use the same database.

    Each lock that is held, and each that is waited for, has a connection of its own beside the engine's pool (on
    SQLite, an open file). Nothing has to be closed here: leaving the blocks does it.

    Args:
        engine: made by `create_engine`; tells where and how to connect.
    """

    def __init__(self, engine: Engine) -> None:
        self._open = dialect_of(engine).lock_sessions(engine)

    @contextmanager
    def hold(self, name: str, *, timeout: timedelta = NO_WAIT, owner: str | None = None) -> Iterator[SqlHeldLock]:
        """Hold a lock within a block (see `Locks.hold`); logging in is not part of the timeout."""
        request = LockRequest(name, timeout, default_owner() if owner is None else owner)
        session = self._open(request)
        try:
            _acquire(session, request)
            held = SqlHeldLock(session, request)
            try:
                yield held
            finally:
                kept = held.end()
            if not kept:
                raise held.lost()
        finally:
            session.close()


def _acquire(session: LockSession, request: LockRequest) -> None:
    began = time.monotonic()
    if not session.acquire():
        waited = time.monotonic() - began
        raise LockNotAvailable(request.name, waited=waited, holder=session.holder())


class SqlHeldLock:
    """Keeps the contract of `corelib.ports.lock.HeldLock`."""

    def __init__(self, session: LockSession, request: LockRequest) -> None:
        self._session = session
        self._request = request
        self._one_at_a_time = threading.Lock()  # a connection serves one thread at a time
        self._kept = True
        self._has_ended = False

    @property
    def name(self) -> str:
        """Return its name."""
        return self._request.name

    @property
    def owner(self) -> str:
        """Return who holds it."""
        return self._request.owner

    def check(self) -> None:
        """Ask the database; a connection that was lost is never used again, lest a new one takes its place."""
        with self._one_at_a_time:
            if self._has_ended:
                raise ended(self.name)
            self._kept = self._kept and self._session.is_held()
            if not self._kept:
                raise self.lost()

    def end(self) -> bool:
        """Release the lock and return whether it was held until then."""
        with self._one_at_a_time:
            self._has_ended = True
            self._kept = self._kept and self._session.release()
            return self._kept

    def lost(self) -> LockLost:
        """Return the error for a lock whose connection is gone."""
        return LockLost(self.name, "what it hung on in the database is gone")
