"""advanced-alchemy's services on the same mapped classes, told not to read back what they have just written."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from advanced_alchemy.filters import LimitOffset
from advanced_alchemy.repository import SQLAlchemySyncRepository
from advanced_alchemy.service import SQLAlchemySyncRepositoryService
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

from _persistence.contenders.records import OrderRecord, ProductRecord, order_record, product_record
from _persistence.domain import OrderData, ProductData


class Orders(SQLAlchemySyncRepositoryService[OrderRecord]):
    """The service of orders."""

    class Repository(SQLAlchemySyncRepository[OrderRecord]):
        model_type = OrderRecord

    repository_type = Repository


class Products(SQLAlchemySyncRepositoryService[ProductRecord]):
    """The service of products."""

    class Repository(SQLAlchemySyncRepository[ProductRecord]):
        model_type = ProductRecord

    repository_type = Repository


class AdvancedContender:
    """Keeps the contract of `Contender`."""

    def __init__(self, engine: Engine) -> None:
        self._session: sessionmaker[Session] = sessionmaker(engine, expire_on_commit=False)

    def insert(self, data: OrderData) -> None:
        with self._session() as session:
            Orders(session=session).create(order_record(data), auto_commit=True, auto_refresh=False)

    def get(self, identifier: UUID) -> OrderRecord:
        with self._session() as session:
            return Orders(session=session).get(identifier)

    def save(self, identifier: UUID, status: str) -> None:
        with self._session() as session:
            Orders(session=session).update({"status": status}, item_id=identifier, auto_commit=True, auto_refresh=False)

    def insert_many(self, data: Sequence[ProductData]) -> None:
        with self._session() as session:
            Products(session=session).create_many([product_record(values) for values in data], auto_commit=True)

    def list(self, status: str) -> Sequence[OrderRecord]:
        with self._session() as session:
            return Orders(session=session).get_many(OrderRecord.status == status, order_by=("id", False))

    def page(self, status: str, number: int, size: int) -> tuple[Sequence[OrderRecord], int]:
        with self._session() as session:
            return Orders(session=session).get_many_and_count(
                OrderRecord.status == status,
                LimitOffset(size, (number - 1) * size),
                order_by=[("placed_at", False), ("id", False)],
            )
