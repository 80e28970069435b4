"""SQL Server through SQLAlchemy: logging in, and what is missing on the way to its driver."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, cast

from corelib.testing.servers.model import UnusableError

_LOGIN_SECONDS = 5
_DRIVER = re.compile(r"ODBC Driver (\d+) for SQL Server")


class _Odbc(Protocol):
    """What is used of pyodbc; only SQLAlchemy imports it, since it loads a system library."""

    def drivers(self) -> list[str]: ...


def newest_driver() -> str:
    """Return the name of the newest of Microsoft's ODBC drivers on this machine.

    Raises:
        UnusableError: a package, the system library libodbc or the driver is missing.
    """
    try:
        from sqlalchemy import create_engine  # noqa: PLC0415 - optional

        engine = create_engine("mssql+pyodbc://")
    except ImportError as error:
        raise UnusableError(what_is_missing(error)) from error
    return newest_of(cast("_Odbc", engine.dialect.dbapi).drivers())


def newest_of(drivers: Sequence[str]) -> str:
    """Return the newest of Microsoft's drivers among the installed ones.

    Raises:
        UnusableError: there is none.
    """
    versions = [(int(found[1]), name) for name in drivers if (found := _DRIVER.fullmatch(name))]
    if not versions:
        raise UnusableError("the Microsoft ODBC Driver 18 for SQL Server is not installed (package msodbcsql18)")
    return max(versions)[1]


def engine_of(url: str) -> str:
    """Log in and return product and version.

    Raises:
        UnusableError: it did not answer or refused the login, or something is missing on this side.
    """
    try:
        from sqlalchemy import NullPool, create_engine, make_url  # noqa: PLC0415 - optional
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError  # noqa: PLC0415
    except ImportError as error:
        raise UnusableError(what_is_missing(error)) from error
    try:
        driven = make_url(f"mssql+pyodbc{url[len('mssql') :]}" if url.startswith("mssql:") else url)
        engine = create_engine(driven, poolclass=NullPool, connect_args={"timeout": _LOGIN_SECONDS})
        with engine.connect() as connection:
            version: object = connection.exec_driver_sql(
                "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128))"
            ).scalar_one()
    except ImportError as error:
        raise UnusableError(what_is_missing(error)) from error
    except DBAPIError as error:
        answer = error.orig.args[-1] if error.orig is not None and error.orig.args else error.orig
        raise UnusableError(what_was_refused(str(answer))) from error
    except (SQLAlchemyError, ValueError) as error:  # SQLAlchemy passes on what int() says of a port
        raise UnusableError(str(error).partition("\n")[0]) from error
    return f"SQL Server {version}"


def what_is_missing(error: ImportError) -> str:
    """Return in words what an import failed for."""
    if "libodbc" in str(error):
        return "the system library libodbc is not installed (package unixodbc)"
    if error.name == "sqlalchemy":
        return "SQLAlchemy is not installed, run: pip install 'corelib[mssql]'"
    if error.name == "pyodbc":
        return "pyodbc is not installed, run: pip install 'corelib[mssql]'"
    return " ".join(str(error).split())


def what_was_refused(message: str) -> str:
    """Return in words what the ODBC layer answered."""
    if "Can't open lib" in message or "IM002" in message:
        return "the ODBC driver that the URL names is not installed (package msodbcsql18)"
    return " ".join(message.split())
