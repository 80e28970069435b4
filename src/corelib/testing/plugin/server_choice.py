"""Which database server the tests run on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corelib.errors import ConfigurationError, InvalidSetting
from corelib.testing.plugin.telling import missing_for_databases
from corelib.testing.servers.kinds import KINDS
from corelib.testing.servers.model import Kind, Missing, Server
from corelib.testing.servers.named import DATABASE_VARIABLE, NamedUrl, named_database
from corelib.testing.servers.requirements import VARIABLE as REQUIRE
from corelib.testing.servers.requirements import required_names
from corelib.testing.servers.urls import scheme_of

DATABASES = tuple(kind for kind in KINDS if kind.name in ("mssql", "postgresql"))
SQLITE_CAVEAT = "It is the embedded default: locks of rows and what servers do are not proven by this run."


class NoServer(ConfigurationError):
    """No database server was named, found or started."""


def choose_server(url: str | None, environ: Mapping[str, str], kinds: Sequence[Kind] = DATABASES) -> Server:
    """Return the server to use: the one of the command line, one that the environment names, one found or started.

    Args:
        url: of the command line.
        environ: the environment, where `CORELIB_TEST_DATABASE_URL` comes first, then the variables of the kinds.
        kinds: in the order in which they are looked for.

    Raises:
        InvalidSetting: if a URL belongs to no engine that the kit knows.
        ServerUnreachable: if one that the environment names does not answer.
        NoServer: if there is none, or none of a kind that `CORELIB_REQUIRE` names.
    """
    if url:
        return _from_command_line(url, kinds)
    tried: list[str] = []
    for kind in _in_order(environ, kinds):
        result = kind.find(environ)
        if isinstance(result, Missing):
            tried.append(f"{kind.title}: {result.reason}")
            continue
        return _required(kind, result, environ)
    remedies = "; or ".join(kind.remedy for kind in kinds)
    raise NoServer(f"There is no database server for tests. {'. '.join(tried)}.", hint=f"To have one, {remedies}.")


def named_url(url: str | None, environ: Mapping[str, str], kinds: Sequence[Kind] = DATABASES) -> NamedUrl | None:
    """Return what names a server, which is not asked; None if one has to be looked for."""
    if url:
        return NamedUrl("--db-url", url)
    for variable in (DATABASE_VARIABLE, *(kind.variable for kind in kinds)):
        if environ.get(variable, "").strip():
            return NamedUrl(variable, environ[variable].strip())
    return None


def check_allowed(named: NamedUrl, hosts: Sequence[str], environ: Mapping[str, str]) -> None:
    """Make sure that a server may be used, before anybody logs in there to see whether it answers.

    A URL of no engine that the kit knows is told so by `choose_server`.

    Raises:
        NotAllowed: if it does not look like one for tests; see `corelib.testing.database.planning.hosts.check_host`.
        MissingExtra: if SQLAlchemy is not installed, which reads the URL.
    """
    if scheme_of(named.url) not in {"sqlite", *(kind.name for kind in DATABASES)}:
        return
    try:
        from corelib.testing.database.planning.hosts import check_host  # noqa: PLC0415 - needs SQLAlchemy
    except ModuleNotFoundError as error:
        raise missing_for_databases("sqlalchemy") from error
    check_host(named.url, hosts, environ)


def unproven_on(url: str, kinds: Sequence[Kind] = DATABASES) -> str:
    """Return a sentence on what a run on this server does not prove; empty for the engine that comes first."""
    first = kinds[0]
    if scheme_of(url) == first.name:
        return ""
    return f"{first.title}: {first.unproven} are not proven by this run."


def _from_command_line(url: str, kinds: Sequence[Kind]) -> Server:
    titles = {"sqlite": "SQLite", **{kind.name: kind.title for kind in kinds}}
    scheme = scheme_of(url)
    if scheme not in titles:
        raise InvalidSetting(
            f"--db-url should start with {', '.join(sorted(titles))}, but its scheme is {scheme!r}.",
            hint="Write it as postgresql://user:password@host:5432/database.",
        )
    caveat = SQLITE_CAVEAT if scheme == "sqlite" else ""
    return Server(url=url, engine=titles[scheme], origin="named by --db-url", caveat=caveat)


def _in_order(environ: Mapping[str, str], kinds: Sequence[Kind]) -> Sequence[Kind]:
    """Return the kinds to ask: those that are named, before a machine is searched for others."""
    database = named_database(environ)
    if database is not None:
        return [kind for kind in kinds if kind.name == scheme_of(database.url)]
    named = [kind for kind in kinds if environ.get(kind.variable, "").strip()]
    return named[:1] or kinds


def _required(kind: Kind, server: Server, environ: Mapping[str, str]) -> Server:
    names = [each.name for each in KINDS]
    wanted = [each for each in DATABASES if each.name in required_names(environ, names)]
    if wanted and kind.name not in {each.name for each in wanted}:
        server.stop()
        titles = " or ".join(each.title for each in wanted)
        raise NoServer(
            f"{REQUIRE} asks for {titles}, but the database tests would run on {server.engine}.",
            hint="; or ".join(each.remedy for each in wanted),
        )
    return server
