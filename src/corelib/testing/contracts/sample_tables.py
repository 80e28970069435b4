"""Tables for the samples, for adapters over SQLAlchemy."""

from __future__ import annotations

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import ExactDecimal, Parts, SqlSchema, UtcDateTime, mapped
from corelib.testing.contracts.samples import LONGEST_CITY, Depot, Item, Parcel

metadata: sa.MetaData = sa.MetaData()


def _price() -> tuple[sa.Column[object], sa.Column[str]]:
    return (
        sa.Column("price_amount", ExactDecimal(18, 4), nullable=False),
        sa.Column("price_currency", sa.Unicode(3), nullable=False),
    )


depot: sa.Table = sa.Table(
    "sample_depot",
    metadata,
    sa.Column("id", sa.Unicode(100), primary_key=True),
    sa.Column("city", sa.Unicode(LONGEST_CITY), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
parcel: sa.Table = sa.Table(
    "sample_parcel",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("label", sa.Unicode(100), nullable=False, unique=True),
    *_price(),
    sa.Column("status", sa.Unicode(16), nullable=False),
    sa.Column("packed_at", UtcDateTime, nullable=False),
    sa.Column("note", sa.Unicode(200)),
    sa.Column("depot_id", sa.Unicode(100), sa.ForeignKey("sample_depot.id")),
    sa.Column("version", sa.Integer, nullable=False),
)
item: sa.Table = sa.Table(
    "sample_item",
    metadata,
    sa.Column("parcel_id", sa.Uuid, sa.ForeignKey("sample_parcel.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code", sa.Unicode(100), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    *_price(),
    sa.Column("weight", ExactDecimal(18, 4)),
)

schema: SqlSchema = SqlSchema(
    name="sample",
    metadata=metadata,
    mappings=[
        mapped(Depot, depot),
        mapped(Parcel, parcel, parts={"items": Parts(Item, item, owner="parcel_id")}),
    ],
)
