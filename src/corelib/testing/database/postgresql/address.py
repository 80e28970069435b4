"""Where a PostgreSQL URL leads: its host, and the same server's other databases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.engine import URL

_OF_A_SOCKET = ("/", "@")
"""How libpq's hosts begin that are no hosts: the folder of a socket, and the name of an abstract one."""


def host_of(url: URL, defaults: Mapping[str, str]) -> str:
    """Return where a URL leads, the empty string for a socket, several hosts with commas between.

    What stands in the query counts more than what stands before the path, as for libpq, and an address more than a
    name (PostgreSQL: "Parameter Key Words"). A URL that names a service leads where a file says: the service is
    returned, as `service=NAME`.

    Args:
        url: as it was given.
        defaults: what libpq takes for parameters that the URL leaves out, as from `PGHOST`.
    """
    if "service" in url.query:
        return f"service={_text(url.query['service'])}"
    for parameter in ("hostaddr", "host"):
        if parameter in url.query:
            return _without_sockets(_text(url.query[parameter]))
    return _without_sockets(url.host or defaults.get("hostaddr") or defaults.get("host") or "")


def in_database(url: URL, name: str) -> URL:
    """Return the URL of another database of the same server."""
    return url.difference_update_query(["dbname"]).set(database=name)


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _without_sockets(hosts: str) -> str:
    return ",".join(_hosts(hosts.split(",")))


def _hosts(parts: Iterable[str]) -> Iterable[str]:
    """Return the hosts without their ports, each once; SQLAlchemy's list has `host:port`, libpq's has no ports."""
    named = (part for part in parts if part and not part.startswith(_OF_A_SOCKET))
    return dict.fromkeys(part.rpartition(":")[0] if part.count(":") == 1 else part for part in named)
