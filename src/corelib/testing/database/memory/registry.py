"""A registry in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

from attrs import evolve, frozen

from corelib.errors import AlreadyExists, NotFound
from corelib.ports.lock import HeldLock
from corelib.testing.database.memory.process import MemoryProcess
from corelib.testing.database.model import Kind, OwnedDatabase


@frozen
class MemoryRegistry:
    """Keeps the contract of `ports.registry.Registry`, for one simulated process."""

    process: MemoryProcess

    def record(self, name: str, kind: Kind, *, run: str, fingerprint: str) -> OwnedDatabase:
        """Add a record."""
        now = self.process.world.clock.now()
        made = OwnedDatabase(name, kind, run, fingerprint, made_at=now, used_at=now)
        self._step("record", lambda: self._add(made))
        return made

    def become_template(self, build: str, name: str) -> OwnedDatabase:
        """Turn the record of a build into that of a template."""
        self._step("become_template", lambda: self._become(build, name))
        return self._records[name]

    def find(self, name: str) -> OwnedDatabase | None:
        """Return a record."""
        self.process.live()
        return self._records.get(name)

    def all(self, prefix: str) -> Sequence[OwnedDatabase]:
        """Return the records with a prefix."""
        self.process.live()
        with self.process.world.guard:
            return [record for name, record in sorted(self._records.items()) if name.startswith(prefix)]

    def touch(self, name: str) -> None:
        """Note that a database is used."""
        now = self.process.world.clock.now()
        self._step("touch", lambda: self._change(name, lambda record: evolve(record, used_at=now)))

    def keep(self, name: str, duration: timedelta, note: str) -> None:
        """Let a database live on."""
        if self.find(name) is None:
            raise NotFound("record", name)
        until = self.process.world.clock.now() + duration
        self._step("keep", lambda: self._change(name, lambda record: evolve(record, keep_until=until, note=note)))

    def expired(self, prefix: str, *, templates_after: timedelta) -> Sequence[OwnedDatabase]:
        """Return what may be dropped as far as time goes."""
        now = self.process.world.clock.now()
        return [
            record
            for record in self.all(prefix)
            if (record.keep_until is None or record.keep_until <= now)
            and (record.kind is not Kind.TEMPLATE or record.used_at + templates_after <= now)
        ]

    def forget(self, name: str) -> None:
        """Remove a record."""
        self._step("forget", lambda: self._records.pop(name, None))

    def lease(self, name: str) -> AbstractContextManager[HeldLock]:
        """Hold the lease of a database, which ends with the process."""
        return self.process.hold(self.process.world.leases, name)

    def close(self) -> None:
        """Do nothing more."""

    @property
    def _records(self) -> dict[str, OwnedDatabase]:
        return self.process.world.records

    def _step(self, name: str, change: Callable[[], object]) -> None:
        self.process.step(f"registry.{name}", change)

    def _add(self, record: OwnedDatabase) -> None:
        if record.name in self._records:
            raise AlreadyExists(f"There is a record of {record.name} already.")
        self._records[record.name] = record

    def _become(self, build: str, name: str) -> None:
        if build not in self._records or self._records[build].kind is not Kind.BUILD:
            raise NotFound("record", build)
        record = evolve(self._records[build], name=name, kind=Kind.TEMPLATE, used_at=self.process.world.clock.now())
        self._add(record)
        del self._records[build]

    def _change(self, name: str, changed: Callable[[OwnedDatabase], OwnedDatabase]) -> None:
        if name in self._records:
            self._records[name] = changed(self._records[name])
