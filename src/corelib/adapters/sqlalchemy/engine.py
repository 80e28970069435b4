"""One factory for engines, from a URL or settings."""

from __future__ import annotations

import sqlalchemy as sa
from attrs import evolve, frozen
from sqlalchemy.engine import URL, Engine

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.engine_settings import EngineSettings, in_query
from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.mssql import MssqlDialect
from corelib.adapters.sqlalchemy.pool_test import test_when_idle_for
from corelib.adapters.sqlalchemy.postgresql import PostgresqlDialect
from corelib.adapters.sqlalchemy.secrets import connect_with, supply_token, without_secrets
from corelib.adapters.sqlalchemy.sqlite import SqliteDialect
from corelib.errors import InvalidSetting, UnknownScheme

SCHEMES = ("sqlite", "postgresql", "mssql")
_DIALECTS: dict[str, SqlDialect] = {
    dialect.name: dialect for dialect in (SqliteDialect(), PostgresqlDialect(), MssqlDialect())
}


@frozen
class Engines:
    """The engine of the primary, and the one for what only reads; they are the same where there is no replica."""

    primary: Engine
    replica: Engine

    def dispose(self) -> None:
        """Close the connections of both."""
        self.primary.dispose()
        self.replica.dispose()


def create_engine(settings: str | URL | EngineSettings) -> Engine:
    """Make an engine; nothing is connected yet.

    Args:
        settings: or just the URL, for settings that are otherwise as by default.

    Raises:
        InvalidSetting: if the text is no URL, or a token provider does not go with it.
        UnknownScheme: if no dialect serves it.
        MissingExtra, MissingDriver: if a driver is not installed.
    """
    if not isinstance(settings, EngineSettings):
        settings = EngineSettings(url=settings)
    dialect = _DIALECTS.get(settings.url.get_backend_name())
    if dialect is None:
        raise UnknownScheme("database", settings.url.drivername, SCHEMES)
    url = dialect.url(settings.url)
    shown = without_secrets(url)
    tested = settings.pre_ping and dialect.name != "sqlite"
    untested_for = dialect.untested_for if settings.untested_for is None else settings.untested_for
    engine = sa.create_engine(
        shown,
        pool_size=settings.pool_size,
        max_overflow=settings.max_overflow,
        pool_timeout=settings.pool_timeout.total_seconds(),
        pool_recycle=-1 if settings.recycle is None else settings.recycle.total_seconds(),
        pool_pre_ping=tested and not untested_for,
        hide_parameters=True,
        **dialect.engine_options(settings),
    )
    dialect.prepare(engine)
    if tested and untested_for:
        test_when_idle_for(engine, untested_for.total_seconds(), dialect.seems_over)
    if shown is not url:
        connect_with(engine, url)
    if settings.token is not None:
        supply_token(engine, url, settings.token)
    if settings.statement_log is not None:
        settings.statement_log.attach(engine)
    return engine


def create_engines(settings: EngineSettings) -> Engines:
    """Make the engine of the primary, and that of a replica where `read_only_url` names one.

    SQL Server is told `ApplicationIntent=ReadOnly`, by which a listener chooses the replica. A PostgreSQL URL with
    several hosts gets `target_session_attrs=prefer-standby`. What the URL says about these stands.

    Raises:
        InvalidSetting: if the replica is of another engine than the primary; and as `create_engine`.
    """
    primary = create_engine(settings)
    if settings.read_only_url is None:
        return Engines(primary, primary)
    url = settings.read_only_url
    if url.get_backend_name() != settings.url.get_backend_name():
        raise InvalidSetting(
            f"The database is {settings.url.get_backend_name()}, but the read-only URL is {url.get_backend_name()}.",
            hint="A replica is of the same engine as its primary.",
        )
    return Engines(primary, create_engine(evolve(settings, url=_reading(url), read_only_url=None)))


def _reading(url: URL) -> URL:
    """Return the URL of a replica with the engine's word for a session that only reads."""
    if url.get_backend_name() == "mssql" and not in_query(url, "ApplicationIntent"):
        return url.update_query_dict({"ApplicationIntent": "ReadOnly"})
    several = (
        "," in (url.host or "") or "," in str(url.query.get("host", "")) or isinstance(url.query.get("host"), tuple)
    )
    if url.get_backend_name() == "postgresql" and several and not in_query(url, "target_session_attrs"):
        return url.update_query_dict({"target_session_attrs": "prefer-standby"})
    return url


def dialect_of(engine: Engine) -> SqlDialect:
    """Return what is particular to an engine."""
    return _DIALECTS[engine.dialect.name]


def warnings_of(engine: Engine) -> tuple[str, ...]:
    """Return what a person should change about the database, and how; an empty tuple if there is nothing."""
    dialect = dialect_of(engine)
    with translated(dialect), engine.connect() as connection:
        return tuple(dialect.warnings(connection))


def dialect_named(name: str) -> SqlDialect:
    """Return what is particular to the engine of that name, or to that of a URL.

    Raises:
        UnknownScheme: if no dialect serves it.
    """
    backend = name.partition(":")[0].partition("+")[0]
    if backend not in _DIALECTS:
        raise UnknownScheme("database", backend, SCHEMES)
    return _DIALECTS[backend]
