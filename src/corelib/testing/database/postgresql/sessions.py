"""Sessions that have a transaction open in the database of a connection."""
# ruff: noqa: S608 - what is put into them are constants

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy.engine import Connection

from corelib.testing.database.model import Session
from corelib.testing.database.postgresql.catalogue_sql import HOLDERS_OF_LOCKS, OPEN_TRANSACTIONS

GRACE = timedelta(milliseconds=200)
"""How long a transaction may still take to end after its test: a server notices a closed connection a moment later."""

_LOOK_SECONDS = 0.01
_STATEMENT_LENGTH = 80
_END_MILLISECONDS = 5_000

_SESSIONS = f"""SELECT a.pid, a.application_name, a.state, a.xact_start, a.query FROM pg_stat_activity a
WHERE a.pid IN ({OPEN_TRANSACTIONS}) OR a.pid IN ({HOLDERS_OF_LOCKS}) ORDER BY a.pid"""
_VALUES = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)


def open_sessions(connection: Connection) -> Sequence[Session]:
    """Return the sessions of other clients that have a transaction open in this database, as far as the login may see.

    A statement is shown without the texts that stand in it.
    """
    rows = connection.exec_driver_sql(_SESSIONS).all()
    return [
        Session(row.pid, row.application_name or "", row.state or "", row.xact_start, shown(row.query or ""))
        for row in rows
    ]


def shown(statement: str) -> str:
    """Return the beginning of a statement in one line, without the values of texts."""
    plain = " ".join(_VALUES.sub("'...'", statement).split())
    return plain if len(plain) <= _STATEMENT_LENGTH else plain[:_STATEMENT_LENGTH] + " ..."


def lasting_sessions(connection: Connection, grace: timedelta = GRACE) -> Sequence[Session]:
    """Return the sessions whose transaction is open now and still the same one after a while."""
    first = _by_transaction(open_sessions(connection))
    deadline = time.monotonic() + grace.total_seconds()
    while first and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        now = _by_transaction(open_sessions(connection))
        first = {transaction: now[transaction] for transaction in first if transaction in now}
    return list(first.values())


def _by_transaction(sessions: Sequence[Session]) -> Mapping[tuple[object, ...], Session]:
    return {(session.number, session.since): session for session in sessions}


def end_session(connection: Connection, number: int) -> None:
    """End a session and wait until it is gone; no error if there is none."""
    connection.exec_driver_sql("SELECT pg_terminate_backend(%s, %s)", (number, _END_MILLISECONDS))
