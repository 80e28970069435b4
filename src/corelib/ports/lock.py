"""Locks that have a name, as use cases ask for them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

NO_WAIT = timedelta(0)


class HeldLock(Protocol):
    """A lock that is held, for as long as the block of `Locks.hold` lasts."""

    @property
    def name(self) -> str:
        """Return its name."""
        ...

    @property
    def owner(self) -> str:
        """Return who holds it, as it was told."""
        ...

    def check(self) -> None:
        """Make sure that the lock is still held, by one cheap question to whatever keeps it.

        It says how things were a moment ago. Ask just before a step that must not be done by two. May be called from
        other threads than the one that holds the lock.

        Raises:
            LockLost: if what the lock hangs on is gone; others may hold it by now. Once lost, it stays lost.
            MisuseError: if the block has been left.
        """
        ...


class Locks(Protocol):
    """Lets one at a time do something, among all who use the same store.

    * One holder: while a block runs, nobody else's block with the same name runs, unless the lock was lost meanwhile.
    * Not re-entrant: who asks again for a lock that he holds himself waits and is refused as anybody else.
    * Released when the block is left, and when the process or its connection ends: a lock never has to be cleaned up.
      A process that was killed frees it at once; where a machine or a network falls silent, the store notices after
      about a minute.
    * No order among those who wait. Two who each hold what the other one asks for wait until their timeouts end: ask
      for several locks in the same order everywhere.
    * Names are compared exactly, case and blanks included. An adapter may compare hashes of 64 bits or more: two names
      that collide exclude each other needlessly. Among a million names, one pair in it is as likely as 1 in 37 million.
    * Apart from units of work: it has a connection of its own, and neither COMMIT nor ROLLBACK releases it.
      Leave the block after the commit, not before: a handler has returned when its unit of work is committed, so
      what guards a handler's changes is held around `Host.execute`.
    """

    def hold(
        self, name: str, *, timeout: timedelta = NO_WAIT, owner: str | None = None
    ) -> AbstractContextManager[HeldLock]:
        """Hold a lock within a block.

        Args:
            name: any text of 1 to 200 characters.
            timeout: how long to wait for it, up to one day; zero, the default, does not wait.
            owner: who holds it, 1 to 100 characters, no secret; by default `host:process/thread`. Others see it as
                their engine shows it: at least 50 characters of it, and those outside of ASCII perhaps as `?`.

        Raises:
            LockNotAvailable: if somebody else has held it for all this time. It names the holder where that is known.
            LockLost: when the block is left in order, but the lock was lost meanwhile. If the block raises an error,
                that error is raised.
            ConfigurationError, TransientFailure: if the store cannot be reached.
            MisuseError: if an argument is not allowed.

        Example:
            >>> from corelib.adapters.memory import MemoryLocks
            >>> locks = MemoryLocks()
            >>> with locks.hold("invoices 2026", timeout=timedelta(seconds=5)) as held:
            ...     held.check()
            ...     held.name
            'invoices 2026'
        """
        ...
