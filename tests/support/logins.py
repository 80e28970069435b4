"""Logins of a server by which the sessions of some processes are told from all others."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Engine
from tests.support.roles import role

from corelib.adapters.sqlalchemy import create_engine

_OF_A_LOGIN = "SELECT count(*) FROM pg_stat_activity WHERE usename = :login"
_OF_PROCESSES = (
    "SELECT count(*) FROM sys.dm_exec_sessions WHERE host_name = HOST_NAME() AND host_process_id IN :processes"
)
"""SQL Server knows the processes of its clients (Microsoft: "sys.dm_exec_sessions (Transact-SQL)")."""


@frozen
class Login:
    """A login that only some processes have; on SQL Server it is the tests' own.

    Args:
        url: of the server with this login.
        server: asks the server with the tests' own login.
    """

    url: str
    server: Engine

    def sessions(self, processes: Collection[int]) -> int:
        """Return how many sessions of these processes the server has; with them go their locks."""
        with self.server.connect() as connection:
            if self.server.dialect.name == "postgresql":
                login = sa.make_url(self.url).username
                return int(connection.execute(sa.text(_OF_A_LOGIN), {"login": login}).scalar_one())
            query = sa.text(_OF_PROCESSES).bindparams(sa.bindparam("processes", expanding=True))
            return int(connection.execute(query, {"processes": list(processes)}).scalar_one())


@contextmanager
def login_of_its_own(server_url: str) -> Iterator[Login]:
    """Give a login to the block that may do all; on PostgreSQL it must own nothing at the end."""
    engine = create_engine(server_url)
    try:
        if engine.dialect.name == "postgresql":
            with role(server_url, "SUPERUSER") as url:
                yield Login(url, engine)
        else:
            yield Login(server_url, engine)
    finally:
        engine.dispose()
