"""Jobs of a transaction that are not written yet: with luck, one statement is all that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.translating import TranslatingConnection
from corelib.domain.job import NewJob
from corelib.errors import AlreadyExists, AmbiguousCommit, CorelibError


class WaitingJobs:
    """Keeps the jobs of a transaction until its first statement, or its commit.

    Args:
        at_once: an engine whose statements commit themselves; None where there is no such.
        dialect: knows the engine's errors.
    """

    def __init__(self, at_once: Engine | None, dialect: SqlDialect) -> None:
        self._at_once = at_once
        self._dialect = dialect
        self._waiting: list[NewJob] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, jobs: Sequence[NewJob]) -> None:
        """Keep jobs."""
        self._waiting.extend(jobs)

    def insert(self, connection: TranslatingConnection) -> None:
        """Insert them in a transaction."""
        jobs, self._waiting = self._waiting, []
        for statement, rows in job_rows.inserts(jobs):
            connection.execute(statement, rows)

    def insert_alone(self) -> bool:
        """Insert the only job by a statement that commits itself; return False if there are others, or no such engine.

        A connection that is lost leaves open whether the job was stored. So it is inserted again: if its identifier is
        there, it was.

        Raises:
            AmbiguousCommit: if the second connection is lost as well, or there is none.
        """
        at_once = self._at_once
        if at_once is None or len(self._waiting) != 1:
            return False
        ((statement, (row,)),) = job_rows.inserts(self._waiting)
        self._waiting = []
        try:
            self._execute(at_once, statement, row)
        except AmbiguousCommit as lost:
            try:
                self._execute(at_once, statement, row)
            except AlreadyExists:
                return True
            except CorelibError:
                raise lost from None
        return True

    def _execute(self, engine: Engine, statement: sa.Insert, row: Mapping[str, object]) -> None:
        with translated(self._dialect):
            connection = engine.connect()
        try:
            with translated(self._dialect, committing=True):
                connection.execute(statement, row)
        finally:
            close_quietly(connection)
