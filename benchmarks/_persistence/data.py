"""Made-up orders and products, the same in every run but for their identifiers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from _persistence.domain import LineData, OrderData, ProductData
from corelib import new_id

LINES = 5
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
SECONDS = 365 * 24 * 3600


def orders(number: int, seed: int, status: str = "open") -> list[OrderData]:
    """Return orders with five lines each."""
    random = Random(seed)
    return [_order(random, status) for _ in range(number)]


def products(number: int, seed: int) -> list[ProductData]:
    """Return products."""
    random = Random(seed)
    return [
        ProductData(
            id=new_id(),
            sku=f"SKU-{random.randrange(10**6):06}",
            name=f"Article number {index}",
            price=random.randrange(100, 100_000),
            stock=random.randrange(1000),
            active=random.random() < 0.9,
        )
        for index in range(number)
    ]


def _order(random: Random, status: str) -> OrderData:
    lines = tuple(
        LineData(f"SKU-{random.randrange(10**6):06}", random.randrange(1, 10), random.randrange(100, 100_000))
        for _ in range(LINES)
    )
    return OrderData(
        id=new_id(),
        customer=f"Customer {random.randrange(1000)}",
        status=status,
        placed_at=BEGIN + timedelta(seconds=random.randrange(SECONDS), microseconds=random.randrange(10**6)),
        note=None if random.random() < 0.5 else "Leave it at the neighbour's door",
        total=sum(line.quantity * line.price for line in lines),
        lines=lines,
    )
