"""Locks of aggregates, each held by one transaction until its end."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from corelib.errors import RowLocked, TransientFailure
from corelib.ports.repository import Locking

DEFAULT_TIMEOUT = timedelta(seconds=10)

Key = tuple[type, object]
"""Class and identifier of an aggregate."""


class Owner:
    """A transaction, as somebody who holds locks."""

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.thread: int = threading.get_ident()


class RowLocks:
    """Who holds the lock of which aggregate, and which thread waits for which.

    Args:
        guard: the lock of the store; it is held by whoever calls a method, and given up while he waits.
    """

    def __init__(self, guard: threading.RLock) -> None:
        self._changed = threading.Condition(guard)
        self._holders: dict[Key, Owner] = {}
        self._waiting: dict[int, Key] = {}

    def acquire(self, owner: Owner, key: Key, lock: Locking, timeout: timedelta) -> bool:
        """Take a lock for a transaction; return False if it was passed over.

        Raises:
            RowLocked: if it was not given up in time, or never can be because the waiting thread itself holds it.
            TransientFailure: if those who hold and wait would wait for each other for ever.
        """
        owner.thread = threading.get_ident()
        if self._holders.get(key, owner) is not owner:
            if lock is Locking.SKIP:
                return False
            if lock is Locking.FAIL:
                raise _locked(key, "is locked by somebody else")
            self._wait(owner, key, timeout)
        self._holders[key] = owner
        owner.keys.add(key)
        return True

    def release(self, owner: Owner) -> None:
        """Give up all locks of a transaction."""
        for key in owner.keys:
            del self._holders[key]
        owner.keys.clear()
        self._changed.notify_all()

    def _wait(self, owner: Owner, key: Key, timeout: timedelta) -> None:
        until = time.monotonic() + timeout.total_seconds()
        try:
            while self._holders.get(key, owner) is not owner:
                self._refuse_endless(owner, key)
                self._waiting[owner.thread] = key
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise _locked(key, f"was not given up within {timeout}")
        finally:
            self._waiting.pop(owner.thread, None)

    def _refuse_endless(self, owner: Owner, key: Key) -> None:
        """Raise if whoever holds a lock waits, himself or through others, for the thread that is about to wait."""
        holder = self._holders[key].thread
        if holder == owner.thread:
            raise _locked(
                key, "is held by another transaction of the same thread, which cannot end while this one waits"
            )
        passed = {holder}
        while (next_one := self._holder_for(holder)) is not None and next_one not in passed:
            if next_one == owner.thread:
                raise TransientFailure(
                    f"A deadlock: who holds {_name(key)} waits for what this transaction holds.",
                    hint="Run the unit of work again; lock aggregates in the same order everywhere.",
                )
            passed.add(next_one)
            holder = next_one

    def _holder_for(self, thread: int) -> int | None:
        """Return which thread holds what another one waits for; None if it waits for nothing that is still held."""
        key = self._waiting.get(thread)
        holder = None if key is None else self._holders.get(key)
        return None if holder is None else holder.thread


def _locked(key: Key, reason: str) -> RowLocked:
    return RowLocked(f"{_name(key)} {reason}.", hint="Run the unit of work again.")


def _name(key: Key) -> str:
    return f"{key[0].__name__} {key[1]!r}"
