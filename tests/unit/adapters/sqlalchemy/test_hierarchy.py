from __future__ import annotations

import pytest
from attrs import define

pytest.importorskip("sqlalchemy")

from corelib.adapters.sqlalchemy.hierarchy import Subclasses, shape_of_hierarchy
from corelib.adapters.sqlalchemy.shape import Shape
from corelib.errors import ConfigurationError, PersistentFailure


@define
class Payment:
    id: int


@define
class Card(Payment):
    number: str


@define
class Cash(Payment):
    coins: int


@define
class Gift(Payment):
    pass


def payments() -> Shape:
    columns = frozenset({"id", "kind", "number", "coins"})
    subclasses = Subclasses("kind", {"card": Card, "cash": Cash})
    return shape_of_hierarchy(Payment, subclasses, columns, leave_out=frozenset(), offset=1)


class TestShapeOfHierarchy:
    def test_has_the_columns_of_all_classes(self) -> None:
        assert payments().columns == ("id", "number", "coins", "kind")

    @pytest.mark.parametrize(
        ("payment", "row"), [(Card(1, "12"), (1, "12", None, "card")), (Cash(2, 7), (2, None, 7, "cash"))]
    )
    def test_loads_the_class_that_it_dumped(self, payment: Payment, row: tuple[object, ...]) -> None:
        shape = payments()

        assert shape.dump(payment) == row
        assert shape.load(("version", *row)) == payment
        assert shape.identify(("version", *row)) == payment.id

    def test_lets_only_columns_of_some_classes_be_null(self) -> None:
        optional = {leaf.column: leaf.optional for leaf in payments().leaves}

        assert optional == {"id": False, "number": True, "coins": True, "kind": False}

    class WhenTheDatabaseHoldsAnUnknownClass:
        def test_names_it_and_those_that_are_known(self) -> None:
            with pytest.raises(PersistentFailure, match=r"holds 'gift' in the column kind.*Known are: card, cash"):
                payments().load((1, 3, None, None, "gift"))

    class WhenAnInstanceIsOfAClassThatIsNotMapped:
        def test_names_it_and_those_that_are(self) -> None:
            with pytest.raises(ConfigurationError, match=r"Gift is mapped to no table\. Mapped are: Card, Cash"):
                payments().dump(Gift(3))
