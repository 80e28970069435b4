"""Where tests may run at all: never on a server that somebody else may need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import PurePath
from typing import NoReturn
from urllib.parse import unquote_plus

from attrs import frozen
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from corelib.errors import InvalidSetting
from corelib.testing.database.errors import NotAllowed

_PRODUCTION = frozenset({"prod", "production", "prd", "live"})
_HOW_TO_ALLOW = (
    "If it is there for tests only, allow it: corelib_db_hosts = {host} in the pytest section of pyproject.toml, or "
    "--db-allow-host={host}."
)

_CLOUDS = (
    ".database.windows.net",
    ".database.azure.com",
    ".database.usgovcloudapi.net",
    ".database.chinacloudapi.cn",
    ".database.fabric.microsoft.com",
    ".rds.amazonaws.com",
    ".rds.amazonaws.com.cn",
    ".db.ondigitalocean.com",
    ".aivencloud.com",
    ".neon.tech",
    ".supabase.co",
    ".supabase.com",
)
"""Where providers run databases for others. A pattern does not allow these: next to the one for tests is the other."""

_SERVER_KEYS = frozenset({"server", "address", "addr", "network address", "data source", "host", "hostaddr", "dsn"})
_DATABASE_KEYS = frozenset({"database", "initial catalog", "dbname", "attachdbfilename"})
_USER_KEYS = frozenset({"uid", "user", "user id", "username"})
_INDIRECT_KEYS = frozenset({"service", "servicefile", "filedsn", "failover_partner"})
_ODBC_PAIR = re.compile(r"\s*([^=;]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)\s*(?:;|$)")


@frozen
class _Target:
    """All that a URL, and the environment where it counts, say about where a connection goes."""

    hosts: Sequence[str]
    databases: Sequence[str]
    users: Sequence[str]
    indirect: Sequence[str] = ()


def check_host(url: str, allowed: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
    """Make sure that a server may be used for tests.

    This machine may: loopback addresses, sockets, files. Other hosts have to be allowed, by their exact name or by
    `*.example.test` for all below a domain; hosts of cloud providers by their exact name only. Where the host, the
    database or the user has one of the words prod, production, prd or live in its name, nothing allows it: behind
    `localhost` may be a tunnel.

    Args:
        url: of the server.
        allowed: the hosts that the project allows.
        environment: variables of the process: libpq takes from `PGHOST`, `PGHOSTADDR`, `PGSERVICE`, `PGDATABASE` and
            `PGUSER` what a URL leaves out (PostgreSQL: "libpq, Environment Variables").

    Raises:
        NotAllowed: if it may not; says what to do.
        InvalidSetting: if the text is no URL.
    """
    target = _target(url, environment or {})
    for indirect in target.indirect:
        _refuse(
            f"The URL leaves it to {indirect} which server it means.", "Name host and database in the URL, and no more."
        )
    for what, texts in (("host", target.hosts), ("database", target.databases), ("user", target.users)):
        for text in texts:
            _refuse_production(what, text)
    for host in target.hosts:
        if not (_is_here(host) or _is_allowed(host, allowed)):
            _refuse_host(host)


def _refuse_production(what: str, text: str) -> None:
    found = sorted(_words(text) & _PRODUCTION)
    if found:
        _refuse(
            f"The {what} {text!r} looks like production: it has the word {found[0]!r} in its name.",
            "Tests drop and empty databases. Name a server, a database and a user that are there for tests only.",
        )


def _refuse_host(host: str) -> NoReturn:
    cloud = next((suffix for suffix in _CLOUDS if host.endswith(suffix)), None)
    reason = "is not this machine, and is not allowed"
    if cloud is not None:
        reason = f"is a cloud provider's (*{cloud}), and is not allowed by its exact name"
    _refuse(f"The host {host!r} {reason}.", _HOW_TO_ALLOW.format(host=host))


def _refuse(message: str, hint: str) -> NoReturn:
    raise NotAllowed(f"The server is not one for the database test kit. {message}", hint=hint)


def _words(text: str) -> set[str]:
    """Return the words of a name: what stands between separators, digits and changes to a capital letter."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return set(re.split(r"[^a-z]+", apart.lower()))


