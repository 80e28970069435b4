"""What a server shows of its databases and sessions, as far as the login may see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from corelib.errors import PermissionDenied, PersistentFailure, SchemaMismatch
from corelib.testing.database.model import Session
from corelib.testing.database.mssql import admin_sql
from corelib.testing.database.mssql.console import Console, Row
from corelib.testing.database.mssql.snapshot_sql import snapshots_of


class Views:
    """Asks the views of a server.

    Args:
        console: of the server.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def state(self, name: str) -> str | None:
        """Return the state of a database, as `ONLINE` or `RESTORING`; None if there is none."""
        rows = self._console.rows(admin_sql.state_of(name))
        return str(rows[0][0]) if rows else None

    def is_read_only(self, name: str) -> bool:
        """Return whether a database takes no changes."""
        rows = self._console.rows(admin_sql.state_of(name))
        return bool(rows and rows[0][1])

    def snapshots(self, name: str) -> Sequence[str]:
        """Return the names of the snapshots of a database; none where the server knows no such thing."""
        return [str(row[0]) for row in self.rows_if_seen(snapshots_of(name))]

    def sessions(self, name: str) -> Sequence[Session]:
        """Return who is connected to a database."""
        rows = self._rows_or_none(admin_sql.sessions(name))
        if rows is None:
            rows = self.rows_if_seen(admin_sql.plain_sessions(name))
        return [_session(row) for row in rows]

    def rows_if_seen(self, text: str) -> Sequence[Row]:
        """Return the answer to what not every server knows, and not every login may see; no rows then."""
        return self._rows_or_none(text) or ()

    def _rows_or_none(self, text: str) -> Sequence[Row] | None:
        try:
            return self._console.rows(text)
        except (PermissionDenied, PersistentFailure, SchemaMismatch):
            return None


def _session(row: Row) -> Session:
    number, program, state, since, statement = row
    return Session(
        number=int(str(number)),
        program=str(program or "").strip(),
        state=str(state or ""),
        since=since.replace(tzinfo=UTC) if isinstance(since, datetime) else None,
        statement=" ".join(str(statement or "").split()),
    )
