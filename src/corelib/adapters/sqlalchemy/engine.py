"""One factory for engines, from a URL."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.mssql import MssqlDialect
from corelib.adapters.sqlalchemy.postgresql import PostgresqlDialect
from corelib.adapters.sqlalchemy.sqlite import SqliteDialect
from corelib.errors import InvalidSetting, UnknownScheme

SCHEMES = ("sqlite", "postgresql", "mssql")
_DIALECTS: dict[str, SqlDialect] = {
    dialect.name: dialect for dialect in (SqliteDialect(), PostgresqlDialect(), MssqlDialect())
}


def create_engine(url: str | URL, *, pool_size: int = 10, max_overflow: int = 10, pool_timeout: float = 30) -> Engine:
    """Make an engine; nothing is connected yet.

    Args:
        url: `sqlite:///file`, `postgresql://user:password@host/database` or `mssql://user:password@host/database`.
        pool_size: connections that are kept.
        max_overflow: connections beyond those, for a rush.
        pool_timeout: seconds to wait for a connection of the pool.

    Raises:
        InvalidSetting: if the text is no URL.
        UnknownScheme: if no dialect serves it.
        MissingExtra, MissingDriver: if a driver is not installed.
    """
    parsed = _parsed(url)
    dialect = _DIALECTS.get(parsed.get_backend_name())
    if dialect is None:
        raise UnknownScheme("database", parsed.drivername, SCHEMES)
    engine = sa.create_engine(
        dialect.url(parsed),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_timeout,
        pool_pre_ping=dialect.name != "sqlite",
        hide_parameters=True,
        **dialect.engine_options(),
    )
    dialect.prepare(engine)
    return engine


def dialect_of(engine: Engine) -> SqlDialect:
    """Return what is particular to an engine."""
    return _DIALECTS[engine.dialect.name]


def _parsed(url: str | URL) -> URL:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise InvalidSetting(
            "The database URL cannot be read.", hint="Write it as postgresql://user:password@host:5432/database."
        ) from None
