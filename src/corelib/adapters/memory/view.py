"""What one transaction sees: the committed state or a snapshot of it, and its own writes over that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from corelib.adapters.memory.row_locks import DEFAULT_TIMEOUT, Owner
from corelib.adapters.memory.tables import Index, Rows, Stored, Tables
from corelib.errors import TransientFailure
from corelib.ports.repository import Locking
from corelib.ports.storage import Isolation, Terms

Writes = dict[type, dict[object, Stored | None]]


class View:
    """Reads and writes rows for one transaction; nobody else sees the writes before `apply`."""

    def __init__(self, tables: Tables, terms: Terms) -> None:
        self.writes: Writes = {}
        self.index: Index = Index(tables.constraints)
        self._tables = tables
        self._isolation = terms.isolation or Isolation.READ_COMMITTED
        self._timeout: timedelta = terms.lock_timeout or DEFAULT_TIMEOUT
        self._owner = Owner()
        self._snapshot: Mapping[type, Rows] | None = None
        self._taken = 0
        self._read: dict[tuple[type, object], Stored | None] = {}
        self._queried: set[type] = set()

    def begin(self) -> None:
        """Take the snapshot, where the isolation asks for one."""
        if self._isolation is not Isolation.READ_COMMITTED:
            with self._tables.lock:
                self._snapshot = {kind: dict(rows) for kind, rows in self._tables.aggregates.items()}
                self._taken = self._tables.commits

    def get(self, kind: type, identifier: object) -> Stored | None:
        """Return what is seen under an identifier."""
        own = self.writes.get(kind, {})
        if identifier in own:
            return own[identifier]
        if self._snapshot is None:
            return self._tables.of(kind).get(identifier)
        seen = self._snapshot.get(kind, {}).get(identifier)
        self._read[kind, identifier] = seen
        return seen

    def rows(self, kind: type) -> dict[object, Stored]:
        """Return all that is seen of a class."""
        self._queried.add(kind)
        with self._tables.lock:
            seen = dict(self._tables.of(kind) if self._snapshot is None else self._snapshot.get(kind, {}))
        for identifier, stored in self.writes.get(kind, {}).items():
            if stored is None:
                seen.pop(identifier, None)
            else:
                seen[identifier] = stored
        return seen

    def current(self, kind: type, identifier: object) -> Stored | None:
        """Return what is there now: written here, or else committed by anybody, snapshot or not."""
        own = self.writes.get(kind, {})
        return own[identifier] if identifier in own else self._tables.of(kind).get(identifier)

    def has_written(self, kind: type, identifier: object) -> bool:
        """Return whether this transaction has written the aggregate."""
        return identifier in self.writes.get(kind, {})

    def write(self, kind: type, identifier: object, stored: Stored | None) -> None:
        """Write an aggregate that is locked, or None if it is gone."""
        self.index.move(kind, identifier, None, stored)
        self.writes.setdefault(kind, {})[identifier] = stored

    def lock(self, kind: type, identifier: object, lock: Locking = Locking.WAIT, *, new: bool = False) -> bool:
        """Lock an aggregate until the end of the transaction; return False if it was passed over.

        Args:
            kind: its class.
            identifier: which one.
            lock: what to do if somebody else holds it.
            new: it is not there yet, so that it does not matter what the snapshot says.

        Raises:
            RowLocked: if somebody else holds it.
            TransientFailure: after a deadlock, or if others have changed it since the snapshot.
        """
        with self._tables.lock:
            if not self._tables.locks.acquire(self._owner, (kind, identifier), lock, self._timeout):
                return False
            if not new:
                self._refuse_changed(kind, identifier)
            return True

    def confirm(self) -> None:
        """Make sure that what was read still holds, where the isolation asks for it; under the lock of the tables.

        Raises:
            TransientFailure: if others have changed it.
        """
        if self._isolation is not Isolation.SERIALIZABLE or not self.writes:
            return
        queried = any(self._tables.changed.get(kind, 0) > self._taken for kind in self._queried)
        if queried or any(
            self._tables.of(kind).get(identifier) is not seen for (kind, identifier), seen in self._read.items()
        ):
            raise TransientFailure(
                "What this transaction has read was changed by others meanwhile.", hint="Run the unit of work again."
            )

    def restore(self, writes: Writes) -> None:
        """Go back to what was written at a savepoint."""
        self.writes = {kind: dict(rows) for kind, rows in writes.items()}
        self.index = Index(self._tables.constraints)
        for kind, rows in self.writes.items():
            for identifier, stored in rows.items():
                self.index.move(kind, identifier, None, stored)

    def release(self) -> None:
        """Give up the locks."""
        with self._tables.lock:
            self._tables.locks.release(self._owner)

    def end(self) -> None:
        """Give up the locks and forget what was written."""
        self.release()
        self.writes = {}

    def _refuse_changed(self, kind: type, identifier: object) -> None:
        if self._snapshot is None or self.has_written(kind, identifier):
            return
        if self._tables.of(kind).get(identifier) is not self._snapshot.get(kind, {}).get(identifier):
            raise TransientFailure(
                f"{kind.__name__} {identifier!r} was changed by others since this transaction began.",
                hint="Run the unit of work again.",
            )
