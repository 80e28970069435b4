"""Where a server is, as its URL says."""

from __future__ import annotations

from typing import Final

from sqlalchemy.engine import URL, Engine

from corelib.adapters.sqlalchemy import EngineSettings, create_engine
from corelib.adapters.sqlalchemy.engine_settings import in_query, parsed
from corelib.errors import InvalidSetting

APPLICATION: Final = "corelib test kit"
_ELSEWHERE = ("DSN", "Server", "Address", "Addr", "Database", "AttachDBFilename")


class Address:
    """Makes URLs and engines for the databases of one server.

    Args:
        url: of any database of it. Host and database have to stand in the URL's own places: whose server it is decides
            what may be dropped there.

    Raises:
        InvalidSetting: if the text is no such URL.
    """

    def __init__(self, url: str) -> None:
        self._url = _checked(parsed(url))

    @property
    def host(self) -> str:
        """Return the host of the URL."""
        return self._url.host or ""

    def url_of(self, database: str) -> str:
        """Return the URL of a database, with its password."""
        return self._url.set(database=database).render_as_string(hide_password=False)

    def engine_of(self, database: str) -> Engine:
        """Return a new engine for a database; its sessions have the name of the kit."""
        return create_engine(EngineSettings(url=self.url_of(database), application_name=APPLICATION))


def _checked(url: URL) -> URL:
    if url.get_backend_name() != "mssql":
        raise InvalidSetting(f"A URL of SQL Server was wanted, not one of {url.get_backend_name()}.")
    hidden = [name for name in _ELSEWHERE if in_query(url, name)]
    if "odbc_connect" in url.query or hidden or not url.host:
        raise InvalidSetting(
            "The URL of the test server does not show which host and which database it means.",
            hint="Write them as mssql://user:password@host:1433/master, and not as a DSN or an ODBC connection string.",
        )
    return url
