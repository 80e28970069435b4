"""The template: found, or built once, however many ask for it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from attrs import define, field, frozen

from corelib.errors import AlreadyExists, ConfigurationError, LockNotAvailable, TransientFailure
from corelib.ports.lock import HeldLock
from corelib.testing.database.dropping import Dropper
from corelib.testing.database.errors import NotOwned, TemplateFailed
from corelib.testing.database.figures import ReadyTemplate
from corelib.testing.database.model import Kind, Mark, OwnedDatabase
from corelib.testing.database.planning.fingerprint import kit_version, template_fingerprint
from corelib.testing.database.planning.names import build_name, template_name
from corelib.testing.database.ports.schema_source import SchemaSource
from corelib.testing.database.reserving import Reserved, reserve
from corelib.testing.database.room import Room
from corelib.testing.database.settings import KitSettings
from corelib.testing.database.telling import cause_without_secrets, told
from corelib.testing.servers.urls import without_secrets


def lock_of(template: str) -> str:
    """Return the name of the lock under which a template is looked at, built and dropped."""
    return f"corelib test template {template}"


@frozen
class Templates:
    """Finds and builds the template of one source on one server.

    All of it happens under the template's lock: whoever comes while another process builds it waits, and finds it
    ready. It gets its name and its record as the last steps, so that what a killed process leaves is never taken for
    ready.

    Args:
        room: of the engine.
        source: of its tables.
        settings: of this process.
        kit: version of the kit.
    """

    room: Room
    source: SchemaSource
    settings: KitSettings
    kit: str = field(factory=kit_version)

    def ensure(self) -> ReadyTemplate:
        """Return the template; build it if it is missing, half made, or to be rebuilt.

        Raises:
            TemplateFailed: if the source cannot be built, or another process takes too long to build it.
            NotOwned: if a database has its name that is not the kit's.
            ConfigurationError, PersistenceError: as the server says.
        """
        began = time.monotonic()
        fingerprint = template_fingerprint(self.source.fingerprint(), self.room.server.facts(), kit=self.kit)
        name = template_name(self.settings.prefix, fingerprint)
        with self._locked(name) as held:
            record = self.room.registry.find(name)
            if record is not None and self._usable(record):
                self.room.registry.touch(name)
                return ReadyTemplate(name, fingerprint, hit=True, seconds=time.monotonic() - began)
            self._clear(name, fingerprint, record)
            seconds = _Build(self, name, fingerprint, held).run()
        return ReadyTemplate(name, fingerprint, hit=False, seconds=time.monotonic() - began, build_seconds=seconds)

    def is_whole(self, name: str) -> bool:
        """Return whether clones can be made of the template of this name."""
        record = self.room.registry.find(name)
        return record is not None and self._is_whole(record)

    @property
    def dropper(self) -> Dropper:
        """Return what drops databases with the prefix."""
        return Dropper(self.room, self.settings.prefix)

    def _usable(self, record: OwnedDatabase) -> bool:
        """Return whether a template can be taken as it is; one that this run has rebuilt is not rebuilt again."""
        return self._is_whole(record) and not (self.settings.rebuild and record.run != self.settings.run)

    def _is_whole(self, record: OwnedDatabase) -> bool:
        return (
            record.kind is Kind.TEMPLATE
            and self.room.server.mark_of(record.name) == Mark(Kind.TEMPLATE, record.run, record.fingerprint)
            and self.room.cloner.is_prepared(record.name)
        )

    def _clear(self, name: str, fingerprint: str, record: OwnedDatabase | None) -> None:
        """Drop a template that is half made or to be rebuilt, and what dead builders of this template have left."""
        if record is not None:
            self.dropper.drop(record)
        for left in self.room.registry.all(self.settings.prefix):
            if (left.kind, left.fingerprint) == (Kind.BUILD, fingerprint):
                with suppress(TransientFailure, NotOwned), self.room.registry.lease(left.name):
                    self.dropper.drop(left)
        if self.room.has(name):
            raise NotOwned(
                f"A template is to get the name {name}, but a database of that name exists, and the registry of the "
                "kit does not know it.",
                hint="Nothing was done to it. If it is of no use to anybody, drop it by hand.",
            )

    @contextmanager
    def _locked(self, name: str) -> Iterator[HeldLock]:
        """Hold the template's lock within the block."""
        try:
            with self.room.server.locks.hold(lock_of(name), timeout=self.settings.build_timeout) as held:
                yield held
        except LockNotAvailable as error:
            if error.name != lock_of(name):
                raise
            raise TemplateFailed(
                f"The template {name} is being built by {error.holder or 'another process'}, and was not ready after "
                f"{error.waited:.0f} s.",
                hint="See what that process is doing; end it, and the next run builds the template anew.",
            ) from error


class _NameTaken(Exception):
    """A database came to be under the name of a build after the server was asked whether there is one."""

    def __init__(self, reason: AlreadyExists) -> None:
        super().__init__(reason.message)
        self.reason = reason


@define
class _Build:
    """One attempt to build a template, under its lock."""

    templates: Templates
    name: str
    fingerprint: str
    held: HeldLock

    def run(self) -> float:
        """Build the template, and return how many seconds its source took."""
        reserved = self._reserve()
        with reserved.lease:
            try:
                return self._build(reserved.record)
            except _NameTaken as error:
                self._room.registry.forget(reserved.record.name)  # somebody else's: not for us to drop
                raise error.reason from None
            except BaseException:
                self._give_up(reserved.record)
                raise

    def _reserve(self) -> Reserved:
        settings = self.templates.settings
        names = (build_name(settings.prefix, settings.run, number) for number in itertools.count(1))
        return reserve(self._room, names, Kind.BUILD, run=settings.run, fingerprint=self.fingerprint)

    def _build(self, record: OwnedDatabase) -> float:
        server, cloner, build = self._room.server, self._room.cloner, record.name
        self._create(build)
        began = time.monotonic()
        self._fill(server.url(build))
        seconds = time.monotonic() - began
        server.mark(build, Mark(Kind.TEMPLATE, record.run, record.fingerprint))
        self.held.check()
        cloner.prepare(build, self.name)
        server.seal(build)
        self.held.check()
        server.rename(build, self.name)
        self._room.registry.become_template(build, self.name)
        return seconds

    def _create(self, name: str) -> None:
        try:
            self._room.server.create(name)
        except AlreadyExists as error:
            raise _NameTaken(error) from None

    def _fill(self, url: str) -> None:
        source = self.templates.source
        try:
            source.build(url)
        except (ConfigurationError, TemplateFailed):
            raise
        except Exception as error:  # noqa: BLE001 - migrations raise anything
            raise TemplateFailed(
                f"The template could not be built from {source.label}: {without_secrets(told(error), url)}",
                hint="Nothing of it is left. Correct the source, and the next run tries again.",
            ) from cause_without_secrets(error, url)

    def _give_up(self, record: OwnedDatabase) -> None:
        """Leave nothing of the attempt; if that fails too, the next run's reaper does it."""
        with suppress(Exception):
            self.templates.dropper.drop(record)

    @property
    def _room(self) -> Room:
        return self.templates.room
