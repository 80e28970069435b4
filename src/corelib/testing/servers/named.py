"""Servers that the environment names: they come first, and one that is named has to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from corelib.errors import InvalidSetting, ServerUnreachable
from corelib.testing.servers.model import Server, UnusableError
from corelib.testing.servers.urls import scheme_of, without_password, without_secrets

DATABASE_VARIABLE = "CORELIB_TEST_DATABASE_URL"
DATABASE_SCHEMES = ("mssql", "postgresql")


@dataclass(frozen=True, slots=True)
class NamedUrl:
    """A URL and the environment variable that holds it."""

    variable: str
    url: str


def named_database(environ: Mapping[str, str]) -> NamedUrl | None:
    """Return what `CORELIB_TEST_DATABASE_URL` names; it serves whichever engine its scheme belongs to.

    Raises:
        InvalidSetting: its scheme belongs to no engine that integration tests use.
    """
    return named_server(environ, DATABASE_VARIABLE, DATABASE_SCHEMES)


def named_server(environ: Mapping[str, str], variable: str, schemes: Sequence[str]) -> NamedUrl | None:
    """Return what an environment variable names, None when it is unset or empty.

    Raises:
        InvalidSetting: its scheme is none of `schemes`.
    """
    url = environ.get(variable, "").strip()
    if not url:
        return None
    if scheme_of(url) not in schemes:
        raise InvalidSetting(
            f"{variable} should hold a URL that starts with {' or '.join(schemes)}, "
            f"but its scheme is {scheme_of(url)!r}.",
            hint="Correct the variable or unset it.",
        )
    return NamedUrl(variable, url)


def found_by_name(named: NamedUrl, engine_of: Callable[[str], str]) -> Server:
    """Return the server that a variable names once it has answered.

    Args:
        named: the URL and its variable.
        engine_of: logs in and returns product and version; raises `UnusableError` when it cannot.

    Raises:
        ServerUnreachable: it did not answer. The message shows the URL without its password.
    """
    try:
        engine = engine_of(named.url)
    except UnusableError as error:
        raise ServerUnreachable(
            f"{named.variable} names {without_password(named.url)}, which cannot be used: "
            f"{without_secrets(str(error), named.url)}.",
            hint="Start that server, correct the variable or unset it.",
        ) from None  # the driver's own error, which may quote the URL, stays out of the traceback
    return Server(url=named.url, engine=engine, origin=f"named by {named.variable}")
