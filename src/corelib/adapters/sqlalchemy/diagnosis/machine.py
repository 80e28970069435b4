"""What this machine has for connecting to databases, whatever those are."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence

from corelib.adapters.sqlalchemy.diagnosis.model import Diagnosis, Finding, State
from corelib.adapters.sqlalchemy.engine_settings import parsed
from corelib.adapters.sqlalchemy.mssql import installed_drivers, newest_of
from corelib.adapters.sqlalchemy.postgresql import PostgresqlDialect
from corelib.errors import CorelibError, MissingExtra

COMPOSE_HOST = "localhost"
COMPOSE_PORT = 1434
"""Where `docker-compose.test.yml` has its SQL Server."""

_CONNECT_SECONDS = 1


def listens(host: str, port: int) -> bool:
    """Return whether anything takes TCP connections there."""
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_SECONDS):
            return True
    except OSError:
        return False


def diagnose_machine(
    *,
    drivers: Callable[[], Sequence[str]] = installed_drivers,
    listens: Callable[[str, int], bool] = listens,
) -> Diagnosis:
    """Look at the drivers, and for the server of the compose file.

    What is not installed is a warning, since nobody said that it is wanted; what is installed and does not work is a
    failure.

    Args:
        drivers: returns the names of the ODBC drivers, and raises what keeps them from being used.
        listens: tells whether a host and port take connections.
    """
    findings = [*_odbc(drivers), _psycopg(), _compose_server(listens)]
    return Diagnosis("this machine", findings)


def _odbc(drivers: Callable[[], Sequence[str]]) -> Iterator[Finding]:
    """Look for pyodbc, its system library libodbc.so.2, and Microsoft's driver."""
    name = "pyodbc and unixODBC"
    try:
        names = drivers()
    except CorelibError as error:
        yield _not_there(name, error)
        return
    yield Finding(name, State.OK, "pyodbc and libodbc can be loaded")
    name = "driver of SQL Server"
    try:
        yield Finding(name, State.OK, newest_of(names))
    except CorelibError as error:
        yield Finding(name, State.WARNING, error.message.rstrip("."), error.hint)


def _psycopg() -> Finding:
    try:
        PostgresqlDialect().url(parsed("postgresql://server/database"))
    except CorelibError as error:
        return _not_there("driver of PostgreSQL", error)
    return Finding("driver of PostgreSQL", State.OK, "psycopg")


def _not_there(name: str, error: CorelibError) -> Finding:
    state = State.WARNING if isinstance(error, MissingExtra) else State.FAILURE
    return Finding(name, state, error.message.rstrip("."), error.hint)


def _compose_server(listens: Callable[[str, int], bool]) -> Finding:
    name, place = "test server", f"{COMPOSE_HOST}:{COMPOSE_PORT}"
    if listens(COMPOSE_HOST, COMPOSE_PORT):
        url = f"mssql://sa:PASSWORD@{place}/master?TrustServerCertificate=yes"
        return Finding(
            name, State.OK, f"one listens at {place}", f"To look at it: corelib doctor --database-url '{url}'"
        )
    return Finding(
        name,
        State.WARNING,
        f"none listens at {place}",
        "Start one with docker compose -f docker-compose.test.yml up -d --wait, or name another one by --database-url.",
    )
