"""The worlds over real stores, emptied cheaply between sequences."""

from __future__ import annotations

import sqlalchemy as sa
from tests.support.stateful.names import UNITS
from tests.support.stateful.worlds import World

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.adapters.sqlalchemy import SqlStorage, tables
from corelib.testing.contracts.sample_tables import schema
from corelib.testing.contracts.samples import constraints

IMPATIENT = {"options": "-c lock_timeout=3000 -c synchronous_commit=off"}
"""For PostgreSQL: a sequence whose units wait for one another fails instead of hanging, and commits cost little."""


def in_memory() -> World:
    """Return a world of fakes."""
    return World("memory", lambda: MemoryStorage(ManualClock(), constraints=constraints), len(UNITS))


def on_database(name: str, storage: SqlStorage, *, units: int) -> World:
    """Return the world of a database with the sample tables, which nobody else uses meanwhile."""
    names = [table.name for each in (schema.metadata, tables.metadata) for table in reversed(each.sorted_tables)]
    deletions = [f"DELETE FROM {name}" for name in names]  # names of ours
    script = deletions if storage.engine.dialect.name == "sqlite" else ["; ".join(deletions)]

    def emptied() -> SqlStorage:
        with storage.engine.begin() as connection:
            for statement in script:
                connection.exec_driver_sql(statement)
        return storage

    return World(name, emptied, units)


def impatient(server_url: str) -> str:
    """Return the URL of a PostgreSQL server with what tests in one thread want of it."""
    return sa.make_url(server_url).update_query_dict(IMPATIENT).render_as_string(hide_password=False)
