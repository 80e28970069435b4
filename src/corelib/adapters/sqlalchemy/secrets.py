"""Passwords and tokens reach the driver, and nobody who prints an engine or its URL."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import event
from sqlalchemy.engine import URL, Engine

from corelib.adapters.sqlalchemy.engine_settings import in_query
from corelib.application.log_fields import HIDDEN
from corelib.errors import AuthenticationFailed, InvalidSetting

SQL_COPT_SS_ACCESS_TOKEN = 1256
"""Attribute of a connection, set before it is made (Microsoft: "Using Microsoft Entra ID with the ODBC Driver")."""

SECRET_PARAMETERS = frozenset({"password", "passwd", "pwd", "sslpassword", "odbc_connect", "access_token"})
LOGIN_PARAMETERS = ("UID", "User Id", "User", "PWD", "Password", "Authentication", "Trusted_Connection")


class HiddenBytes(bytes):
    """Bytes that a traceback does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"b'{HIDDEN}'"


def without_secrets(url: URL) -> URL:
    """Return a URL whose query has no secret; SQLAlchemy hides only the password before the host."""
    hidden = {name: HIDDEN for name in url.query if name.lower() in SECRET_PARAMETERS}
    return url.update_query_dict(hidden) if hidden else url


def connect_with(engine: Engine, url: URL) -> None:
    """Let an engine that shows a URL without its secrets connect with the whole one."""

    def complete(dialect: Any, _: object, positional: list[Any], named: dict[str, Any]) -> None:
        arguments, options = dialect.create_connect_args(url)
        positional[:] = arguments
        named.update(options)

    event.listen(engine, "do_connect", complete)


def supply_token(engine: Engine, url: URL, provider: Callable[[], str]) -> None:
    """Give each new connection a token.

    Raises:
        InvalidSetting: if the URL has a login of its own, or the database takes no tokens.
    """
    give = _GIVE.get(engine.dialect.name)
    if give is None:
        raise InvalidSetting(f"A token provider is of no use for {engine.dialect.name}.", hint="Leave it out.")
    _refuse_login(url)

    def supply(_: object, __: object, positional: list[Any], named: dict[str, Any]) -> None:
        give(_asked(provider), positional, named)

    event.listen(engine, "do_connect", supply)


def _refuse_login(url: URL) -> None:
    if url.password is not None or any(in_query(url, name) for name in ("password", "passwd")):
        raise InvalidSetting(
            "The database URL has a password, and there is a token provider too.", hint="Leave one of them out."
        )
    if url.get_backend_name() == "mssql" and (url.username or any(in_query(url, name) for name in LOGIN_PARAMETERS)):
        raise InvalidSetting(
            "The database URL names a user or a way to authenticate, and there is a token provider too.",
            hint="The token says who connects: leave user, Authentication and Trusted_Connection out of the URL.",
        )


def _asked(provider: Callable[[], str]) -> str:
    try:
        token = provider()
    except Exception as error:
        raise AuthenticationFailed(
            f"The token provider failed with {type(error).__name__}.", hint="See the error that caused this one."
        ) from error
    if not isinstance(cast("object", token), str) or not token:
        raise AuthenticationFailed(
            "The token provider returned no token.", hint="Let it return the token itself, as a str that is not empty."
        )
    return token


def _give_to_sql_server(token: str, positional: list[Any], named: dict[str, Any]) -> None:
    """Set the driver's attribute; the `Trusted_Connection` that SQLAlchemy adds must not stand beside it."""
    positional[0] = str(positional[0]).replace(";Trusted_Connection=Yes", "")
    named["attrs_before"] = {SQL_COPT_SS_ACCESS_TOKEN: packed(token)}


def _give_to_postgresql(token: str, _: list[Any], named: dict[str, Any]) -> None:
    named["password"] = token


_GIVE: dict[str, Callable[[str, list[Any], dict[str, Any]], None]] = {
    "mssql": _give_to_sql_server,
    "postgresql": _give_to_postgresql,
}


def packed(token: str) -> HiddenBytes:
    """Return a token as the driver's ACCESSTOKEN: its length in bytes, then UTF-16 with the low byte first."""
    text = token.encode("utf-16-le")
    return HiddenBytes(struct.pack("<I", len(text)) + text)
