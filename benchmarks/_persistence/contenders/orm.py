"""SQLAlchemy ORM by hand, in its best form: one more statement for lines, nothing expires, nothing is read back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

from _persistence.contenders.records import OrderRecord, order_record, product_record
from _persistence.domain import OrderData, ProductData

_OF_STATUS = OrderRecord.status == sa.bindparam("wanted")
OF_STATUS = sa.select(OrderRecord).where(_OF_STATUS).order_by(OrderRecord.id)
PAGE = (
    sa.select(OrderRecord)
    .where(_OF_STATUS)
    .order_by(OrderRecord.placed_at, OrderRecord.id)
    .limit(sa.bindparam("size"))
    .offset(sa.bindparam("start"))
)
COUNT = sa.select(sa.func.count()).select_from(OrderRecord).where(_OF_STATUS)


class OrmContender:
    """Keeps the contract of `Contender`."""

    def __init__(self, engine: Engine) -> None:
        self._session: sessionmaker[Session] = sessionmaker(engine, expire_on_commit=False)

    def insert(self, data: OrderData) -> None:
        with self._session() as session:
            session.add(order_record(data))
            session.commit()

    def get(self, identifier: UUID) -> OrderRecord:
        with self._session() as session:
            return session.get_one(OrderRecord, identifier)

    def save(self, identifier: UUID, status: str) -> None:
        with self._session() as session:
            session.get_one(OrderRecord, identifier).status = status
            session.commit()

    def insert_many(self, data: Sequence[ProductData]) -> None:
        with self._session() as session:
            session.add_all([product_record(values) for values in data])
            session.commit()

    def list(self, status: str) -> Sequence[OrderRecord]:
        with self._session() as session:
            return session.scalars(OF_STATUS, {"wanted": status}).all()

    def page(self, status: str, number: int, size: int) -> tuple[Sequence[OrderRecord], int]:
        with self._session() as session:
            which = {"wanted": status, "size": size, "start": (number - 1) * size}
            found = session.scalars(PAGE, which).all()
            return found, session.execute(COUNT, {"wanted": status}).scalar_one()
