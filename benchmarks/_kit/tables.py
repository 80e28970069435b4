"""Sixty related tables, as a host's migrations would leave them."""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import create_engine

COUNT = 60
WITH_REFERENCE_DATA = 2
"""The first tables hold rows of the template, as lists of countries do."""

metadata = sa.MetaData()


def _table(number: int) -> sa.Table:
    """Return a table that refers to one before it; every seventh also to itself, and two to one another."""
    columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Unicode(40), nullable=False)]
    if number:
        columns.append(sa.Column("parent_id", sa.Integer, sa.ForeignKey(f"bench_{number // 2}.id"), index=True))
    if number and number % 7 == 0:
        columns.append(sa.Column("before_id", sa.Integer, sa.ForeignKey(f"bench_{number}.id")))
    if number == COUNT - 2:
        later = sa.ForeignKey(f"bench_{COUNT - 1}.id", name="bench_circle", use_alter=True)
        columns.append(sa.Column("next_id", sa.Integer, later))
    if number == COUNT - 1:
        columns.append(sa.Column("last_id", sa.Integer, sa.ForeignKey(f"bench_{COUNT - 2}.id")))
    return sa.Table(f"bench_{number}", metadata, *columns)


tables = [_table(number) for number in range(COUNT)]
DIRTY = [tables[number] for number in (10, 20, 21, 42, 43)]
"""Five that a test writes to: a parent, its children, and theirs."""


def make_dirty(connection: Connection) -> None:
    """Write ten rows to each of the five."""
    for table in DIRTY:
        connection.execute(table.insert(), [{"text": f"row {number}"} for number in range(10)])


@frozen
class SixtyTables:
    """Keeps the contract of `SchemaSource`.

    Args:
        salt: makes another template of the same tables.
    """

    salt: str

    @property
    def label(self) -> str:
        return f"{COUNT} related tables"

    def fingerprint(self) -> str:
        return sha256(self.salt.encode()).hexdigest()

    def build(self, url: str) -> None:
        engine = create_engine(url)
        with engine.begin() as connection:
            metadata.create_all(connection)
            for table in tables[:WITH_REFERENCE_DATA]:
                connection.execute(table.insert(), [{"text": f"country {number}"} for number in range(200)])
        engine.dispose()
