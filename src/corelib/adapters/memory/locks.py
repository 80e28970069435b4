"""Named locks among the threads of a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from corelib.application.lock_owner import default_owner
from corelib.domain.lock import LockRequest, ended
from corelib.errors import LockLost, LockNotAvailable
from corelib.ports.lock import NO_WAIT


class MemoryLocks:
    """Keeps the contract of `corelib.ports.lock.Locks` for those who share this object.

    A test takes a lock away from its holder with `lose`, as a lost connection would.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[str, MemoryHeldLock] = {}

    @contextmanager
    def hold(self, name: str, *, timeout: timedelta = NO_WAIT, owner: str | None = None) -> Iterator[MemoryHeldLock]:
        """Hold a lock within a block (see `Locks.hold`)."""
        held = self._acquire(LockRequest(name, timeout, default_owner() if owner is None else owner))
        try:
            yield held
        except BaseException:
            self._release(held)
            raise
        if not self._release(held):
            raise held.lost()

    def lose(self, name: str) -> None:
        """Take a lock away from whoever holds it, if anybody does; it is free then."""
        with self._changed:
            self._held.pop(name, None)
            self._changed.notify_all()

    def is_held(self, held: MemoryHeldLock) -> bool:
        """Return whether it is this one that holds the lock."""
        with self._changed:
            return self._held.get(held.name) is held

    def _acquire(self, wanted: LockRequest) -> MemoryHeldLock:
        began = time.monotonic()
        with self._changed:
            if not self._changed.wait_for(lambda: wanted.name not in self._held, wanted.timeout.total_seconds()):
                holder = self._held[wanted.name].owner
                raise LockNotAvailable(wanted.name, waited=time.monotonic() - began, holder=holder)
            held = self._held[wanted.name] = MemoryHeldLock(self, wanted)
            return held

    def _release(self, held: MemoryHeldLock) -> bool:
        """Release the lock and return whether it was still held."""
        held.has_ended = True
        with self._changed:
            if self._held.get(held.name) is not held:
                return False
            del self._held[held.name]
            self._changed.notify_all()
            return True


class MemoryHeldLock:
    """Keeps the contract of `corelib.ports.lock.HeldLock`."""

    def __init__(self, locks: MemoryLocks, request: LockRequest) -> None:
        self._locks = locks
        self._request = request
        self.has_ended = False

    @property
    def name(self) -> str:
        """Return its name."""
        return self._request.name

    @property
    def owner(self) -> str:
        """Return who holds it."""
        return self._request.owner

    def check(self) -> None:
        """Make sure that nobody took it away."""
        if self.has_ended:
            raise ended(self.name)
        if not self._locks.is_held(self):
            raise self.lost()

    def lost(self) -> LockLost:
        """Return the error for a lock that was taken away."""
        return LockLost(self.name, "it was taken away")
