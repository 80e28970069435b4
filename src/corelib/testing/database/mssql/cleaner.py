"""Emptying the tables of a clone on SQL Server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from attrs import evolve

from corelib.errors import ReferenceViolation, TransientFailure
from corelib.testing.database.errors import CannotReset, ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.model import Identity, ResetOutcome, Session
from corelib.testing.database.mssql.batches import connected
from corelib.testing.database.mssql.catalogue import described
from corelib.testing.database.mssql.catalogue_sql import STAMP, STAMP_WITH_POLICIES
from corelib.testing.database.mssql.changes import changes
from corelib.testing.database.mssql.counters_sql import Reseeding, next_values
from corelib.testing.database.mssql.leaks import Leaks, sessions_of
from corelib.testing.database.mssql.marks import READ_MARK
from corelib.testing.database.mssql.reference_sql import digests
from corelib.testing.database.mssql.refusals import refuse, refuse_counting
from corelib.testing.database.mssql.reset_sql import ResetBatch, settings
from corelib.testing.database.mssql.row_security import unfiltered
from corelib.testing.database.mssql.rows import Batches, Result, Row
from corelib.testing.database.planning.catalogue import TableName
from corelib.testing.database.planning.mark_text import mark_in
from corelib.testing.database.planning.ownership import taken_by_others
from corelib.testing.database.planning.planner import plan
from corelib.testing.database.planning.spread import spread

LOCK_TIMEOUT = timedelta(seconds=2)

_IDENTITY = f"SELECT DB_NAME() AS name, ({READ_MARK}) AS mark"

Digest = tuple[int, int]
"""The number of rows, and the sum of their hashes."""


class MssqlCleaner:
    """Keeps the contract of `Cleaner`.

    A transaction counts as leaked if a statement has run in it: an empty one is what the driver keeps open in an idle
    connection. Who may see no other sessions learns of those only that keep the reset waiting.

    Args:
        url: of the clone, as for `create_engine`; the cleaner connects, reads the catalogue and makes its plan now.
        lock_timeout: how long each statement of a reset waits for a lock before its holder is taken for leaked.
        connect: makes the connection.

    Raises:
        CannotReset: if there is a table that cannot be emptied.
        ConfigurationError, PersistenceError: if the database cannot be reached or read.
    """

    def __init__(
        self, url: str, *, lock_timeout: timedelta = LOCK_TIMEOUT, connect: Callable[[str], Batches] = connected
    ) -> None:
        self._batches = connect(url)
        try:
            self._batches.run(settings(lock_timeout))
            self._leaks = Leaks(self._batches)
            self._described = described(self._batches)
            self._plan = plan(self._described.catalogue)
            refuse(self._plan)
            expression = STAMP_WITH_POLICIES if self._described.has_policies else STAMP
            ((stamp,),) = self._batches.run(f"SELECT {expression} AS stamp")
            self._batch = ResetBatch(
                self._plan,
                stamp=stamp.binary("stamp"),
                reference=self._described.reference,
                retention=self._described.retention,
                lock_timeout=lock_timeout,
                foreign_keys=self._described.catalogue.foreign_keys,
                sequences=self._described.sequences,
                policies=self._described.policies,
                has_policies=self._described.has_policies,
                mark=self._identity()[1],
            )
            self._digests = self._digests_now()
        except BaseException:
            self._batches.close()
            raise
        self._starts = spread([table for step in self._plan.steps for table in step.tables])
        self._unused: dict[TableName, int] = {}
        """Counters that were reseeded before they generated a value, and with which one (see `reseeding`)."""

    def reset(self, test: str, *, identity: Identity) -> ResetOutcome:
        """Empty what has rows.

        Raises:
            TransactionLeaked: if a transaction was open; its session is ended, and the tables are empty.
            ReferenceDataChanged: if rows of the template were changed.
            CannotReset: if tables were made or changed, or counters cannot be set back.
            NotOwned: if the database has another mark than when the cleaner was made.
            PermissionDenied: if the login may not see or end who is in the way; the tables are as they were.
        """
        wanted = self._wanted(identity)
        try:
            found = self._run(test, wanted, watching=self._leaks.visible)
        except TransientFailure:  # a lock was not to be had, or two waited for each other
            return self._run_alone(test, wanted, self._leaks.find(test))
        if found["leaked"]:
            return self._run_alone(test, wanted, sessions_of(found["leaked"]))
        return self._outcome(test, wanted, found)

    def close(self) -> None:
        """Give back the connection."""
        self._batches.close()

    def _identity(self) -> tuple[str, str]:
        """Return the name of the database, and the text of its mark, which is empty where there is none."""
        rows = [row for result in self._batches.run(_IDENTITY) for row in result]
        return (rows[0].text("name"), rows[0].text("mark")) if rows else ("", "")

    def _wanted(self, identity: Identity) -> Reseeding | None:
        if identity is Identity.KEEP:
            return None
        refuse_counting(self._plan)
        return Reseeding(next_values(self._plan, identity, self._starts), dict(self._unused))

    def _run(self, test: str, wanted: Reseeding | None, *, watching: bool) -> Mapping[str, Result]:
        """Run the batch, and return the rows that it answers by what they are."""
        try:
            return _by_kind(self._batches.run(self._batch.text(wanted, watching=watching)))
        except ReferenceViolation as error:
            self._compare(test, self._digests_now())
            raise CannotReset(
                f"After {test} a row cannot be deleted, since another one refers to it: {error.message}",
                hint="Look for triggers and rules that the catalogue does not show as foreign keys.",
            ) from error

    def _run_alone(self, test: str, wanted: Reseeding | None, leaked: Sequence[Session]) -> ResetOutcome:
        """End what is in the way, and run the batch again; it waits for the rollback, as for every other lock."""
        self._leaks.end(test, leaked)
        outcome = self._outcome(test, wanted, self._run(test, wanted, watching=False))
        if leaked:
            raise TransactionLeaked(test, [str(session) for session in leaked])
        return evolve(outcome, round_trips=3)

    def _outcome(self, test: str, wanted: Reseeding | None, found: Mapping[str, Result]) -> ResetOutcome:
        if found["taken"]:
            database, mark = self._identity()
            raise taken_by_others(database, mark_in(mark))
        if found["changed"]:
            raise self._changed(test)
        tables = self._batch.emptied
        names = [tables[row.number("number")].name for row in found["emptied"]]
        for name in names:
            self._unused.pop(name, None)
        for row in found["fresh"]:
            self._remember_unused(row.number("number"), wanted)
        self._compare(test, _digests_of(found["reference"]))
        return ResetOutcome(tuple(str(name) for name in names))

    def _remember_unused(self, number: int, wanted: Reseeding | None) -> None:
        if wanted is not None and number >= 0:
            table = self._batch.emptied[number]
            self._unused[table.name] = wanted.starts[table.name, table.counters[0].column]

    def _changed(self, test: str) -> CannotReset:
        differences = changes(self._described, described(self._batches))
        return CannotReset(
            f"{test} has changed tables: {'; '.join(differences) or 'one was dropped and made again'}.",
            hint='Give it a database of its own: @pytest.mark.db(reset="clone"). The worker needs a new clone.',
        )

    def _digests_now(self) -> Mapping[int, Digest]:
        if not self._described.reference:
            return {}
        (rows,) = self._batches.run(unfiltered(self._described.policies, digests(self._described.reference)))
        return _digests_of(rows)

    def _compare(self, test: str, now: Mapping[int, Digest]) -> None:
        """Make sure that reference data are as they were.

        Raises:
            ReferenceDataChanged: if not.
        """
        tables = self._described.reference
        different = [str(tables[number].name) for number, digest in self._digests.items() if now[number] != digest]
        if different:
            raise ReferenceDataChanged(test, different)


def _by_kind(results: Sequence[Result]) -> Mapping[str, Result]:
    kinds: dict[str, list[Row]] = defaultdict(list)
    for result in results:
        for row in result:
            kinds[row.text("found")].append(row)
    return kinds


def _digests_of(rows: Result) -> Mapping[int, Digest]:
    return {row.number("number"): (row.number("quantity"), row.number("digest")) for row in rows}
