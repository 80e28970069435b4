"""corelib, as a host uses it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from _persistence.domain import Order, OrderData, Product, ProductData, order_of
from corelib import Host, ascending, where


class CorelibContender:
    """Keeps the contract of `Contender`."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def insert(self, data: OrderData) -> None:
        with self._host.unit_of_work() as uow:
            uow.repository(Order).add(order_of(data))
            uow.commit()

    def get(self, identifier: UUID) -> Order:
        with self._host.unit_of_work() as uow:
            return uow.repository(Order).get(identifier)

    def save(self, identifier: UUID, status: str) -> None:
        with self._host.unit_of_work() as uow:
            found = uow.repository(Order).get(identifier)
            found.status = status
            uow.commit()

    def insert_many(self, data: Sequence[ProductData]) -> None:
        with self._host.unit_of_work() as uow:
            products = uow.repository(Product)
            for values in data:
                products.add(Product(*values))
            uow.commit()

    def list(self, status: str) -> Sequence[Order]:
        with self._host.unit_of_work() as uow:
            return uow.repository(Order).list(where("status") == status)

    def page(self, status: str, number: int, size: int) -> tuple[Sequence[Order], int]:
        with self._host.unit_of_work() as uow:
            page = uow.repository(Order).page(
                where("status") == status, sort=[ascending("placed_at")], number=number, size=size
            )
            return page.items, page.total
