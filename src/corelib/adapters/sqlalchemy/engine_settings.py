"""What an engine is made from."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from attrs import field, frozen, validators
from sqlalchemy.engine import URL

from corelib.adapters.sqlalchemy.statement_log import StatementLog
from corelib.application.log_fields import HIDDEN, hide_password
from corelib.errors import InvalidSetting


def parsed(url: str | URL) -> URL:
    """Return a URL in its parts.

    Raises:
        InvalidSetting: if the text is no URL; it is not repeated, since it may have a password.
    """
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise InvalidSetting(
            "The database URL cannot be read.", hint="Write it as postgresql://user:password@host:5432/database."
        ) from None


def _shown(url: URL | None) -> str:
    return repr(None if url is None else hide_password(url.render_as_string(hide_password=True)))


def _parsed_or_none(url: str | URL | None) -> URL | None:
    return None if url is None else parsed(url)


def _hidden(token: object) -> str:
    return repr(None if token is None else HIDDEN)


@frozen(kw_only=True)
class EngineSettings:
    """How to reach a database.

    Args:
        url: `sqlite:///file`, `postgresql://user:password@host/database` or `mssql://user:password@host/database`.
        read_only_url: where units of work that only read may go; by default where the others go. With the URL of the
            primary's listener, SQL Server is told `ApplicationIntent=ReadOnly` and chooses a replica itself.
        token: returns an access token of Microsoft Entra ID; asked for each new connection, so let it keep the token
            until shortly before it expires. The URL then has no password.
        pool_size: connections that are kept.
        max_overflow: connections beyond those, for a rush.
        pool_timeout: how long to wait for a connection of the pool.
        connect_timeout: how long to wait for a new connection, in whole seconds; rounded up.
        recycle: a connection older than this is replaced when it is next wanted; None keeps them.
        pre_ping: test a connection of the pool before it is used. SQLite, a file, is not tested.
        untested_for: how long a connection counts as tested after it was used. By default half a second on PostgreSQL,
            where a connection that has ended shows without a question, and no time on SQL Server.
        application_name: how the server's lists of sessions name the connections; one in the URL comes first.
        statement_log: where to log statements, without their values; None logs none.
    """

    url: URL = field(converter=parsed, repr=_shown)
    read_only_url: URL | None = field(default=None, converter=_parsed_or_none, repr=_shown)
    token: Callable[[], str] | None = field(default=None, repr=_hidden)
    pool_size: int = field(default=10, validator=validators.ge(1))
    max_overflow: int = field(default=10, validator=validators.ge(0))
    pool_timeout: timedelta = timedelta(seconds=30)
    connect_timeout: timedelta = field(default=timedelta(seconds=10), validator=validators.gt(timedelta(0)))
    recycle: timedelta | None = None
    pre_ping: bool = True
    untested_for: timedelta | None = field(default=None, validator=validators.optional(validators.ge(timedelta(0))))
    application_name: str = "corelib"
    statement_log: StatementLog | None = None

    @property
    def connect_seconds(self) -> int:
        """Return the time-out of a connection as the drivers take it."""
        return math.ceil(self.connect_timeout.total_seconds())


def in_query(url: URL, name: str) -> bool:
    """Return whether the query of a URL, or an ODBC connection string in it, has a parameter; case does not count."""
    return name.lower() in _parameters(url)


def parameter(url: URL, name: str) -> str:
    """Return the value of a parameter in the query of a URL, or in an ODBC connection string there; empty if none."""
    return _parameters(url).get(name.lower(), "")


def _parameters(url: URL) -> dict[str, str]:
    text = url.query.get("odbc_connect", "")
    parts = (part.partition("=") for part in text.split(";")) if isinstance(text, str) else ()
    odbc = {keyword.strip().lower(): value.strip() for keyword, _, value in parts}
    return odbc | {name.lower(): value if isinstance(value, str) else value[0] for name, value in url.query.items()}
