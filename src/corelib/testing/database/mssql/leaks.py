"""Sessions that have a transaction open in the database of a cleaner: finding and ending them."""

from __future__ import annotations

from collections.abc import Sequence

from corelib.errors import PermissionDenied, PersistentFailure
from corelib.testing.database.model import Session
from corelib.testing.database.mssql.leaks_sql import HOLDERS, MAY_SEE
from corelib.testing.database.mssql.rows import Batches, Result


class Leaks:
    """Looks for open transactions as far as the login may.

    Args:
        batches: the connection, which is not among those that are found.
    """

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        ((row,),) = batches.run(MAY_SEE)
        self.visible: bool = row.flag("allowed")
        self._login = row.text("login_name")

    def find(self, test: str) -> Sequence[Session]:
        """Return the sessions that have written or hold locks, after a lock was waited for in vain.

        Raises:
            PermissionDenied: if the login may not see them.
        """
        if not self.visible:
            raise PermissionDenied(
                f"{test} seems to have left a transaction open: the reset waited for a lock in vain, and the login "
                f"{self._login} may not see who holds it.",
                hint="Grant it VIEW SERVER STATE, or look for a connection that the test does not close.",
            )
        (rows,) = self._batches.run(HOLDERS)
        return sessions_of(rows)

    def end(self, test: str, sessions: Sequence[Session]) -> None:
        """End sessions; one that has ended meanwhile is no error.

        Raises:
            PermissionDenied: if the login may not end them.
        """
        refused = [error for session in sessions if (error := self._end(session)) is not None]
        if refused and (left := {each.number for each in sessions} & {each.number for each in self.find(test)}):
            named = "; ".join(str(session) for session in sessions if session.number in left)
            raise PermissionDenied(
                f"{test} has left a transaction open: {named}. The login {self._login} may not end it.",
                hint="Grant it ALTER ANY CONNECTION (on Azure SQL Database: KILL DATABASE CONNECTION), or let the test "
                "close its connections.",
            ) from refused[0]

    def _end(self, session: Session) -> PersistentFailure | None:
        """Return why a session could not be ended, or None (Microsoft: "KILL (Transact-SQL)")."""
        try:
            self._batches.run(f"KILL {session.number}")
        except PersistentFailure as error:  # 6106: no such session any more; 6102: no right to do so
            return error
        return None


def sessions_of(rows: Result) -> Sequence[Session]:
    """Return the sessions that a batch has answered."""
    return [
        Session(
            row.number("session_id"),
            program=row.text("program_name"),
            state=row.text("status"),
            since=row.time("since"),
            statement=" ".join(row.text("statement").split()),
        )
        for row in rows
    ]
