"""What is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from attrs import field, frozen

from _persistence import data
from _persistence.contenders import Contender
from _persistence.domain import OrderData, OrderLike, data_of

OPEN, OTHER = "open", "closed"


@frozen
class Sizes:
    """How much is stored and done.

    Args:
        loop: calls of a single operation that are timed together.
        orders: of each of two statuses, in the tables that are read.
        products: inserted in one unit of work.
        page: orders on a page.
    """

    loop: int = 50
    orders: int = 1000
    products: int = 10_000
    page: int = 50


TINY = Sizes(loop=2, orders=6, products=10, page=2)


@frozen
class Stored:
    """The orders in the tables when a case begins."""

    sizes: Sizes
    open: Sequence[OrderData]
    others: Sequence[OrderData]


def stored(sizes: Sizes) -> Stored:
    """Make the orders to be stored."""
    return Stored(sizes, data.orders(sizes.orders, 1, OPEN), data.orders(sizes.orders, 2, OTHER))


@frozen
class Case:
    """One row of the table.

    Args:
        name: on the command line.
        title: in the table.
        goal: the ratio of corelib to Core by hand that is wanted, at most.
        calls: makes the arguments of the calls of one sample, from what is stored and a number that no other sample
            has, so that each finds something to do.
        method: which method of the contender is called.
        answer: what a call has returned, in a form that can be compared.
        inserts: what a sample inserted has to be deleted before the next.
    """

    name: str
    title: str
    goal: float
    calls: Callable[[Stored, int], list[tuple[object, ...]]]
    method: Callable[[Contender], Callable[..., object]]
    answer: Callable[[object], object] = field(default=lambda returned: returned)
    inserts: bool = False


def _orders(returned: object) -> object:
    return [data_of(order) for order in cast("Sequence[OrderLike]", returned)]


def _page(returned: object) -> object:
    items, total = cast("tuple[Sequence[OrderLike], int]", returned)
    return _orders(items), total


CASES = (
    Case(
        name="insert",
        title="insert one with 5 lines",
        goal=1.4,
        calls=lambda stored, sample: [(order,) for order in data.orders(stored.sizes.loop, sample)],
        method=lambda contender: contender.insert,
        inserts=True,
    ),
    Case(
        name="get",
        title="get one with its lines",
        goal=1.4,
        calls=lambda stored, _: [(order.id,) for order in stored.open[: stored.sizes.loop]],
        method=lambda contender: contender.get,
        answer=lambda returned: data_of(cast("OrderLike", returned)),
    ),
    Case(
        name="save",
        title="get, change, save with version check",
        goal=1.4,
        calls=lambda stored, sample: [(order.id, f"status {sample}") for order in stored.open[: stored.sizes.loop]],
        method=lambda contender: contender.save,
    ),
    Case(
        name="bulk",
        title="insert many plain ones in one unit",
        goal=1.3,
        calls=lambda stored, sample: [(data.products(stored.sizes.products, sample),)],
        method=lambda contender: contender.insert_many,
        inserts=True,
    ),
    Case(
        name="list",
        title="list all of a status with their lines",
        goal=1.4,
        calls=lambda *_: [(OPEN,)],
        method=lambda contender: contender.list,
        answer=_orders,
    ),
    Case(
        name="page",
        title="filtered, sorted page with total",
        goal=1.4,
        calls=lambda stored, _: [(OPEN, 2, stored.sizes.page)] * 5,
        method=lambda contender: contender.page,
        answer=_page,
    ),
)
