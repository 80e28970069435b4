"""Bringing a clone back on SQL Server by reverting it to a database snapshot of itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from corelib.adapters.sqlalchemy.engine_settings import parsed
from corelib.errors import CorelibError, RowLocked
from corelib.testing.database.errors import ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.model import Identity, ResetOutcome
from corelib.testing.database.mssql.batches import connected
from corelib.testing.database.mssql.catalogue import described
from corelib.testing.database.mssql.cleaner import LOCK_TIMEOUT
from corelib.testing.database.mssql.leaks import Leaks
from corelib.testing.database.mssql.patience import has_number
from corelib.testing.database.mssql.reset_sql import settings
from corelib.testing.database.mssql.rows import Batches, Result
from corelib.testing.database.mssql.server import MssqlServer
from corelib.testing.database.mssql.snapshot import Snapshot
from corelib.testing.database.mssql.snapshot_counters import counting, starts_after
from corelib.testing.database.mssql.snapshot_reference import ReferenceData
from corelib.testing.database.mssql.snapshot_refusals import refuse_contents, refuse_server
from corelib.testing.database.mssql.snapshot_sql import COUNTERS, FULL_TEXT_CATALOGUES
from corelib.testing.database.planning.planner import plan

NOT_YET = frozenset({924, 927, 4060})
"""A database that was restored a moment ago may let nobody in (Microsoft: "Database engine events and errors")."""

ROUND_TRIPS = 7
"""Three on the clone before the revert, three of the revert, one on the clone after it; without those that counters
take, and what has to be repeated."""

_UNSEEN = "a session that the login may not see, which holds locks (VIEW SERVER STATE would show it)"


class MssqlSnapshotCleaner:
    """Keeps the contract of `Cleaner` with a revert instead of deletions.

    The snapshot is made at once, so the clone has to be as its template is. A reset brings back all that stands in the
    files of the database: also what no DELETE empties, as ledger tables or rows that a trigger protects, and also
    tables, columns and sequences that a test made, changed or dropped; none of that is an error. In exchange,

    - a reset takes several round trips and a restart of the database, whatever the test did;
    - it ends every connection to the clone, so that pools have to test theirs before use (`EngineSettings.pre_ping`);
    - the outcome names no emptied tables, since nobody looks for rows;
    - the log begins anew, with the server's own growth, and its chain of backups is broken (Microsoft: "Revert a
      database to a database snapshot").

    Counters come back by themselves, which is Identity.RESEED. For KEEP and SPREAD they are put where they belong
    after the revert; sequences start anew all the same, as do counters that locks keep from being read before it.
    Reference data comes back as well. That a test changed it is told all the same, since the test would spoil a run by
    DELETE; the clone is as its template then, and may serve on. Where a transaction was open, that is told, and
    reference data is not looked at.

    Args:
        url: of the clone, as for `create_engine`.
        server: that has it; reverts are its statements.
        lock_timeout: how long a look at reference data waits for a lock before its holder is taken for leaked.
        connect: makes the connection to the clone.

    Raises:
        CannotReset: if the server has no snapshots, or the clone has what a revert does not bring back.
        StorageFull, PermissionDenied: if the snapshot cannot be made.
        ConfigurationError, PersistenceError: if the database cannot be reached or read. No snapshot is left.
    """

    def __init__(
        self,
        url: str,
        *,
        server: MssqlServer,
        lock_timeout: timedelta = LOCK_TIMEOUT,
        connect: Callable[[str], Batches] = connected,
    ) -> None:
        refuse_server(server.facts())
        self._url = url
        self._server = server
        self._lock_timeout = lock_timeout
        self._connect = connect
        self._snapshot = Snapshot(server, parsed(url).database or "")
        self._batches: Batches | None = None
        try:
            batches = self._connection()
            files = self._snapshot.files()
            found = described(batches)
            (catalogues,) = batches.run(FULL_TEXT_CATALOGUES)
            refuse_contents(files, [row.text("name") for row in catalogues], found.catalogue)
            self._plan = plan(found.catalogue)
            self._reference = ReferenceData(found, batches)
            self._snapshot.make(files)
        except BaseException:
            self._disconnect()
            raise

    def reset(self, test: str, *, identity: Identity) -> ResetOutcome:
        """Revert the clone, whatever the test did.

        Raises:
            TransactionLeaked: if a transaction was open; it was rolled back, and the clone is as its template.
            ReferenceDataChanged: if rows of the template were changed; they are back.
            CannotReset: if there is another snapshot of the clone.
            PersistenceError, ConfigurationError: if the clone cannot be looked at, reverted, or reached afterwards; it
                is of no use then.
        """
        leaked, changed, counters = self._found(test, identity, self._connection())
        self._disconnect()  # the server ends every session of the clone, this one too
        self._snapshot.revert()
        self._count(identity, counters, self._connection())
        if leaked:
            raise TransactionLeaked(test, leaked)
        if changed:
            raise ReferenceDataChanged(test, changed)
        return ResetOutcome(round_trips=ROUND_TRIPS)

    def close(self) -> None:
        """Give back the connection, and drop the snapshot; if that fails, it goes with the clone."""
        self._disconnect()
        with suppress(CorelibError):
            self._snapshot.drop()

    def _found(self, test: str, identity: Identity, batches: Batches) -> tuple[list[str], list[str], Result]:
        """Return open transactions, changed reference tables and the counters that are to be kept."""
        leaks = Leaks(batches)
        leaked = [str(session) for session in leaks.find(test)] if leaks.visible else []
        counters: Result = ()
        try:
            if identity is Identity.KEEP:
                (counters,) = batches.run(COUNTERS)
            return leaked, [] if leaked else self._reference.changed(batches), counters
        except RowLocked:
            return leaked or [_UNSEEN], [], counters

    def _count(self, identity: Identity, counters: Result, batches: Batches) -> None:
        starts = starts_after(self._plan, identity, counters)
        batch = "" if starts is None else counting(self._plan, starts, self._lock_timeout)
        if batch:
            batches.run(batch)

    def _connection(self) -> Batches:
        """Return the connection to the clone; a new one shows that it takes them again."""
        if self._batches is None:
            self._batches = self._server.patience.retry(lambda: self._connect(self._url), has_number(NOT_YET))
            self._batches.run(settings(self._lock_timeout))
        return self._batches

    def _disconnect(self) -> None:
        batches, self._batches = self._batches, None
        if batches is not None:
            batches.close()
