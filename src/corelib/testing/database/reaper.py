"""What dead runs have left is dropped, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from attrs import define, field, frozen

from corelib.errors import CorelibError, LockNotAvailable
from corelib.testing.database.dropping import Dropper
from corelib.testing.database.model import Kind, OwnedDatabase
from corelib.testing.database.planning.names import belongs_to, looks_owned, template_name
from corelib.testing.database.room import Room
from corelib.testing.database.templates import lock_of


@define
class Reaped:
    """What a reaper did.

    Args:
        dropped: names of databases that are gone, or of records without one.
        left: names of databases that it had to leave, and why. Those that somebody uses are not among them.
    """

    dropped: list[str] = field(factory=list)
    left: dict[str, str] = field(factory=dict)


@frozen
class Reaper:
    """Drops databases that no living process uses and nobody keeps. Several at once do no harm.

    What may go is what the registry calls expired, and whose lease is free; the reaper holds the lease, and for builds
    and templates the template's lock, while it looks once more and drops.

    Args:
        room: of the engine.
        dropper: makes sure whose a database is.
        template_lifetime: how long a template stays that no run asks for.
    """

    room: Room
    dropper: Dropper
    template_lifetime: timedelta

    def reap(self) -> Reaped:
        """Drop what is expired; one that cannot be dropped does not keep the others."""
        reaped = Reaped()
        for record in self._expired():
            try:
                with self._held(record):
                    if self.room.registry.find(record.name) == record:  # else somebody was quicker, or needs it again
                        self.dropper.drop(record)
                        reaped.dropped.append(record.name)
            except LockNotAvailable:
                continue
            except CorelibError as error:
                reaped.left[record.name] = str(error)
        return reaped

    def strangers(self) -> Sequence[str]:
        """Return the names of databases that look like the kit's, but are not in its registry; they are left alone."""
        unknown = self._unknown(set(self._names()))
        return sorted(self._unknown(unknown & set(self._names())))  # twice: others drop and forget meanwhile

    def _names(self) -> Sequence[str]:
        prefix = self.dropper.prefix
        return [name for name in self.room.server.names(f"{prefix}_") if looks_owned(name, prefix)]

    def _unknown(self, names: set[str]) -> set[str]:
        return names - {record.name for record in self.room.registry.all(f"{self.dropper.prefix}_")}

    def _expired(self) -> Iterator[OwnedDatabase]:
        prefix = self.dropper.prefix
        for record in self.room.registry.expired(f"{prefix}_", templates_after=self.template_lifetime):
            if belongs_to(record.name, prefix, record.kind, record.run):  # else of a prefix that begins like this one
                yield record

    @contextmanager
    def _held(self, record: OwnedDatabase) -> Iterator[None]:
        """Hold what others ask for who use this database, without waiting."""
        if record.kind is Kind.CLONE:
            with self.room.registry.lease(record.name):
                yield
            return
        template = template_name(self.dropper.prefix, record.fingerprint)
        with self.room.server.locks.hold(lock_of(template)), self.room.registry.lease(record.name):
            yield
