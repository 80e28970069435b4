"""SQLAlchemy Core by hand, the limit: statements built once, executemany, rows straight into the same aggregates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from _persistence import tables
from _persistence.domain import Line, Order, OrderData, Product, ProductData, order_of

order, line = tables.order.c, tables.line.c
_id = sa.bindparam("one", type_=sa.Uuid())
_status = sa.bindparam("wanted", type_=sa.Unicode())

ORDERS = sa.select(
    order.id, order.version, order.customer, order.status, order.placed_at, order.note, order.total
).select_from(tables.order)
LINES = sa.select(line.order_id, line.sku, line.quantity, line.price).order_by(line.order_id, line.position)

ORDER = ORDERS.where(order.id == _id)
LINES_OF_ORDER = sa.select(line.sku, line.quantity, line.price).where(line.order_id == _id).order_by(line.position)
SAVE = (
    sa.update(tables.order)
    .where(order.id == _id, order.version == sa.bindparam("loaded"))
    .values(status=sa.bindparam("status"), version=sa.bindparam("version"))
)
OF_STATUS = ORDERS.where(order.status == _status).order_by(order.id)
LINES_OF_STATUS = LINES.join(tables.order, order.id == line.order_id).where(order.status == _status)
PAGE = (
    ORDERS.where(order.status == _status)
    .order_by(order.placed_at, order.id)
    .limit(sa.bindparam("size"))
    .offset(sa.bindparam("start"))
)
LINES_OF_PAGE = LINES.where(line.order_id.in_(sa.bindparam("ids", expanding=True)))
COUNT = sa.select(sa.func.count()).select_from(tables.order).where(order.status == _status)
INSERT_ORDER, INSERT_LINES, INSERT_PRODUCTS = (sa.insert(each) for each in (tables.order, tables.line, tables.product))


class CoreContender:
    """Keeps the contract of `Contender`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def insert(self, data: OrderData) -> None:
        made = order_of(data)
        with self._engine.begin() as connection:
            connection.execute(INSERT_ORDER, row_of(made))
            connection.execute(INSERT_LINES, rows_of_lines(made))

    def get(self, identifier: UUID) -> Order:
        with self._engine.connect() as connection:
            return _load(connection, identifier)[0]

    def save(self, identifier: UUID, status: str) -> None:
        with self._engine.begin() as connection:
            found, version = _load(connection, identifier)
            found.status = status
            values = {"one": identifier, "loaded": version, "status": found.status, "version": version + 1}
            if connection.execute(SAVE, values).rowcount != 1:
                raise RuntimeError(f"The order {identifier} was changed by somebody else.")

    def insert_many(self, data: Sequence[ProductData]) -> None:
        products = [Product(*values) for values in data]
        rows = [
            {
                "id": each.id,
                "version": 1,
                "sku": each.sku,
                "name": each.name,
                "price": each.price,
                "stock": each.stock,
                "active": each.active,
            }
            for each in products
        ]
        with self._engine.begin() as connection:
            connection.execute(INSERT_PRODUCTS, rows)

    def list(self, status: str) -> Sequence[Order]:
        with self._engine.connect() as connection:
            rows = connection.execute(OF_STATUS, {"wanted": status}).all()
            return _orders(rows, connection.execute(LINES_OF_STATUS, {"wanted": status}).all())

    def page(self, status: str, number: int, size: int) -> tuple[Sequence[Order], int]:
        with self._engine.connect() as connection:
            which = {"wanted": status, "size": size, "start": (number - 1) * size}
            rows = connection.execute(PAGE, which).all()
            lines = connection.execute(LINES_OF_PAGE, {"ids": [row[0] for row in rows]}).all()
            return _orders(rows, lines), connection.execute(COUNT, {"wanted": status}).scalar_one()


def _load(connection: Connection, identifier: UUID) -> tuple[Order, int]:
    key = {"one": identifier}
    _, version, customer, status, placed_at, note, total = connection.execute(ORDER, key).one()
    lines = [Line(*row) for row in connection.execute(LINES_OF_ORDER, key).all()]
    return Order(identifier, customer, status, placed_at, note, total, lines), version


def _orders(rows: Iterable[Sequence[Any]], lines: Iterable[Sequence[Any]]) -> list[Order]:
    found: dict[UUID, Order] = {}
    for identifier, _, customer, status, placed_at, note, total in rows:
        found[identifier] = Order(identifier, customer, status, placed_at, note, total, [])
    for owner, sku, quantity, price in lines:
        found[owner].lines.append(Line(sku, quantity, price))
    return list(found.values())


def row_of(made: Order) -> dict[str, object]:
    return {
        "id": made.id,
        "version": 1,
        "customer": made.customer,
        "status": made.status,
        "placed_at": made.placed_at,
        "note": made.note,
        "total": made.total,
    }


def rows_of_lines(made: Order) -> list[dict[str, object]]:
    return [
        {"order_id": made.id, "position": place, "sku": each.sku, "quantity": each.quantity, "price": each.price}
        for place, each in enumerate(made.lines)
    ]
