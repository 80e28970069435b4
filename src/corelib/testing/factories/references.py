"""How a factory says that a field takes what another factory builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen, validators

if TYPE_CHECKING:
    from corelib.testing.factories.factory import AnyFactory


@frozen
class Related:
    """The field refers to another aggregate, which is stored first.

    Args:
        factory: builds it.
        attribute: which of its attributes the field takes.
    """

    factory: AnyFactory
    attribute: str = "id"


@frozen
class Nested:
    """The field holds what another factory builds: one value object, or a list of them.

    Args:
        factory: builds them.
        count: how many are in the list; None for one without a list.
    """

    factory: AnyFactory
    count: int | None = field(default=None, validator=validators.optional(validators.ge(0)))
