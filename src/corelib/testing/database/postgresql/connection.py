"""The one connection of a cleaner."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from corelib.adapters.sqlalchemy.failures import close_quietly

_SETTINGS = {
    "synchronous_commit": "off",
    "row_security": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "statement_timeout": "0",
    "idle_session_timeout": "0",
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "search_path": "pg_catalog",
}
"""What the database or the role may have set otherwise. Rows that a policy hides are an error then, not overlooked."""

_NOT_ALLOWED = "42501"
"""SQLSTATE `insufficient_privilege` (PostgreSQL: "PostgreSQL Error Codes")."""


def connect(engine: Engine, lock_timeout: timedelta) -> Connection:
    """Open a connection on which every statement is a transaction of its own."""
    settings = {**_SETTINGS, "lock_timeout": str(round(lock_timeout.total_seconds() * 1000))}
    for_the_session = [sa.func.set_config(name, value, False) for name, value in settings.items()]  # noqa: FBT003
    connection = engine.connect()
    try:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.select(*for_the_session))
    except BaseException:
        close_quietly(connection)
        raise
    return connection


def count_as_replica(connection: Connection) -> bool:
    """Let neither ordinary triggers nor checks of foreign keys fire in this session; return whether that is allowed.

    It is to superusers, and to roles that were granted it (PostgreSQL: "session_replication_role").
    """
    try:
        connection.exec_driver_sql("SET session_replication_role = replica")
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
            raise
        return False
    return True
