"""Clones by CREATE DATABASE ... TEMPLATE."""

from __future__ import annotations

from contextlib import suppress

from corelib.errors import CorelibError
from corelib.testing.database.model import ServerFacts
from corelib.testing.database.postgresql.server import PostgresqlServer
from corelib.testing.database.postgresql.statements import Strategy, create_clone, settle_clone


def strategy_for(facts: ServerFacts) -> Strategy:
    """Return the quicker way to copy a database.

    FILE_COPY makes the server write all that is dirty to the disk before and after, which costs next to nothing where
    nobody waits for the disk; WAL_LOG sends every block through the log instead. Medians in milliseconds for one clone
    alone / one of four made at once, on 2 cores with some other load:

    ==================================  ===========  ===========
    database                                WAL_LOG    FILE_COPY
    ==================================  ===========  ===========
    fsync on, version 15.20, on ext4
    empty, 7 MB                            52 / 253    557 / 786
    60 tables, 10 MB                     600 / 1176  1833 / 1389
    fsync off, version 18.6, on tmpfs
    empty, 7 MB                             37 / 80      26 / 35
    60 tables, 10 MB                       64 / 102      42 / 57
    one large table, 134 MB              540 / 1201    281 / 436
    ==================================  ===========  ===========

    With fsync off on ext4 both took the same, 20 to 480 for the 60 tables, by what else used that disk: they make some
    600 files. `file_copy_method = clone` of version 18 made little difference (31 / 61). It pays on file systems that
    share blocks and fails on some others, so the server's own setting stands.
    """
    return Strategy.FILE_COPY if facts.traits.get("fsync") == "off" else Strategy.WAL_LOG


class PostgresqlCloner:
    """Keeps the contract of `corelib.testing.database.ports.cloner.Cloner`.

    Args:
        server: which has the templates.
    """

    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server

    @property
    def label(self) -> str:
        """Return the command with the strategy that is used on this server, which is asked for it."""
        return f"CREATE DATABASE ... TEMPLATE ... STRATEGY {self._strategy.value}"

    def prepare(self, build: str, template: str) -> None:
        """Do nothing: the template itself is all that a clone is made from."""

    def is_prepared(self, template: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return that nothing is missing."""
        return True

    def clone(self, template: str, name: str) -> None:
        """Copy the database, then give the copy what a copy lacks, which also shows that it is whole."""
        self._server.make(create_clone(name, template, self._strategy))
        try:
            with self._server.connected() as connection:
                connection.exec_driver_sql(settle_clone(name, template))
        except BaseException:
            with suppress(CorelibError):
                self._server.drop(name)
            raise

    def discard(self, template: str) -> None:
        """Do nothing: nothing was prepared."""

    @property
    def _strategy(self) -> Strategy:
        return strategy_for(self._server.facts())
