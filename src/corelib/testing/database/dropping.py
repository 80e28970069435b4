"""Dropping databases, after it has been made sure whose they are."""

from __future__ import annotations

import time
from collections.abc import Callable

from attrs import frozen

from corelib.errors import TransientFailure
from corelib.testing.database.model import Kind, OwnedDatabase
from corelib.testing.database.planning.names import template_name
from corelib.testing.database.planning.ownership import check_own, check_reapable, has_become_template
from corelib.testing.database.room import Room

LOOK_SECONDS = 0.05


@frozen
class Dropper:
    """Drops databases of the kit together with what hangs on them; the record goes last.

    Args:
        room: of the engine.
        prefix: of all names.
        patience: seconds to wait for a database that the server is making just now, for a process that is dead.
        pause: waits so many seconds.
    """

    room: Room
    prefix: str
    patience: float = 30.0
    pause: Callable[[float], None] = time.sleep

    def check_own(self, name: str, run: str) -> None:
        """Make sure, by the registry and by the mark in it, that a database is a clone of this run.

        Raises:
            NotOwned: if it is not.
        """
        record, mark = self.room.registry.find(name), self.room.server.mark_of(name)
        check_own(name, record, mark, prefix=self.prefix, run=run)

    def drop_own(self, name: str, run: str) -> None:
        """Drop a clone of this run.

        Raises:
            NotOwned: if it is none.
        """
        self.check_own(name, run)
        self.room.server.drop(name)
        self.room.registry.forget(name)

    def let_go(self, name: str, run: str) -> None:
        """Forget a clone of this run that somebody else has taken: a reaper takes one without a mark for half made."""
        record = self.room.registry.find(name)
        if record is not None and record.run == run:
            self.room.registry.forget(name)

    def drop(self, record: OwnedDatabase) -> None:
        """Drop what a record stands for. The caller holds its lease, and for builds and templates the template's lock.

        Raises:
            NotOwned: if the database of that name is something else.
            TransientFailure: if the server has not finished making it.
        """
        self._wait_until_made(record.name)
        if record.kind is Kind.BUILD:
            self._drop_renamed(record)
        if self.room.has(record.name):
            check_reapable(record, self.room.server.mark_of(record.name), prefix=self.prefix)
            if record.kind is Kind.TEMPLATE:
                self.room.cloner.discard(record.name)  # first: without it, the template counts as half made
            self.room.server.drop(record.name)
        elif record.kind is Kind.TEMPLATE:
            self.room.cloner.discard(record.name)
        self.room.registry.forget(record.name)

    def _wait_until_made(self, name: str) -> None:
        """Wait for what a server goes on to do whose client was killed: only then there is something to be dropped."""
        deadline = time.monotonic() + self.patience
        while self.room.server.is_being_made(name):
            if time.monotonic() >= deadline:
                raise TransientFailure(
                    f"The database {name} was to be dropped, but the server still makes it.",
                    hint="The next run drops it.",
                )
            self.pause(LOOK_SECONDS)

    def _drop_renamed(self, build: OwnedDatabase) -> None:
        """Drop what a build has become or has prepared under the name of the template, if it got no record."""
        template = template_name(self.prefix, build.fingerprint)
        if self.room.registry.find(template) is not None:
            return
        if self.room.has(template):
            if not has_become_template(build, self.room.server.mark_of(template)):
                return
            self.room.cloner.discard(template)
            self.room.server.drop(template)
        else:
            self.room.cloner.discard(template)
