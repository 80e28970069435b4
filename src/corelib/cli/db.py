"""`corelib db`: the tables of a host."""

from __future__ import annotations

import argparse

from corelib.application.host import Host
from corelib.application.settings import Settings
from corelib.bootstrap import bootstrap
from corelib.cli import options as shared


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `db create` and `db check`."""
    group = commands.add_parser("db", help="make or check the tables of a host")
    actions = group.add_subparsers(title="actions", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make the tables that do not exist; existing data stays")
    check = actions.add_parser("check", help="say whether the tables are those that this version needs")
    for parser, run in ((create, _create), (check, _check)):
        shared.add_app(parser)
        parser.set_defaults(run=run)


def _create(options: argparse.Namespace) -> int:
    with _host(options) as host:
        host.storage.create()
    print("The tables are there.")
    return 0


def _check(options: argparse.Namespace) -> int:
    with _host(options) as host:
        host.storage.check()
    print("The tables are those that this version needs.")
    return 0


def _host(options: argparse.Namespace) -> Host:
    url = shared.url_of(options.database_url, shared.DATABASE_VARIABLE, "database")
    return bootstrap(shared.load_app(options.app), Settings(database_url=url), log=shared.logger())
