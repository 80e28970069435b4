"""The contract of specifications: `Repository.list`, `exists` and `count` find what a specification says."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from corelib.domain.specification import Sort, Specification, ascending, descending, where
from corelib.errors import InvalidSpecification, MisuseError
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, Work
from corelib.testing.contracts.samples import Currency, Parcel, Price, Status, a_parcel, an_item

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
MANY = 10_000
"""More values than SQL Server takes parameters (2,100)."""


class SpecificationContract(StoreContract):
    """One definition gives the same answer on every adapter.

    Each test stores parcels whose notes begin with a text of its own, and looks among those only where the store is
    shared with other tests.
    """

    port: ClassVar[str] = "Specification"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenTextsAreCompared:
        @pytest.mark.parametrize(
            ("specification", "found"),
            [
                (where("note") == "Kit", ["Kit"]),
                (where("note") != "Kit", ["", "KIT", "Kit ", "Ki", "K%t", "K_t", "Kitß", "Kit\U00020bb7", "Kit\uff21"]),
                (where("note").is_null(), [None]),
                (~where("note").is_null() & (where("note") < "Kit"), ["", "KIT", "Ki", "K%t", "K_t"]),
                (where("note") <= "Kit", ["", "KIT", "Ki", "K%t", "K_t", "Kit"]),
                (where("note") > "Kit ", ["Kitß", "Kit\U00020bb7", "Kit\uff21"]),
                (where("note").between("Ki", "Kit"), ["Ki", "Kit"]),
                (where("note").starts_with("Kit"), ["Kit", "Kit ", "Kitß", "Kit\U00020bb7", "Kit\uff21"]),
                (where("note").starts_with("K%"), ["K%t"]),
                (where("note").starts_with("k"), []),
                (where("note").contains("_"), ["K_t"]),
                (where("note").contains("it "), ["Kit "]),
                (where("note").contains("\U00020bb7"), ["Kit\U00020bb7"]),
                (
                    where("note").starts_with(""),
                    ["", "KIT", "Kit", "Kit ", "Ki", "K%t", "K_t", "Kitß", "Kit\U00020bb7", "Kit\uff21"],
                ),
                (where("note").one_of(["Kit", "KIT", "no"]), ["KIT", "Kit"]),
                (
                    ~where("note").one_of(["Kit", "KIT"]),
                    ["", "Kit ", "Ki", "K%t", "K_t", "Kitß", "Kit\U00020bb7", "Kit\uff21"],
                ),
            ],
            ids=str,
        )
        def test_finds_the_exact_ones(self, work: Work, specification: Specification, found: list[str | None]) -> None:
            notes = [None, "", "KIT", "Kit", "Kit ", "Ki", "K%t", "K_t", "Kitß", "Kit\U00020bb7", "Kit\uff21"]
            ours = stored(work, *(a_parcel(note=note) for note in notes))

            assert sorted(map(repr, notes_of(work, ours & specification))) == sorted(map(repr, found))

    class WhenValuesAreCompared:
        @pytest.mark.parametrize(
            ("specification", "labels"),
            [
                (where("price.amount") == Decimal("12.50"), "bc"),
                (where("price.amount") == Decimal("12.5"), "bc"),
                (where("price.amount") > 12, "bcd"),
                (where("price.amount").between(Decimal("0.01"), Decimal("12.5000")), "abc"),
                (where("price.amount").one_of([Decimal("0.01"), Decimal(100)]), "ad"),
                (where("price.currency") == Currency.EUR, "ad"),
                (where("price.currency") != Currency.EUR, "bc"),
                (where("status").one_of([Status.SENT]), "cd"),
                (where("packed_at") == NOON, "b"),
                (where("packed_at") == NOON.astimezone(timezone(timedelta(hours=9))), "b"),
                (where("packed_at") > NOON, "c"),
                (where("packed_at") < NOON, "ad"),
                (where("packed_at").one_of([NOON, NOON + timedelta(microseconds=1)]), "bc"),
                ((where("status") == Status.SENT) & (where("price.amount") > 50), "d"),
                ((where("status") == Status.PACKED) | (where("price.amount") > 50), "abd"),
                (~((where("status") == Status.PACKED) | (where("price.amount") > 50)), "c"),
                (where("depot_id") == "D", ""),
                (~(where("depot_id") == "D"), ""),
                ((where("depot_id") == "D") | (where("status") == Status.SENT), "cd"),
                (where("depot_id").one_of([]), ""),
                (~where("depot_id").one_of([]), "abcd"),
            ],
            ids=str,
        )
        def test_finds_the_right_ones(self, work: Work, specification: Specification, labels: str) -> None:
            parcels = [
                a_parcel(note="a", price=Price(Decimal("0.01"), Currency.EUR), packed_at=NOON - timedelta(days=1)),
                a_parcel(note="b", price=Price(Decimal("12.50")), packed_at=NOON),
                a_parcel(note="c", packed_at=NOON + timedelta(microseconds=1), status=Status.SENT),
                a_parcel(
                    note="d",
                    price=Price(Decimal(100), Currency.EUR),
                    packed_at=NOON - timedelta(microseconds=1),
                    status=Status.SENT,
                ),
            ]
            ours = stored(work, *parcels)

            assert sorted(map(str, notes_of(work, ours & specification))) == list(labels)

        def test_finds_identifiers_among_thousands(self, work: Work) -> None:
            wanted = a_parcel(note="wanted")
            ours = stored(work, wanted, a_parcel(note="other"))
            identifiers = [*(uuid4() for _ in range(MANY)), wanted.id]

            found = notes_of(work, ours & where("id").one_of(identifiers))

            assert found == ["wanted"]

        def test_finds_texts_among_thousands(self, work: Work) -> None:
            wanted = a_parcel(note="wanted")
            ours = stored(work, wanted, a_parcel(note="Wanted"))
            labels = [*(str(number) for number in range(MANY)), "wanted"]

            found = notes_of(work, ours & where("note").one_of(labels))

            assert found == ["wanted"]

    class WhenPartsAreLookedAt:
        @pytest.mark.parametrize(
            ("specification", "notes"),
            [
                (where("items").any(where("quantity") >= 5), ["many", "mixed"]),
                (where("items").all(where("quantity") >= 5), ["many", "none"]),
                (~where("items").any(where("quantity") >= 1), ["none"]),
                (where("items").any(where("weight").is_null()), ["few", "many", "mixed"]),
                (where("items").all(where("weight") > 1), ["none"]),
                (~where("items").all(where("weight") > 1), ["few", "many", "mixed"]),
                (where("items").any((where("price.amount") == Decimal(9)) & (where("quantity") == 1)), ["mixed"]),
            ],
            ids=str,
        )
        def test_finds_the_right_ones(self, work: Work, specification: Specification, notes: list[str]) -> None:
            nine = Price(Decimal(9))
            ours = stored(
                work,
                a_parcel(note="none", items=[]),
                a_parcel(note="few", items=[an_item(quantity=1)]),
                a_parcel(note="many", items=[an_item(quantity=5), an_item(quantity=6, price=nine)]),
                a_parcel(note="mixed", items=[an_item(quantity=7), an_item(quantity=1, price=nine)]),
            )

            assert sorted(map(str, notes_of(work, ours & specification))) == notes

    class WhenResultsAreSorted:
        @pytest.mark.parametrize(
            ("sort", "notes"),
            [
                ([ascending("note")], ["", "A", "a", "ä", "\U00020bb7", None]),
                ([descending("note")], ["\U00020bb7", "ä", "a", "A", "", None]),
                ([descending("price.amount"), ascending("note")], ["\U00020bb7", "ä", "", "A", "a", None]),
            ],
            ids=str,
        )
        def test_gives_them_in_that_order_with_missing_values_last(
            self, work: Work, sort: list[Sort], notes: list[str | None]
        ) -> None:
            dear, cheap = Price(Decimal(10)), Price(Decimal(9))
            ours = stored(
                work,
                a_parcel(note="a", price=cheap),
                a_parcel(note=None, price=cheap),
                a_parcel(note="\U00020bb7", price=Price(Decimal(100))),
                a_parcel(note="A", price=cheap),
                a_parcel(note="ä", price=dear),
                a_parcel(note="", price=cheap),
            )

            assert notes_of(work, ours, sort=sort) == notes

        def test_gives_at_most_as_many_as_asked_for(self, work: Work) -> None:
            ours = stored(work, *(a_parcel(note=str(number)) for number in range(5)))

            found = notes_of(work, ours, sort=[descending("note")], limit=2)

            assert found == ["4", "3"]

    class WhenResultsArePaged:
        @pytest.mark.parametrize(("number", "notes"), [(1, ["6", "5", "4"]), (2, ["3", "2", "1"]), (3, ["0"]), (4, [])])
        def test_gives_the_page_and_the_total(self, work: Work, number: int, notes: list[str]) -> None:
            ours = stored(work, *(a_parcel(note=str(place)) for place in range(7)))

            with work.unit() as uow:
                page = uow.repository(Parcel).page(ours, sort=[descending("note")], number=number, size=3)

                assert [parcel.note for parcel in page.items] == notes
                assert (page.total, page.pages, page.number, page.size) == (7, 3, number, 3)

        def test_gives_every_result_once_where_all_are_equal(self, work: Work) -> None:
            parcels = [a_parcel(note="same") for _ in range(10)]
            ours = stored(work, *parcels)

            with work.unit() as uow:
                pages = [
                    uow.repository(Parcel).page(ours, sort=[ascending("note")], number=n, size=4) for n in (1, 2, 3)
                ]

                found = [parcel.id for page in pages for parcel in page.items]
                assert sorted(found) == sorted(parcel.id for parcel in parcels)

        def test_has_no_pages_without_results(self, work: Work) -> None:
            with work.unit() as uow:
                page = uow.repository(Parcel).page(where("note") == "nobody has this")

                assert (page.items, page.total, page.pages) == ([], 0, 0)

        @pytest.mark.parametrize(("number", "size"), [(0, 5), (-1, 5), (1, 0), (1, -1)])
        def test_refuses_a_page_that_cannot_be(self, work: Work, number: int, size: int) -> None:
            with work.unit() as uow, pytest.raises(MisuseError, match="There is no page"):
                uow.repository(Parcel).page(number=number, size=size)

    class WhenNothingIsAskedBack:
        def test_counts_and_says_whether_there_is_any(self, work: Work) -> None:
            ours = stored(work, a_parcel(note="one"), a_parcel(note="two"))

            with work.unit() as uow:
                parcels = uow.repository(Parcel)

                assert parcels.count(ours) == 2
                assert parcels.count(ours & (where("note") == "one")) == 1
                assert parcels.exists(ours & (where("note") == "two"))
                assert not parcels.exists(ours & (where("note") == "three"))

    class WhenThisUnitOfWorkHasChanges:
        def test_finds_what_is_added_and_changed_and_not_what_is_removed(self, work: Work) -> None:
            changed, removed, added = a_parcel(note="old"), a_parcel(note="gone"), a_parcel(note="added")
            ours = stored(work, changed, removed) | (where("label") == added.label)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(changed.id).note = "new"
                parcels.remove(parcels.get(removed.id))
                parcels.add(added)
                found = parcels.list(ours, sort=[ascending("note")])

                assert [parcel.note for parcel in found] == ["added", "new"]
                assert found[0] is added
                assert parcels.count(ours) == 2

        def test_gives_the_instance_that_is_in_hand_already(self, work: Work) -> None:
            parcel = a_parcel()
            ours = stored(work, parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)

                assert uow.repository(Parcel).list(ours)[0] is loaded

        def test_saves_changes_of_what_was_listed(self, work: Work) -> None:
            parcel = a_parcel(note="before")
            ours = stored(work, parcel)

            with work.unit() as uow:
                uow.repository(Parcel).list(ours)[0].note = "after"
                uow.commit()

            assert notes_of(work, ours) == ["after"]

    class WhenItDoesNotFit:
        @pytest.mark.parametrize(
            ("specification", "message"),
            [
                (where("colour") == "red", "Parcel has no field 'colour'.*It has: id, label, price"),
                (where("price.tax") == 1, "Price has no field 'tax'.*It has: amount, currency"),
                (where("label.length") == 1, "leads into something that has no fields"),
                (where("items") == 1, "items is a collection"),
                (where("label").any(where("code") == "x"), "label is not a collection of parts"),
                (where("items").any(where("colour") == "x"), "Item has no field 'colour'"),
                (where("label") == 7, "label is a str, so it cannot be compared with 7"),
                (where("price.amount") == "7", "cannot be compared with '7'"),
                (where("price.amount") == 1.5, "cannot be compared with 1.5"),
                (where("price") == Price(Decimal(1)), "cannot be compared"),
                (where("status") == "sent", "status is a Status"),
                (where("status") < Status.SENT, "has no order"),
                (where("id") > UUID(int=0), "has no order"),
                (where("status").starts_with("s"), "is no text"),
                (where("packed_at") > datetime(2026, 1, 1), "has no time zone"),  # noqa: DTZ001 - the point of it
                (where("note").one_of([None]), "cannot be compared with None"),
            ],
            ids=str,
        )
        def test_says_what_is_wrong(self, work: Work, specification: Specification, message: str) -> None:
            with work.unit() as uow:
                parcels = uow.repository(Parcel)

                for ask in (parcels.list, parcels.exists, parcels.count):
                    with pytest.raises(InvalidSpecification, match=message):
                        ask(specification)

        @pytest.mark.parametrize("path", ["colour", "items", "status", "id"])
        def test_refuses_to_sort_by_it(self, work: Work, path: str) -> None:
            with work.unit() as uow, pytest.raises(InvalidSpecification):
                uow.repository(Parcel).list(sort=[ascending(path)])


def stored(work: Work, *parcels: Parcel) -> Specification:
    """Store parcels and return the specification that finds these and no others."""
    work.stores(*parcels)
    return where("label").one_of([parcel.label for parcel in parcels])


def notes_of(
    work: Work, specification: Specification, *, sort: list[Sort] | None = None, limit: int | None = None
) -> list[str | None]:
    """Return the notes of the parcels that a new unit of work finds."""
    with work.unit() as uow:
        return [parcel.note for parcel in uow.repository(Parcel).list(specification, sort=sort or [], limit=limit)]
