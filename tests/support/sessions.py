"""Sessions of a database server: which one a connection has, and how another connection ends it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from tests.support.databases import KILL, run_on_server, skip_where_lacking
from tests.support.until import until

from corelib.adapters.sqlalchemy import SqlStorage

_OWN = {"postgresql": "SELECT pg_backend_pid()", "mssql": "SELECT @@SPID"}
_KILL = {"postgresql": "SELECT pg_terminate_backend({session}, 10000)", "mssql": "KILL {session}"}
_WAITING = sa.text("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = :session")


def session_of(connection: Connection) -> int:
    """Return the number of a connection's session."""
    return int(connection.exec_driver_sql(_OWN[connection.dialect.name]).scalar_one())


def kill(server_url: str, session: int) -> None:
    """End a session from outside, as an administrator does; skip the test if nobody can on this server."""
    skip_where_lacking(server_url, KILL)
    engine = sa.make_url(server_url).get_backend_name()
    run_on_server(server_url, _KILL[engine].format(session=session))


def wait_for_lock(observer: SqlStorage, session: int) -> None:
    """Wait until a session of PostgreSQL waits for a lock."""

    def waits() -> bool:
        with observer.engine.connect() as connection:
            return bool(connection.execute(_WAITING, {"session": session}).scalar())

    until(waits, f"session {session} waits for a lock")
