"""The settings of the plugin: `corelib_...` in the project's file, `--db-...` on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar

import pytest
from attrs import field, frozen

from corelib.testing.database.model import Identity
from corelib.testing.database.settings import DEFAULT_PREFIX, Keep, ResetBy
from corelib.testing.servers.urls import without_password

FIXTURE = "fixture"
"""The value of `corelib_migrations` by which a project says that its own fixture `db_schema_source` has them."""

E = TypeVar("E", bound=Enum)


class Guarding(Enum):
    """Which tests may not connect to brokers and to hosts outside."""

    DB = "db"
    ALL = "all"
    OFF = "off"


@frozen(kw_only=True)
class PluginSettings:
    """What a project and its command line ask for.

    Args:
        migrations: where the tables come from; empty if only an app is named.
        seed: where the reference data comes from, if not from the migrations.
        app: `package.module:name` of the host's `App`.
        prefix: of the names of all databases.
        hosts: of database servers that are for tests although they do not look like it.
        options: of test databases, by name, as the host has them in production.
        identity: what a reset does with counters of keys, by default they go on counting.
        reset_by: how resets bring a database back, by default they delete rows.
        guard: which tests may not connect to the outside.
        url: of the server; None to look for one.
        rebuild: make the template anew.
        keep: which databases live on.
        report: print figures at the end.
        root: the folder to which paths are relative.
    """

    migrations: str
    app: str = ""
    seed: str = ""
    prefix: str = DEFAULT_PREFIX
    hosts: tuple[str, ...] = ()
    options: Mapping[str, str] = field(factory=dict)
    identity: Identity = Identity.KEEP
    reset_by: ResetBy = ResetBy.DELETE
    guard: Guarding = Guarding.DB
    url: str | None = field(default=None, repr=lambda url: repr(url and without_password(url)))
    rebuild: bool = False
    keep: Keep = Keep.NEVER
    report: bool = False
    root: Path = field(factory=Path.cwd)


def add_options(parser: pytest.Parser) -> None:
    """Declare all of them."""
    ini = {
        "corelib_migrations": "where the tables come from: alembic.ini, package.tables:schema, a folder of .sql files, "
        "or 'fixture' for the project's own fixture db_schema_source. Turns the database fixtures on",
        "corelib_seed": "where reference data comes from beside migrations: package.module:function",
        "corelib_app": "the host application for the fixtures app and uow, as package.app:app. Turns the fixtures on",
        "corelib_db_prefix": f"how the names of test databases begin (default: {DEFAULT_PREFIX})",
        "corelib_db_identity": "what a reset does with counters of keys: keep, reseed or spread (default: keep)",
        "corelib_db_reset": "how a reset brings a database back: delete, or on SQL Server snapshot (default: delete)",
        "corelib_network_guard": "which tests may not connect to brokers and outside hosts: db, all, off (default: db)",
    }
    for name, text in ini.items():
        parser.addini(name, text, type="string", default="")
    parser.addini("corelib_db_hosts", "hosts of database servers that are for tests", type="args", default=[])
    parser.addini(
        "corelib_db_options",
        "options of test databases as production has them, one a line: read_committed_snapshot=on (SQL Server), "
        "timezone=UTC (PostgreSQL)",
        type="linelist",
        default=[],
    )
    group = parser.getgroup("corelib", "corelib: databases for tests")
    group.addoption("--db-url", metavar="URL", help="the database server, instead of looking for one")
    group.addoption("--db-rebuild", action="store_true", help="make the migrated template anew")
    group.addoption(
        "--db-keep",
        choices=[each.value for each in Keep],
        default=Keep.NEVER.value,
        help="keep databases: of failed tests, or the worker's at the end as well (default: never)",
    )
    group.addoption("--db-report", action="store_true", help="print figures of templates, clones and resets at the end")
    group.addoption(
        "--db-allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="take this database server for one of tests",
    )


def settings_of(config: pytest.Config) -> PluginSettings | None:
    """Return what is asked for; None for a project that names neither migrations nor an app.

    Raises:
        pytest.UsageError: if a setting has a value that it cannot have.
    """
    migrations, app = _text(config, "corelib_migrations"), _text(config, "corelib_app")
    if not migrations and not app:
        return None
    return PluginSettings(
        migrations=migrations,
        app=app,
        seed=_text(config, "corelib_seed"),
        prefix=_text(config, "corelib_db_prefix") or DEFAULT_PREFIX,
        hosts=(*config.getini("corelib_db_hosts"), *config.getoption("--db-allow-host")),
        options=_options(config),
        identity=_choice(Identity, config, "corelib_db_identity", Identity.KEEP),
        reset_by=_choice(ResetBy, config, "corelib_db_reset", ResetBy.DELETE),
        guard=_choice(Guarding, config, "corelib_network_guard", Guarding.DB),
        url=config.getoption("--db-url"),
        rebuild=config.getoption("--db-rebuild"),
        keep=Keep(config.getoption("--db-keep")),
        report=config.getoption("--db-report"),
        root=config.rootpath,
    )


def _text(config: pytest.Config, name: str) -> str:
    return str(config.getini(name)).strip()


def _options(config: pytest.Config) -> Mapping[str, str]:
    options: dict[str, str] = {}
    for line in config.getini("corelib_db_options"):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not (name and sign) or name in options:
            raise pytest.UsageError(
                f"corelib_db_options has the line {line!r}. Write each option once, as read_committed_snapshot=on."
            )
        options[name] = value
    return options


def _choice(kind: type[E], config: pytest.Config, name: str, default: E) -> E:
    value = _text(config, name)
    try:
        return kind(value) if value else default
    except ValueError:
        known = ", ".join(str(each.value) for each in kind)
        raise pytest.UsageError(f"{name} is {value!r}. Use one of: {known}.") from None
