"""Administration of a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from uuid import uuid4

import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import EngineSettings, create_engine
from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.engine_settings import parsed
from corelib.adapters.sqlalchemy.failures import translated
from corelib.errors import CorelibError, PermissionDenied, TransientFailure
from corelib.ports.lock import Locks
from corelib.testing.database.model import Mark, ServerFacts, Session
from corelib.testing.database.planning.mark_text import mark_in, text_of
from corelib.testing.database.postgresql import statements
from corelib.testing.database.postgresql.address import host_of, in_database
from corelib.testing.database.postgresql.facts import facts_of
from corelib.testing.database.postgresql.options import checked_options, refused
from corelib.testing.database.registry_database import APPLICATION, REGISTRY_DATABASE, RegistryLocks

IN_USE = "55006"
"""SQLSTATE object_in_use. The server itself waits 5 seconds before it gives up (its source, CountOtherDBBackends)."""

ENDED_MILLISECONDS = 5_000
LONGEST_STATEMENT = 200


class PostgresqlServer:
    """Keeps the contract of `corelib.testing.database.ports.server.DatabaseServer`.

    The login needs CREATEDB, and is best the same for all who share the server: a database can be dropped by its owner
    alone, and the registry's table be written by its owner alone (PostgreSQL: "CREATE DATABASE", "Privileges").

    Args:
        url: of any database of the server but a template; administration is done from there.
        options: settings of test databases, but not of the registry's, as `{"timezone": "UTC"}`; part of the
            fingerprint of a template. A setting of the login, or one in the URL, counts more (PostgreSQL: "ALTER
            ROLE").
        attempts: how often a command is given while somebody is in its way, for which the server waits 5 seconds each
            time.

    Raises:
        InvalidSetting, MissingExtra: if it is no URL, an option cannot be one, or psycopg is not installed.
    """

    def __init__(self, url: str, *, options: Mapping[str, str] | None = None, attempts: int = 3) -> None:
        self._url = parsed(url)
        self._options = checked_options(options or {})
        self._attempts = attempts
        self._application = f"{APPLICATION} {uuid4().hex[:12]}"  # tells this object's connections from all others
        engine = create_engine(
            EngineSettings(
                url=self._url.difference_update_query(["application_name"]), application_name=self._application
            )
        )
        # Without parameters the driver passes a statement on as it is, per cent signs included.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
        self._dialect = dialect_of(engine)
        self._locks = RegistryLocks(self)

    @property
    def host(self) -> str:
        """Return where the URL leads; where it names no host, libpq's environment variables count."""
        return host_of(self._url, _defaults())

    @property
    def locks(self) -> Locks:
        """Return advisory locks in the registry's database."""
        return self._locks

    def facts(self) -> ServerFacts:
        """Return what the server says about itself and about `template1`, which new databases are like."""
        return self._facts

    def url(self, name: str) -> str:
        """Return the URL of a database, with its password."""
        return in_database(self._url, name).render_as_string(hide_password=False)

    def names(self, prefix: str) -> Sequence[str]:
        """Return the databases whose names begin so, also those that are closed or were left half dropped."""
        with self.connected() as connection:
            return sorted(connection.execute(_NAMES, {"prefix": prefix}).scalars())

    def create(self, name: str) -> None:
        """Make an empty database like `template1`, with the settings that are told.

        Raises:
            InvalidSetting: if the server does not take one of them; then there is no database.
        """
        self.make(statements.create(name))
        if name != REGISTRY_DATABASE:  # that one serves other projects too
            self._give_settings(name)

    def _give_settings(self, name: str) -> None:
        try:
            for setting, value in self._options.items():
                self._give_setting(name, setting, value)
        except BaseException:
            with suppress(CorelibError):  # the error that made it necessary is the one to tell
                self.drop(name)
            raise

    def _give_setting(self, name: str, setting: str, value: str) -> None:
        try:
            self._run(statements.give_setting(name, setting, value))
        except CorelibError as error:
            known = refused(error, setting, value)
            if known is error:
                raise
            raise known from error

    def make(self, statement: str) -> None:
        """Run a CREATE DATABASE.

        Raises:
            PermissionDenied: if the login may not; says what to grant. And as `run_when_free`.
        """
        try:
            self.run_when_free(statement)
        except PermissionDenied as error:
            who = self._url.username or "the login"
            raise PermissionDenied(
                error.message, hint=f"Let it create databases: ALTER ROLE {who} CREATEDB. It need not be a superuser."
            ) from error

    def drop(self, name: str) -> None:
        """End its sessions and drop it, a template and a broken one too."""
        with self.connected() as connection:
            is_valid = connection.execute(_IS_VALID, {"name": name}).scalar()
        if is_valid:  # a broken one cannot be altered, and lets nobody in
            self.run_when_free(statements.open_again(name))
        self.run_when_free(statements.drop(name))

    def rename(self, name: str, new_name: str) -> None:
        """Rename it."""
        self.run_when_free(statements.rename(name, new_name))

    def seal(self, name: str) -> None:
        """Close it to everybody, and let whoever may create databases clone it."""
        self.run_when_free(statements.seal(name))

    def mark(self, name: str, mark: Mark) -> None:
        """Write the mark as the comment of the database, which clones do not inherit."""
        self.run_when_free(statements.comment(name, text_of(mark)))

    def mark_of(self, name: str) -> Mark | None:
        """Read the comment of the database."""
        with self.connected() as connection:
            return mark_in(connection.execute(_COMMENT, {"name": name}).scalar())

    def is_being_made(self, name: str) -> bool:
        """Look for the statement among the sessions; those of other logins are seen with pg_read_all_stats only."""
        with self.connected() as connection:
            return bool(connection.execute(_BEING_MADE, {"beginning": statements.create(name)}).scalar())

    def sessions(self, name: str) -> Sequence[Session]:
        """Return the clients in pg_stat_activity; of those of other logins little more than the number is seen."""
        values = {"name": name, "own": self._application, "longest": LONGEST_STATEMENT}
        with self.connected() as connection:
            rows = connection.execute(_SESSIONS, values).all()
        return [Session(number, program, state, since, statement) for number, program, state, since, statement in rows]

    def end_session(self, number: int) -> None:
        """End a session, and wait for up to 5 seconds until it has ended."""
        with self.connected() as connection:
            connection.execute(sa.select(sa.func.pg_terminate_backend(number, ENDED_MILLISECONDS)))

    def close(self) -> None:
        """Close the connections."""
        self._locks.close()
        self._engine.dispose()

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Lend a connection to the maintenance database, in AUTOCOMMIT, whose errors are corelib's."""
        with translated(self._dialect), self._engine.connect() as connection:
            yield connection

    def run_when_free(self, statement: str) -> None:
        """Run a command, again if somebody is in the way, as a session that is just ending.

        Raises:
            TransientFailure: if it stays so; and as `connected`.
        """
        for _ in range(self._attempts - 1):
            try:
                return self._run(statement)
            except TransientFailure as error:
                if not _is_in_use(error):
                    raise
        return self._run(statement)

    @cached_property
    def _facts(self) -> ServerFacts:
        with self.connected() as connection:
            facts = facts_of(connection)
        told = {f"database.{name}": value for name, value in self._options.items()}
        return evolve(facts, options={**facts.options, **told})

    def _run(self, statement: str) -> None:
        with self.connected() as connection:
            connection.exec_driver_sql(statement)


def _is_in_use(error: TransientFailure) -> bool:
    """Return whether somebody was connected to a database that has to be left alone for what was wanted."""
    return getattr(getattr(error.__cause__, "orig", None), "sqlstate", None) == IN_USE


def _defaults() -> dict[str, str]:
    """Return what libpq takes where a URL says nothing: from the environment, and from the service that it may name."""
    from psycopg.pq import Conninfo  # noqa: PLC0415 - an optional driver, there by now

    return {option.keyword.decode(): option.val.decode() for option in Conninfo.get_defaults() if option.val}


_NAMES = sa.text("SELECT datname FROM pg_database WHERE starts_with(CAST(datname AS text), :prefix)")
# A connection limit of -2 says that DROP DATABASE was broken off (PostgreSQL: "pg_database").
_IS_VALID = sa.text("SELECT datconnlimit <> -2 FROM pg_database WHERE datname = :name")
_COMMENT = sa.text("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :name")
_BEING_MADE = sa.text(
    "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND starts_with(query, :beginning))"
)
_SESSIONS = sa.text(
    "SELECT pid, coalesce(application_name, ''), coalesce(state, ''), xact_start, left(coalesce(query, ''), :longest) "
    "FROM pg_stat_activity WHERE datname = :name AND backend_type = 'client backend' AND application_name <> :own "
    "ORDER BY pid"
)
