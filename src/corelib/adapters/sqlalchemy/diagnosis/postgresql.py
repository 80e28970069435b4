"""What is looked at on PostgreSQL; the names in quotes are pages of its documentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from corelib.adapters.sqlalchemy.diagnosis.clock import clock
from corelib.adapters.sqlalchemy.diagnosis.model import (
    Judgement,
    failure,
    lacked_by_production,
    lacked_by_tests,
    ok,
    unknown,
    warning,
)
from corelib.adapters.sqlalchemy.diagnosis.session import Check, Judge, Session

OLDEST: Final = 15
FEW_CONNECTIONS: Final = 20
LOOPBACK: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})
SAFE_COMMITS: Final = frozenset({"on", "local", "remote_write", "remote_apply"})

LOGIN = "SELECT current_user, current_database()"
VERSION = "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
RIGHTS = "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
"""PostgreSQL: "pg_roles"."""
SEE_SESSIONS = "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"
"""PostgreSQL: "Predefined Roles"."""
LOCK = "SELECT pg_try_advisory_lock_shared(1668246629, 1), pg_advisory_unlock_shared(1668246629, 1)"
"""Take a lock that nobody else wants, and give it back (PostgreSQL: "Advisory Lock Functions")."""
DATABASE = (
    "SELECT pg_encoding_to_char(encoding), datcollate, datcollversion, pg_database_collation_actual_version(oid) "
    "FROM pg_database WHERE datname = current_database()"
)
"""PostgreSQL: "pg_database", "Database Object Management Functions"."""
CONNECTIONS = (
    "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int "
    "- coalesce(current_setting('reserved_connections', true)::int, 0), "
    "(SELECT coalesce(sum(numbackends), 0)::int FROM pg_stat_database)"
)
"""PostgreSQL: "Connections and Authentication", "The Cumulative Statistics System"."""
ENCRYPTION = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
"""PostgreSQL: "pg_stat_ssl"."""
TIME = "SELECT clock_timestamp() AT TIME ZONE 'UTC'"


class PostgresqlExamination:
    """Keeps the contract of `Examination`."""

    def checks(self, *, deep: bool) -> Sequence[Check]:  # noqa: ARG002 - there is nothing that would be tried out
        """Return all checks."""
        return [
            Check("driver", _driver),
            Check("login", _login),
            Check("version", _version),
            Check("right to create databases", _create_databases),
            Check("right to see sessions", _see_sessions),
            Check("advisory locks", _advisory_locks),
            Check("encoding and collation", _collation),
            Check("connections", _connections),
            Check("fsync", _setting("fsync")),
            Check("full_page_writes", _setting("full_page_writes")),
            Check("synchronous_commit", _synchronous_commit),
            Check("clock", clock(TIME)),
            Check("encryption", _encryption, view="pg_stat_ssl"),
        ]

    def has(self, session: Session, view: str) -> bool:
        """Return whether the catalogue has a view."""
        return session.row(f"SELECT to_regclass('{view}')")[0] is not None

    def grant(self, session: Session, right: str) -> str:
        """Return the statement that makes the user a member of a role."""
        return f"GRANT {right} TO {_user(session)}"


def _user(session: Session) -> str:
    return '"' + str(session.row(LOGIN)[0]).replace('"', '""') + '"'


def _driver(_: Session) -> Judgement:
    import psycopg  # noqa: PLC0415 - an optional driver, there by now

    number = psycopg.pq.version()
    return ok(f"psycopg {psycopg.__version__} with libpq {number // 10000}.{number % 10000}")


def _login(session: Session) -> Judgement:
    user, database = session.row(LOGIN)
    return ok(f"{user} in the database {database}")


def _version(session: Session) -> Judgement:
    number, text = session.row(VERSION)
    if int(str(number)) // 10000 >= OLDEST:
        return ok(str(text))
    return failure(f"{text}, which is too old", f"Use PostgreSQL {OLDEST} or newer.")


def _create_databases(session: Session) -> Judgement:
    """The kit makes a template and clones of it."""
    if any(session.row(RIGHTS)):
        return ok("granted")
    return lacked_by_tests(session.purpose, "not granted", f"Run: ALTER ROLE {_user(session)} CREATEDB")


def _see_sessions(session: Session) -> Judgement:
    """Without it, what others run and since when is hidden."""
    if session.row(SEE_SESSIONS)[0]:
        return ok("granted")
    return lacked_by_tests(
        session.purpose,
        "not granted, so who holds a lock cannot be told in full",
        f"Run: GRANT pg_read_all_stats TO {_user(session)}",
    )


def _advisory_locks(session: Session) -> Judgement:
    """Those who build templates wait for each other by one."""
    if all(session.row(LOCK)):
        return ok("work")
    return failure("no lock was granted", "Raise max_locks_per_transaction: the server's table of locks is full.")


def _collation(session: Session) -> Judgement:
    """Indexes that were sorted by another version of a collation do not find everything.

    PostgreSQL: "ALTER COLLATION", under Notes.
    """
    encoding, collation, recorded, actual = session.row(DATABASE)
    found = f"{encoding}, {collation}"
    if encoding != "UTF8":
        return failure(found, "Make the database with ENCODING 'UTF8': texts of other scripts cannot be stored.")
    if recorded is not None and actual is not None and recorded != actual:
        return warning(
            f"{found}; it was made with version {recorded} of the collation, and now there is {actual}",
            "Run REINDEX DATABASE, then ALTER DATABASE ... REFRESH COLLATION VERSION.",
        )
    return ok(found)


def _connections(session: Session) -> Judgement:
    allowed, used = (int(str(each)) for each in session.row(CONNECTIONS))
    free = max(allowed - used, 0)
    found = f"{free} of {allowed} free"
    if free >= FEW_CONNECTIONS:
        return ok(found)
    return warning(
        found, "Raise max_connections, or keep pools smaller: each worker wants one for each of its threads, and two."
    )


def _setting(name: str) -> Judge:
    """Return the check of a setting without which a crash of the machine may cost the database."""

    def judge(session: Session) -> Judgement:
        if session.row(f"SELECT current_setting('{name}')")[0] == "on":
            return ok("on")
        return lacked_by_production(
            session.purpose,
            "off, so a crash of the machine may damage the database",
            f"Run: ALTER SYSTEM SET {name} = on, then SELECT pg_reload_conf()",
        )

    return judge


def _synchronous_commit(session: Session) -> Judgement:
    """PostgreSQL: "Write Ahead Log", under synchronous_commit."""
    value = str(session.row("SELECT current_setting('synchronous_commit')")[0])
    if value in SAFE_COMMITS:
        return ok(value)
    return lacked_by_production(
        session.purpose,
        f"{value}, so a crash may lose what was just committed",
        "Run: ALTER SYSTEM SET synchronous_commit = on, then SELECT pg_reload_conf()",
    )


def _encryption(session: Session) -> Judgement:
    row = session.row(ENCRYPTION)
    if not row:
        return unknown("the server does not list this connection")
    if row[0]:
        return ok(f"on, {row[1]}")
    host = str(session.url.query.get("host", session.url.host or ""))
    if host in LOOPBACK or host.startswith("/"):
        return ok("off, to a server on this machine")
    return warning(
        "off: what is read and written can be overheard", "Add sslmode=verify-full to the URL, and switch ssl on there."
    )
