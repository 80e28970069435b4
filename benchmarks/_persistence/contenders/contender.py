"""What every contender does; each call is one unit of work, from taking a connection to giving it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from _persistence.domain import OrderData, OrderLike, ProductData


class Contender(Protocol):
    """One way to store aggregates."""

    def insert(self, data: OrderData) -> None:
        """Make an order, insert it with its lines and commit."""
        ...

    def get(self, identifier: UUID) -> OrderLike:
        """Return an order with its lines."""
        ...

    def save(self, identifier: UUID, status: str) -> None:
        """Get an order with its lines, change its status and commit, unless somebody else has changed it meanwhile."""
        ...

    def insert_many(self, data: Sequence[ProductData]) -> None:
        """Make products, insert them and commit once."""
        ...

    def list(self, status: str) -> Sequence[OrderLike]:
        """Return all orders of a status with their lines, in the order of their identifiers."""
        ...

    def page(self, status: str, number: int, size: int) -> tuple[Sequence[OrderLike], int]:
        """Return a page of the orders of a status with their lines, by `placed_at` and `id`, and the number of all."""
        ...