def _is_here(host: str) -> bool:
    if host in {"", ".", "(local)", "(localdb)", "localhost"} or host.endswith(".localhost"):
        return True
    if host.startswith(("/", "@")):  # the folder of a socket, or an abstract one
        return not host.startswith("/cloudsql/")  # where Google's proxy has sockets of servers elsewhere
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _is_allowed(host: str, allowed: Sequence[str]) -> bool:
    names = [_bare(name) for name in allowed]
    if host in names:
        return True
    below = [name[1:] for name in names if re.fullmatch(r"\*(\.[^.*]+){2,}", name)]
    return not host.endswith(_CLOUDS) and any(host.endswith(domain) for domain in below)


def _bare(host: str) -> str:
    r"""Return a host as all its spellings have it: small, without protocol, port, instance and brackets.

    SQL Server takes `tcp:host,1433` and `host\instance` (Microsoft: "Connection string keywords and data source
    names", key Server).
    """
    if host.startswith(("/", "@")):
        return host
    bare = re.sub(r"^(tcp|np|lpc|admin):", "", host.strip().lower())
    bare = bare.removeprefix("\\\\").partition(",")[0].partition("\\")[0]
    bare = re.sub(r"^\[(.*)\](:\d+)?$", r"\1", bare)
    return (bare.partition(":")[0] if bare.count(":") == 1 else bare).rstrip(".") or bare[:1]


def _target(url: str, environment: Mapping[str, str]) -> _Target:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidSetting("The URL of the test server cannot be read.", hint="Is it written as a URL?") from error
    engine = parsed.get_backend_name()
    if engine == "sqlite":
        return _Target((), [PurePath(parsed.database or "").name], ())
    told = list(_told(parsed))
    if engine == "postgresql":
        told += _from_environment(told, environment)
    return _Target(
        [_bare(each) for text in _values(told, _SERVER_KEYS) for each in _several(engine, text)],
        list(_values(told, _DATABASE_KEYS)),
        list(_values(told, _USER_KEYS)),
        [key for key, value in told if key in _INDIRECT_KEYS and value],
    )


def _several(engine: str, text: str) -> Sequence[str]:
    """Return the hosts in a text: libpq takes several, which SQL Server's drivers write another way."""
    return text.split(",") if engine == "postgresql" else [text]


def _values(told: Sequence[tuple[str, str]], keys: frozenset[str]) -> Iterator[str]:
    return (value for key, value in told if key in keys and value)


def _told(url: URL) -> Iterator[tuple[str, str]]:
    """Give what a URL says, all spellings of it: drivers let some parts of a URL win over others."""
    yield from (("host", url.host or ""), ("database", url.database or ""), ("user", url.username or ""))
    for key, values in url.normalized_query.items():
        for value in values:
            if key.lower() == "odbc_connect":
                pairs = _ODBC_PAIR.findall(value) + _ODBC_PAIR.findall(unquote_plus(value))
                yield from ((found.lower(), text.removeprefix("{").removesuffix("}")) for found, text in pairs)
            else:
                yield key.lower(), value


def _from_environment(told: Sequence[tuple[str, str]], environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give what libpq takes from its environment, as far as the URL does not say it."""
    named = {key for key, value in told if value}
    variables = {"PGDATABASE": "dbname", "PGUSER": "user", "PGSERVICE": "service"}
    if not named & {"host", "hostaddr"}:
        variables |= {"PGHOST": "host", "PGHOSTADDR": "hostaddr"}
    for variable, key in variables.items():
        same = {"dbname": {"dbname", "database"}}.get(key, {key})
        if environment.get(variable) and not named & same:
            yield key, environment[variable]
