"""The kit in one process of pytest: which clone serves, what happens before and after each test."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import define, field

from corelib.errors import CorelibError
from corelib.testing.database.errors import TransactionLeaked
from corelib.testing.database.settings import Keep
from corelib.testing.plugin.case import Case, OpenDatabase
from corelib.testing.plugin.figures import Figures, KeptFigure, ResetFigure, TemplateFigure
from corelib.testing.plugin.marking import DatabaseUse, Reset
from corelib.testing.servers.urls import scheme_of, without_password

if TYPE_CHECKING:
    from corelib.testing.database.figures import ReadyTemplate
    from corelib.testing.database.kit import Kit


@define(eq=False)
class DatabaseRun:
    """Gives tests their databases.

    Args:
        kit: of this process.
        program: how the server's lists name the connections of tests.
        keep: which databases live on.
        figures: takes what it costs.
        clock: tells seconds, for figures.
    """

    kit: Kit
    program: str
    keep: Keep
    figures: Figures
    clock: Callable[[], float] = time.perf_counter
    _current: OpenDatabase | None = field(default=None, init=False)
    _unclean: list[str] = field(factory=list, init=False)
    _template: ReadyTemplate | None = field(default=None, init=False)

    def template(self) -> ReadyTemplate:
        """Return the template; it is found or built with the first call."""
        if self._template is None:
            self._template = ready = self.kit.template()
            self.figures.templates.append(TemplateFigure(ready.name, ready.hit, ready.seconds, ready.build_seconds))
        return self._template

    def current(self) -> OpenDatabase:
        """Return the worker's database; a new one, if the last one is not fit for use any more."""
        if self._current is None:
            fresh = self._clone(f"of {self.program}")
            fresh.clone.reset("nobody")  # its plan is made now, while it is as the template
            self._current = fresh
        return self._current

    def begin(self, test: str, use: DatabaseUse) -> Case:
        """Return the database of a test, clean unless the test does not want that.

        Args:
            test: its node id.
            use: what its marker says.
        """
        if use.reset is Reset.CLONE:
            return Case(test, use, self._clone(test))
        self._replace_if_lost()
        if use.reset is Reset.NONE:
            self._unclean.append(test)
        elif self._unclean:
            self._clean_up_late()
        return Case(test, use, self.current())

    def end(self, case: Case) -> None:
        """Bring back what the next test needs, after everything that used the test's engine is gone.

        Raises:
            TransactionLeaked, ReferenceDataChanged, CannotReset: what this very test has done. The next one gets a
                clean database all the same.
        """
        if self.will_keep(case):
            self._keep(case)
        elif case.use.reset is Reset.CLONE:
            self._drop(case.database)
        elif case.use.reset is Reset.DELETE:
            self._reset(case.test, case)

    def will_keep(self, case: Case) -> bool:
        """Return whether the database of a test is to live on; after a rollback there is nothing to be seen in it."""
        if case.use.reset is Reset.ROLLBACK:
            return False
        if case.use.reset is Reset.CLONE and self.keep is Keep.ALWAYS:
            return True
        return case.failed and self.keep is not Keep.NEVER

    def close(self) -> None:
        """Drop the databases, or keep them, and close the kit."""
        if self._current is not None:
            self._current.disconnect()
            if self.keep is Keep.ALWAYS:
                self._note_kept(self._current, self.program)
            self._current = None
        try:
            self.kit.close()
        finally:
            self.figures.reaped += self.kit.figures.dropped
            self.figures.left += [f"{name}: {reason}" for name, reason in self.kit.figures.left.items()]

    def _clone(self, note: str) -> OpenDatabase:
        self.template()
        clone = self.kit.clone(note)
        self.figures.clone_seconds.append(clone.seconds)
        return OpenDatabase(clone, self.program)

    def _clean_up_late(self) -> None:
        """Clean up what tests with reset="none" have left; they said that they would, so they are not blamed."""
        with suppress(CorelibError):
            self._reset(", ".join(self._unclean), None)
        self._unclean.clear()

    def _reset(self, test: str, case: Case | None) -> None:
        database = self.current()
        began = self.clock()
        try:
            outcome = database.clone.reset(test)
        except TransactionLeaked:
            database.disconnect()  # the kit has ended the session behind one of the connections
            if scheme_of(database.clone.url) == "sqlite":  # where it cannot: the file stays locked
                self._replace(case)
            raise
        except BaseException:  # whatever it is, it is not certain that this database is clean
            self._replace(case)
            raise
        milliseconds = (self.clock() - began) * 1000
        self.figures.resets.append(ResetFigure(test, milliseconds, len(outcome.emptied)))

    def _replace_if_lost(self) -> None:
        """Take another database if other runs have no way to see any more that this one is in use."""
        if self._current is not None and not self._current.clone.is_leased:
            self._replace(None)

    def _replace(self, case: Case | None) -> None:
        if case is not None and self.keep is not Keep.NEVER:
            self._keep(case)
            return
        spoilt, self._current = self._current, None
        if spoilt is not None:
            self._drop(spoilt)

    def _keep(self, case: Case) -> None:
        database = case.database
        if database is self._current:
            self._current = None
            self._unclean.clear()
        database.disconnect()
        database.clone.keep(case.test)
        case.is_kept = True
        self._note_kept(database, case.test)

    def _note_kept(self, database: OpenDatabase, test: str) -> None:
        clone = database.clone
        self.figures.kept.append(KeptFigure(clone.name, without_password(clone.url), test))

    def _drop(self, database: OpenDatabase) -> None:
        """Drop a database now; if that fails, the end of the run tries again."""
        database.disconnect()
        with suppress(CorelibError):
            database.clone.drop()
