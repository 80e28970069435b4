"""A name of one's own, before the database is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from attrs import frozen

from corelib.errors import AlreadyExists, LockNotAvailable
from corelib.ports.lock import HeldLock
from corelib.testing.database.model import Kind, OwnedDatabase
from corelib.testing.database.room import Room


@frozen
class Reserved:
    """A name with its record and its lease; the database is not made yet.

    Args:
        record: in the registry.
        lease: closing it gives back the lease.
        held: tells whether the lease is held still.
    """

    record: OwnedDatabase
    lease: ExitStack
    held: HeldLock


def reserve(room: Room, names: Iterator[str], kind: Kind, *, run: str, fingerprint: str) -> Reserved:
    """Take the first name that nobody has: neither a living process, nor the registry, nor the server.

    The lease comes before the record: a reaper that finds a record with a free lease and no database forgets it.
    """
    for name in names:
        with ExitStack() as stack:
            try:
                held = stack.enter_context(room.registry.lease(name))
                if room.has(name):
                    continue
                record = room.registry.record(name, kind, run=run, fingerprint=fingerprint)
            except (LockNotAvailable, AlreadyExists):
                continue
            return Reserved(record, stack.pop_all(), held)
    raise AssertionError("names never end")
