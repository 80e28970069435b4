"""SQL Server: one that is named, else one at the compose file's port, else one started with Docker."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

from corelib.testing.servers import mssql_container, mssql_driver
from corelib.testing.servers.model import Missing, Server, UnusableError
from corelib.testing.servers.mssql_container import COMPOSE_FILE, PASSWORD_VARIABLE
from corelib.testing.servers.named import DATABASE_VARIABLE, NamedUrl, found_by_name, named_database, named_server
from corelib.testing.servers.urls import scheme_of, without_secrets

VARIABLE = "CORELIB_TEST_MSSQL_URL"
SCHEME = "mssql"
HOST = "localhost"
PORT = 1434

_CONNECT_SECONDS = 1


def listens(host: str, port: int) -> bool:
    """Return whether anything takes TCP connections there."""
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_SECONDS):
            return True
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Means:
    """How SQL Server is looked for on this machine.

    Args:
        engine_of: logs in to a URL and returns product and version; raises `UnusableError` when it cannot.
        driver: returns the ODBC driver to use; raises `UnusableError` when none can be loaded.
        listens: tells whether a host and port take connections.
        docker_answers: tells whether a Docker engine runs.
        start_container: starts the compose file's server with a password and returns what stops it.
    """

    engine_of: Callable[[str], str] = mssql_driver.engine_of
    driver: Callable[[], str] = mssql_driver.newest_driver
    listens: Callable[[str, int], bool] = listens
    docker_answers: Callable[[], bool] = mssql_container.docker_answers
    start_container: Callable[[str, Path], Callable[[], None]] = mssql_container.start_container


def find(environ: Mapping[str, str], *, directory: Path | None = None, means: Means | None = None) -> Server | Missing:
    """Return a SQL Server for tests.

    Args:
        environ: the environment to look for names and the password in.
        directory: where the compose file and the .env files are, by default the working directory.
        means: how it is looked for on this machine.

    Raises:
        InvalidSetting: a variable names something else than SQL Server.
        ServerUnreachable: a variable names a server that cannot be used.
    """
    means = means or Means()
    named = _named(environ)
    if named is not None:
        return found_by_name(named, means.engine_of)
    return _find_on_this_machine(environ, directory or Path.cwd(), means)


def sa_password(environ: Mapping[str, str], directory: Path) -> str | None:
    """Return the password of `sa`: from the environment, else from .env.test, else the example's."""
    if environ.get(PASSWORD_VARIABLE):
        return environ[PASSWORD_VARIABLE]
    for file in (directory / ".env.test", directory / ".env.test.example"):
        if file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                name, _, value = line.partition("=")
                if name.strip() == PASSWORD_VARIABLE and value.strip():
                    return value.strip().strip("'\"")
    return None


def local_url(password: str, driver: str) -> str:
    """Return the URL of the compose file's server; its certificate is its own, hence trusted unseen."""
    address = f"mssql+pyodbc://sa:{quote(password, safe='')}@{HOST}:{PORT}/master"
    return f"{address}?driver={quote_plus(driver)}&TrustServerCertificate=yes"


def _named(environ: Mapping[str, str]) -> NamedUrl | None:
    database = named_database(environ)
    if database is not None and scheme_of(database.url) == SCHEME:
        return database
    return named_server(environ, VARIABLE, [SCHEME])


def _find_on_this_machine(environ: Mapping[str, str], directory: Path, means: Means) -> Server | Missing:
    unnamed = f"none named by {DATABASE_VARIABLE}"
    try:
        driver = means.driver()
    except UnusableError as error:  # without it no server can be used, so none is started either
        return Missing(f"{unnamed}, and no other can be tried: {error}")
    password = sa_password(environ, directory)
    if password is None:
        return Missing(f"{unnamed}, and no password for {HOST}:{PORT} in {PASSWORD_VARIABLE}")
    url = local_url(password, driver)
    tried = [unnamed]
    if means.listens(HOST, PORT):
        try:
            return Server(url=url, engine=means.engine_of(url), origin=f"found at {HOST}:{PORT}")
        except UnusableError as error:
            tried.append(f"the one at {HOST}:{PORT} cannot be used ({without_secrets(str(error), url)})")
    else:
        tried.append(f"none at {HOST}:{PORT}")
    if not means.docker_answers():
        return Missing(", ".join([*tried, "no Docker engine"]))
    return _in_container(url, password, directory, means, tried)


def _in_container(url: str, password: str, directory: Path, means: Means, tried: list[str]) -> Server | Missing:
    try:
        stop = means.start_container(password, directory)
    except UnusableError as error:
        return Missing(", ".join([*tried, str(error)]))
    try:
        engine = means.engine_of(url)
    except BaseException as error:
        stop()
        if isinstance(error, UnusableError):
            return Missing(", ".join([*tried, f"the container cannot be used ({without_secrets(str(error), url)})"]))
        raise
    return Server(url=url, engine=engine, origin=f"started with {COMPOSE_FILE}", stop=stop)
