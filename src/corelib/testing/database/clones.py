"""Clones of a template: made, reset, kept, dropped."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta

from attrs import define, field, frozen

from corelib.errors import AlreadyExists, LockLost, MisuseError
from corelib.ports.lock import HeldLock
from corelib.testing.database.dropping import Dropper
from corelib.testing.database.errors import NotOwned
from corelib.testing.database.figures import KitFigures, ReadyTemplate
from corelib.testing.database.model import Identity, Kind, Mark, OwnedDatabase, ResetOutcome
from corelib.testing.database.planning.names import clone_name
from corelib.testing.database.ports.cleaner import Cleaner
from corelib.testing.database.reserving import Reserved, reserve
from corelib.testing.database.room import Room
from corelib.testing.database.settings import KitSettings


@define(eq=False)
class Clone:
    """A database of this process.

    Args:
        name: of the database.
        url: with its password: not for printing.
        seconds: how long it took to make it.
        note: for people: what it is for.
    """

    name: str
    url: str = field(repr=False)
    seconds: float
    note: str
    _clones: Clones = field(repr=False)
    _lease: ExitStack = field(repr=False)
    _held: HeldLock = field(repr=False)
    _cleaner: Cleaner | None = field(default=None, repr=False)
    is_dropped: bool = field(default=False, init=False)
    is_kept: bool = field(default=False, init=False)

    @property
    def is_leased(self) -> bool:
        """Return whether others still see that it is in use; it asks the server.

        They do not any more when the server was restarted, or has ended the session on which the lease hung: then the
        next run drops the clone, even in the middle of a test. Ask the kit for another one.
        """
        try:
            self._held.check()
        except LockLost:
            return False
        return True

    def reset(self, test: str, identity: Identity | None = None) -> ResetOutcome:
        """Bring it back to the state of its template.

        Args:
            test: the test that has just run, for messages.
            identity: what becomes of the counters of keys; by default what the settings say.

        Raises:
            TransactionLeaked, ReferenceDataChanged, CannotReset, NotOwned: as `Cleaner.reset` says.
            MisuseError: if it was dropped, or was made for one test only.
        """
        self._refuse_if_dropped()
        if self._cleaner is None:
            raise MisuseError(
                f"The clone {self.name} was to be reset, but was made without the plan for it.",
                hint="Ask the kit for one with clone(resettable=True).",
            )
        began = time.monotonic()
        outcome = self._cleaner.reset(test, identity=identity or self._clones.settings.identity)
        self._clones.figures.resets.append(time.monotonic() - began)
        return outcome

    def keep(self, note: str, duration: timedelta | None = None) -> None:
        """Let it live on after the run.

        Args:
            note: for people, as the test that failed on it.
            duration: for how long, by the registry's clock; by default what the settings say.
        """
        self._refuse_if_dropped()
        self._clones.room.registry.keep(self.name, duration or self._clones.settings.keep_for, note)
        self.is_kept = True

    def drop(self) -> None:
        """Drop it, although it may be kept; nothing happens if it was dropped.

        Raises:
            NotOwned: if the database does not carry the kit's marks and this run's. It is not tried again.
            ReferenceDataChanged: as `Cleaner.close` says, after it was dropped.
        """
        if self.is_dropped:
            return
        try:
            self._close_cleaner()
        finally:
            self._drop()

    def _drop(self) -> None:
        try:
            self._clones.dropper.drop_own(self.name, self._clones.settings.run)
        except NotOwned:
            self._clones.dropper.let_go(self.name, self._clones.settings.run)
            self._end()
            raise
        self._end()

    def _end(self) -> None:
        self.is_dropped = True
        self._give_back()

    def _give_back(self) -> None:
        with suppress(LockLost):  # nobody needs it any more
            self._lease.close()

    def leave(self) -> None:
        """End its use by this process: a clone that is kept stays, any other is dropped.

        If that fails, as by Ctrl-C, a reaper may try it again.
        """
        try:
            if self.is_kept:
                self._close_cleaner()
            else:
                self.drop()
        finally:
            self._give_back()

    def _close_cleaner(self) -> None:
        cleaner, self._cleaner = self._cleaner, None
        if cleaner is not None:
            cleaner.close()

    def _refuse_if_dropped(self) -> None:
        if self.is_dropped:
            raise MisuseError(f"The clone {self.name} was dropped.", hint="Ask the kit for another one.")


@frozen
class Clones:
    """Makes clones for one process.

    Args:
        room: of the engine.
        settings: of this process.
        figures: takes what it cost.
    """

    room: Room
    settings: KitSettings
    figures: KitFigures
    _numbers: Iterator[int] = field(factory=lambda: itertools.count(1), init=False)

    @property
    def dropper(self) -> Dropper:
        """Return what drops databases with the prefix."""
        return Dropper(self.room, self.settings.prefix)

    def make(self, template: ReadyTemplate, note: str = "", *, resettable: bool = True) -> Clone:
        """Return a new clone, whose lease this process holds from before it is made.

        Args:
            template: of which it is made.
            note: for people: what it is for.
            resettable: whether it is to be reset: the plan for that is made now, while it is as the template.

        Raises:
            CannotReset: if the template has a table that cannot be emptied.
            StorageFull, PersistenceError, ConfigurationError: if it cannot be made; nothing of it is left then.
        """
        began = time.monotonic()
        while True:
            reserved = self._reserve(template.fingerprint)
            with reserved.lease:
                try:
                    self._fill(reserved.record, template.name)
                    seconds = time.monotonic() - began
                    cleaner = self._opened(reserved.record.name) if resettable else None
                except AlreadyExists:  # somebody else's, who keeps no records: not for us to drop
                    self.room.registry.forget(reserved.record.name)
                    continue
                except BaseException:
                    self._give_up(reserved.record)
                    raise
                self.figures.clones.append(seconds)
                name = reserved.record.name
                url, lease = self.room.server.url(name), reserved.lease.pop_all()
                return Clone(name, url, seconds, note, self, lease, reserved.held, cleaner)

    def _opened(self, name: str) -> Cleaner:
        """Return what resets a clone, after making sure, by what registry and server say, whose it is."""
        self.dropper.check_own(name, self.settings.run)
        return self.room.open_cleaner(self.room.server.url(name))

    def _reserve(self, fingerprint: str) -> Reserved:
        settings = self.settings
        names = (clone_name(settings.prefix, settings.run, settings.worker, number) for number in self._numbers)
        return reserve(self.room, names, Kind.CLONE, run=settings.run, fingerprint=fingerprint)

    def _fill(self, record: OwnedDatabase, template: str) -> None:
        self.room.cloner.clone(template, record.name)
        self.room.server.mark(record.name, Mark(Kind.CLONE, record.run, record.fingerprint))

    def _give_up(self, record: OwnedDatabase) -> None:
        """Leave nothing of a clone that could not be made; if that fails too, the next run's reaper does it."""
        with suppress(Exception):
            self.dropper.drop(record)
