"""`corelib db`: the tables of a host and their migrations."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from corelib.application.settings import Settings
from corelib.bootstrap import bootstrap, schema_of
from corelib.cli import options as shared
from corelib.errors import InvalidSetting

if TYPE_CHECKING:
    from corelib.adapters.sqlalchemy.migrations.commands import Migrations, OfflineMigrations

DIFFERENT = 1
_ALL = "default: all, corelib first"
_HOST = "default: the host's"

Run = Callable[[argparse.Namespace], int]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `db` and its actions."""
    group = commands.add_parser("db", help="make, change and check the tables of a host")
    actions = group.add_subparsers(title="actions", required=True, metavar="ACTION")

    def add(name: str, run: Run, text: str, component: str = "") -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=text)
        shared.add_app(parser)
        if component:
            shared.add_component(parser, component)
        parser.set_defaults(run=run)
        return parser

    add("create", _create, "make the tables that do not exist, and upgrade the others; existing data stays")
    upgrade = add("upgrade", _upgrade, "run the migrations up to a revision", f"{_ALL}, for head; else the host's")
    upgrade.add_argument("revision", nargs="?", default="head", metavar="REV", help="or +1, ...; default: head")
    downgrade = add("downgrade", _downgrade, "undo migrations down to a revision", _HOST)
    downgrade.add_argument("revision", metavar="REV", help="or -1, ..., or base: no tables at all")
    add("current", _current, "show the revision of the tables", _ALL)
    add("history", _history, "list the migrations, newest first", _ALL)
    add("check", _check, "say whether the tables are those that this version and its models need", _ALL)
    revision = add("revision", _revision, "write a new migration", _HOST)
    revision.add_argument("-m", "--message", required=True, metavar="TEXT", help="what it does, a short phrase")
    revision.add_argument("--autogenerate", action="store_true", help="fill it with what the database lacks")
    script = add("sql", _sql, "print the migrations as a script; needs no database", f"{_ALL}, without --from and --to")
    script.add_argument("--dialect", metavar="NAME", help="sqlite, postgresql or mssql; default: that of the URL")
    script.add_argument("--from", dest="start", default="base", metavar="REV", help="default: base")
    script.add_argument("--to", dest="target", default="head", metavar="REV", help="default: head")


def _create(options: argparse.Namespace) -> int:
    with _migrations(options) as migrations:
        _tell(migrations.upgrade())
    print("The tables are there.")
    return 0


def _upgrade(options: argparse.Namespace) -> int:
    with _migrations(options) as migrations:
        _tell(migrations.upgrade(options.revision, component=options.component), nothing="There is nothing to upgrade.")
    return 0


def _downgrade(options: argparse.Namespace) -> int:
    with _migrations(options) as migrations:
        done = migrations.downgrade(options.revision, component=options.component)
        _tell(done, nothing="There is nothing to undo.")
    return 0


def _current(options: argparse.Namespace) -> int:
    with _migrations(options) as migrations:
        for each in migrations.current(component=options.component):
            newest = " (head)" if each.found == each.newest else f" (head is {each.newest})"
            print(f"{each.component}: {each.found or 'no tables'}{newest}")
    return 0


def _history(options: argparse.Namespace) -> int:
    for component in schema_of(shared.load_app(options.app)).chosen(options.component):
        if component.migrations is None:
            print(f"{component.name}: no migrations")
            continue
        for revision in reversed(component.read_revisions().ordered):
            print(f"{component.name}: {', '.join(revision.after) or 'base'} -> {revision}")
    return 0


def _check(options: argparse.Namespace) -> int:
    with _migrations(options) as migrations:
        differences = migrations.differences(component=options.component)
    for difference in differences:
        print(difference)
    if differences:
        print("The models differ from the migrations; write one: corelib db revision --autogenerate -m TEXT")
        return DIFFERENT
    print("The tables are those that this version needs.")
    return 0


def _revision(options: argparse.Namespace) -> int:
    if options.autogenerate:
        with _migrations(options) as migrations:
            file = migrations.write(options.message, component=options.component)
    else:
        file = _offline(options).write(options.message, component=options.component)
    if file is None:
        print("The tables are like the models: there is nothing to write.")
    else:
        print(f"Wrote {file}. Read it before you run it.")
    return 0


def _sql(options: argparse.Namespace) -> int:
    engine = options.dialect or options.database_url or os.environ.get(shared.DATABASE_VARIABLE)
    if not engine:
        raise InvalidSetting("No engine is named.", hint="Pass --dialect, or the URL of a database.")
    start, target = options.start, options.target
    print(_offline(options).script(engine, start=start, target=target, component=options.component), end="")
    return 0


def _offline(options: argparse.Namespace) -> OfflineMigrations:
    """Return what can be done without a database."""
    schema = schema_of(shared.load_app(options.app))
    from corelib.adapters.sqlalchemy.migrations import offline  # noqa: PLC0415 - an extra

    return offline(schema)


def _tell(done: Sequence[object], *, nothing: str = "") -> None:
    for step in done:
        print(step)
    if nothing and not done:
        print(nothing)


@contextmanager
def _migrations(options: argparse.Namespace) -> Iterator[Migrations]:
    """Give the block the migrations of the database that the options name."""
    url = shared.url_of(options.database_url, shared.DATABASE_VARIABLE, "database")
    settings = Settings(database_url=url, encryption_keys=shared.encryption_keys())
    with bootstrap(shared.load_app(options.app), settings, log=shared.logger()) as host:
        migrations = getattr(host.storage, "migrations", None)
        if migrations is None:
            raise InvalidSetting("There are no tables in memory.", hint="Name a database by its URL.")
        yield migrations
