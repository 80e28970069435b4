"""Fields whose classes are not plain: wrapped values, and collections of every kind."""

from __future__ import annotations

import pytest
from attrs import define, frozen

from corelib.domain.specification import Specification, where
from corelib.domain.specification_check import check
from corelib.domain.specification_evaluation import satisfies
from corelib.errors import InvalidSpecification


@frozen
class CustomerId:
    value: str


@frozen
class OtherId:
    value: str


@frozen
class Stop:
    city: str


@define(eq=False)
class Tour:
    id: int
    customer: CustomerId
    stops: tuple[Stop, ...]
    visited: frozenset[Stop]


TOUR = Tour(1, CustomerId("C-1"), (Stop("Bern"), Stop("Basel")), frozenset({Stop("Bern")}))


class TestCheck:
    class WhenAFieldWrapsAPlainValue:
        @pytest.mark.parametrize(
            ("specification", "found"),
            [
                (where("customer") == CustomerId("C-1"), True),
                (where("customer") != CustomerId("C-1"), False),
                (where("customer").one_of([CustomerId("C-1"), CustomerId("C-2")]), True),
                (where("customer.value") == "C-1", True),
            ],
        )
        def test_compares_it_as_a_whole(self, specification: Specification, *, found: bool) -> None:
            check(specification, Tour)

            assert satisfies(TOUR, specification) is found

        @pytest.mark.parametrize(
            "specification",
            [where("customer") == OtherId("C-1"), where("customer") == "C-1", where("customer") > CustomerId("C-0")],
        )
        def test_refuses_other_classes_and_an_order(self, specification: Specification) -> None:
            with pytest.raises(InvalidSpecification, match=r"Tour\.customer is a CustomerId"):
                check(specification, Tour)

    class WhenPartsLieInATupleOrASet:
        @pytest.mark.parametrize(
            ("specification", "found"),
            [
                (where("stops").any(where("city") == "Basel"), True),
                (where("visited").any(where("city") == "Basel"), False),
                (where("visited").all(where("city") == "Bern"), True),
            ],
        )
        def test_looks_into_them(self, specification: Specification, *, found: bool) -> None:
            check(specification, Tour)

            assert satisfies(TOUR, specification) is found
