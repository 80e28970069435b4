"""The kit, for one process of a test run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType

from attrs import define, field

from corelib.errors import ConfigurationError, PersistenceError
from corelib.testing.database.clones import Clone, Clones
from corelib.testing.database.dropping import Dropper
from corelib.testing.database.figures import KitFigures, ReadyTemplate
from corelib.testing.database.planning.fingerprint import kit_version
from corelib.testing.database.planning.hosts import check_host
from corelib.testing.database.ports.schema_source import SchemaSource
from corelib.testing.database.reaper import Reaper
from corelib.testing.database.room import Room
from corelib.testing.database.rooms import open_room
from corelib.testing.database.settings import Keep, KitSettings
from corelib.testing.database.templates import Templates

_STRANGER = "It looks like the kit's, but is not in its registry. If it is of no use to anybody, drop it by hand."


@define(eq=False)
class Kit:
    """A migrated template, clones of it, and their end.

    Args:
        room: of the engine; it is closed with the kit.
        source: of the tables.
        settings: of this process.
        version: of the kit.
    """

    room: Room = field(repr=False)
    source: SchemaSource = field(repr=False)
    settings: KitSettings
    version: str = field(factory=kit_version, repr=False)
    figures: KitFigures = field(init=False, repr=False)
    _templates: Templates = field(init=False, repr=False)
    _clones: Clones = field(init=False, repr=False)
    _mine: list[Clone] = field(factory=list, init=False, repr=False)
    _is_closed: bool = field(default=False, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.figures = KitFigures(self.room.server.facts().product, self.room.cloner.label, self.source.label)
        self._templates = Templates(self.room, self.source, self.settings, self.version)
        self._clones = Clones(self.room, self.settings, self.figures)

    def __enter__(self) -> Kit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def template(self) -> ReadyTemplate:
        """Return the template; it is found or built at the first call.

        Raises:
            TemplateFailed: if the source cannot be built, or another process takes too long to build it.
            NotOwned: if a database has its name that is not the kit's.
            ConfigurationError, PersistenceError: as the server says.
        """
        if self.figures.template is None:
            self.figures.template = self._templates.ensure()
        return self.figures.template

    def clone(self, note: str = "", *, resettable: bool = True) -> Clone:
        """Return a new clone of the template.

        Args:
            note: for people: what it is for.
            resettable: whether it is to be reset, which one for a single test is not: the plan for that is made now,
                while the clone is as the template, and takes a connection.

        Raises:
            CannotReset: if the template has a table that cannot be emptied.
            StorageFull, CannotClone, PersistenceError, ConfigurationError: if it cannot be made; nothing of it is left.
        """
        template = self.template()
        try:
            clone = self._clones.make(template, note, resettable=resettable)
        except (PersistenceError, ConfigurationError):
            if self._templates.is_whole(template.name):
                raise
            self.figures.template = None  # another run rebuilds it, or somebody dropped it
            clone = self._clones.make(self.template(), note, resettable=resettable)
        self._mine.append(clone)
        return clone

    def reap(self) -> Sequence[str]:
        """Drop what dead runs have left, and return the names; the figures say what had to be left, and why."""
        reaper = Reaper(self.room, self._dropper, self.settings.template_lifetime)
        reaped = reaper.reap()
        self.figures.dropped += reaped.dropped
        self.figures.left = reaped.left | dict.fromkeys(reaper.strangers(), _STRANGER)
        return reaped.dropped

    def close(self) -> None:
        """Drop this process's clones but those that are kept, reap, and close all connections; once.

        Raises:
            CorelibError: the last failure, after all was tried.
        """
        if self._is_closed:
            return
        self._is_closed = True
        with ExitStack() as stack:
            stack.callback(self.room.close)
            stack.callback(self.reap)
            for clone in self._mine:
                stack.callback(self._leave, clone)

    def _leave(self, clone: Clone) -> None:
        if self.settings.keep is Keep.ALWAYS and not (clone.is_kept or clone.is_dropped):
            clone.keep(clone.note or "kept by --db-keep=always")
        clone.leave()

    @property
    def _dropper(self) -> Dropper:
        return Dropper(self.room, self.settings.prefix)


def open_kit(url: str, source: SchemaSource, settings: KitSettings) -> Kit:
    """Return the kit for the server at a URL; nothing is made there before it is asked for.

    Args:
        url: of a server, or of any database on it; for SQLite of a file, next to which the databases are made.
        source: of the tables.
        settings: of this process.

    Raises:
        NotAllowed: if the URL does not look like that of a server for tests.
        UnknownScheme: if the kit has no room for its engine.
        ConfigurationError: if the server cannot be used.
    """
    check_host(url, settings.allowed_hosts, os.environ)
    return Kit(open_room(url, source, settings), source, settings)
