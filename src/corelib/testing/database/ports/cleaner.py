"""Bringing a clone back to the state of its template."""

from __future__ import annotations

from typing import Protocol

from corelib.testing.database.model import Identity, ResetOutcome


class Cleaner(Protocol):
    """Empties the tables of one clone between tests. It has one connection, which serves nothing else.

    Rows that stand in the template are reference data, as are those of migration tables: they stay, and a reset notices
    if a test changed them. All other tables are empty after a reset. Constraints are trusted and enabled as in the
    template. Tables without rows cost nothing.
    """

    def reset(self, test: str, *, identity: Identity) -> ResetOutcome:
        """Empty what has rows, in one round trip.

        Args:
            test: the test that has just run, for messages.
            identity: what becomes of the counters of generated keys.

        Raises:
            TransactionLeaked: if a session has a transaction open in this database. Its session is ended, and the
                tables are empty all the same; on SQLite, where nobody can end another's transaction, nothing happens.
            ReferenceDataChanged: if rows of the template were changed. The clone is of no use any more.
            CannotReset: if a test made a table, or changed one, so that the plan does not fit.
            PermissionDenied: if something keeps the reset waiting, as a transaction that a test has left open does, and
                the login may not see, or not end, the sessions of others. The tables are as they were; the next reset
                tries it again.
            TransientFailure: if a lock is not to be had, and no session that could be ended holds it.
            NotOwned: if the mark of the database is not the one that it had when the cleaner was made: somebody has
                taken it, or made another one under its name. Nothing happens to it.
        """
        ...

    def close(self) -> None:
        """Give back the connection.

        Raises:
            ReferenceDataChanged: if reference data was changed that is too large for every reset to look at.
        """
        ...
