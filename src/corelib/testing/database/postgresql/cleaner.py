"""Emptying the tables of a clone on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from corelib.adapters.sqlalchemy import create_engine
from corelib.adapters.sqlalchemy.engine import dialect_named
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.errors import CorelibError, RowLocked
from corelib.testing.database.errors import TransactionLeaked
from corelib.testing.database.model import Identity, ResetOutcome
from corelib.testing.database.postgresql.connection import connect, count_as_replica
from corelib.testing.database.postgresql.names import qualified
from corelib.testing.database.postgresql.reset_sql import CALL
from corelib.testing.database.postgresql.sessions import end_session, lasting_sessions
from corelib.testing.database.postgresql.template import Template

LOCK_TIMEOUT = timedelta(seconds=2)

_ATTEMPTS = 5
_WAITED_IN_VAIN = {"55P03", "40P01"}
"""SQLSTATEs `lock_not_available` and `deadlock_detected` (PostgreSQL: "PostgreSQL Error Codes")."""


class PostgresqlCleaner:
    """Keeps the contract of `Cleaner`.

    Each reset looks at reference data of up to 10,000 rows in all, by the transactions that wrote them; only if one is
    newer does it read what is in them. Larger tables are compared when the cleaner is closed.

    Where the login may set `session_replication_role`, as a superuser may, its session counts as a replica: neither
    triggers nor the checks of foreign keys fire when it deletes. Other logins have the triggers disabled for the
    moment, and enabled again as they were.

    A session of another role shows its transaction only to members of `pg_read_all_stats`; others learn of it when it
    blocks them.

    Args:
        url: of the clone, as for `create_engine`; the cleaner connects, reads the catalogue and makes its plan now.
        lock_timeout: how long a reset waits for a lock before it takes its holder for leaked.

    Raises:
        CannotReset: if there is a table that cannot be emptied.
        ConfigurationError: if the database cannot be reached.
    """

    def __init__(self, url: str, *, lock_timeout: timedelta = LOCK_TIMEOUT) -> None:
        self._dialect = dialect_named("postgresql")
        self._engine = create_engine(url)
        self._lock_timeout = lock_timeout
        with translated(self._dialect), ExitStack() as undoing:
            undoing.callback(self._engine.dispose)
            self._connection = connect(self._engine, lock_timeout)
            undoing.callback(close_quietly, self._connection)
            self._template = Template.read(self._connection, as_replica=count_as_replica(self._connection))
            self._make_function()
            undoing.pop_all()

    def reset(self, test: str, *, identity: Identity) -> ResetOutcome:
        """Empty what has rows, set back the counters, and look what else the test has left.

        Args:
            test: the test that has just run, for messages.
            identity: what becomes of the counters of generated keys.

        Raises:
            TransactionLeaked: if a session has a transaction open; it is ended, and the tables are empty all the same.
            ReferenceDataChanged: if rows of the template were changed.
            CannotReset: if a test made a table, or changed one.
            NotOwned: if the database has another mark, or is another one, than when the cleaner was made.
            RowLocked: if something else holds a lock, as a prepared transaction does.
        """
        with translated(self._dialect):
            return self._reset(test, identity)

    def close(self) -> None:
        """Compare the reference tables that are too large to be looked at every time, and give back the connection.

        Raises:
            ReferenceDataChanged: if one of them was changed by any of the tests.
        """
        if self._connection.closed:
            return
        try:
            with translated(self._dialect):
                self._template.compare_large_tables(self._connection)
        finally:
            self._give_back()

    def _reset(self, test: str, identity: Identity) -> ResetOutcome:
        leaked: list[str] = []
        alone = True
        for attempt in range(1, _ATTEMPTS + 1):
            answer = self._ask(test, identity, alone=alone)
            if answer is None or answer.tables_touched:
                self._template.check_mark(self._connection)  # before the session of anybody else is ended
            if answer is None or answer.open_transactions:
                ended = self._end_lasting_sessions()
                leaked += ended
                alone = bool(ended)  # those that come and go are nobody's leak, and are waited for
            elif answer.tables_touched or answer.rows_touched:
                self._verify(test, leaked)
            elif leaked:
                raise TransactionLeaked(test, leaked)
            else:
                emptied = tuple(str(table.name) for table in self._template.tables_at(answer.emptied))
                return ResetOutcome(emptied, attempt + self._vacuum(answer.swollen))
        raise RowLocked(
            f"The reset after {test} waited {_ATTEMPTS} times {self._lock_timeout.total_seconds():.1f} s for a lock.",
            hint="Look for transactions that never end, and into pg_prepared_xacts.",
        )

    def _ask(self, test: str, identity: Identity, *, alone: bool) -> Row[Any] | None:
        """Call the function; return None if it waited for a lock in vain."""
        arguments = {"identity": identity.value, "alone": alone, **self._template.marks}
        try:
            return self._connection.exec_driver_sql(CALL, arguments).one()
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in _WAITED_IN_VAIN:
                return None
            if error.connection_invalidated:
                self._connect_again()
                return self._connection.exec_driver_sql(CALL, arguments).one()
            self._template.verify(self._connection, test)  # it may fail because of what somebody did to the tables
            raise

    def _vacuum(self, places: Sequence[int] | None) -> int:
        """Free tables of rows that are gone, and return how often the server was asked.

        Autovacuum comes once a minute at best; until then thousands of tests would slow down every look at a table.
        """
        names = ", ".join(qualified(table.name) for table in self._template.tables_at(places))
        if not names:
            return 0
        self._connection.exec_driver_sql(f"VACUUM (SKIP_LOCKED) {names}", execution_options={"no_parameters": True})
        return 1

    def _verify(self, test: str, leaked: Sequence[str]) -> None:
        try:
            self._template.verify(self._connection, test)
        except CorelibError as error:
            raise error from (TransactionLeaked(test, leaked) if leaked else None)

    def _end_lasting_sessions(self) -> list[str]:
        sessions = lasting_sessions(self._connection)
        for session in sessions:
            end_session(self._connection, session.number)
        return [str(session) for session in sessions]

    def _connect_again(self) -> None:
        """Replace a connection that was ended, as a test may end all sessions of its database."""
        close_quietly(self._connection)
        self._connection = connect(self._engine, self._lock_timeout)
        count_as_replica(self._connection)
        self._make_function()

    def _give_back(self) -> None:
        close_quietly(self._connection)
        self._engine.dispose()

    def _make_function(self) -> None:
        self._connection.exec_driver_sql(self._template.function, execution_options={"no_parameters": True})
