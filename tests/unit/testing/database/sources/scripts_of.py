"""Functions that fill tables, for tests of sources."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import SqlSchema

NOT_A_FUNCTION = 1

_metadata: sa.MetaData = sa.MetaData()
_orders = sa.Table(
    "orders", _metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Unicode(20), index=True)
)
schema: SqlSchema = SqlSchema("orders", _metadata, [])


def fill(connection: Connection) -> None:
    connection.execute(sa.text("INSERT INTO orders (id) VALUES (1)"))


def fail(connection: Connection) -> None:
    fill(connection)
    raise RuntimeError("no rows today")
