"""The contract of `corelib.ports.repository.Repository` about pages that are found by a cursor."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

import string
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corelib.domain.specification import Sort, Specification, ascending, descending, where
from corelib.errors import InvalidCursor, InvalidSpecification, MisuseError
from corelib.ports.repository import Repository
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, Work
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import Currency, Depot, Parcel, Price, Status, a_parcel, an_item, contents

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
NOTES: list[str | None] = [None, "", "a", "A", "a ", "ab", "\ufb01", "\U00020bb7", "\U0001f9ea", "ä", None, "a"]
"""Texts that engines order differently by default; in UTF-16, U+20BB7 and U+1F9EA would come before U+FB01."""

SORTS: list[list[Sort]] = [
    [],
    [ascending("note")],
    [descending("note")],
    [ascending("price.amount"), descending("packed_at")],
    [descending("price.amount"), ascending("note"), descending("packed_at")],
    [ascending("depot_id"), descending("label")],
    [descending("packed_at")],
]
sorts: st.SearchStrategy[list[Sort]] = st.lists(
    st.builds(Sort, st.sampled_from(["note", "price.amount", "packed_at", "depot_id", "label"]), st.booleans()),
    max_size=3,
    unique_by=lambda entry: entry.path,
)


class CursorPagesContract(StoreContract):
    """All pages, one after the other, are what `list` returns."""

    port: ClassVar[str] = "Repository"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    @pytest.fixture
    def stored(self, work: Work) -> Work:
        """Return what makes units of work over parcels of which many are equal in what they are sorted by."""
        work.stores(*various())
        return work

    class WhenAllPagesAreTurned:
        @pytest.mark.parametrize("sort", SORTS, ids=str)
        @pytest.mark.parametrize("size", [1, 4, 12, 50])
        def test_shows_everything_once_in_order(self, stored: Work, sort: Sequence[Sort], size: int) -> None:
            with stored.unit() as uow:
                parcels = uow.repository(Parcel)

                shown = walk(parcels, sort=sort, size=size)

                assert ids(shown) == ids(parcels.list(sort=sort))

        @settings(
            max_examples=60,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
        )
        @given(
            sort=sorts, size=st.integers(1, 13), specification=st.sampled_from([None, where("status") == Status.SENT])
        )
        def test_shows_what_list_returns_whatever_the_order_and_the_size(
            self, stored: Work, sort: Sequence[Sort], size: int, specification: Specification | None
        ) -> None:
            with stored.unit() as uow:
                parcels = uow.repository(Parcel)

                shown = walk(parcels, specification, sort=sort, size=size)

                assert ids(shown) == ids(parcels.list(specification, sort=sort))

        def test_shows_those_that_satisfy_a_specification(self, stored: Work) -> None:
            specification = (where("note") == "a") | where("note").is_null()

            with stored.unit() as uow:
                shown = walk(uow.repository(Parcel), specification, sort=[descending("note")], size=1)

            assert [parcel.note for parcel in shown] == ["a", "a", None, None]

        def test_shows_them_with_their_parts(self, work: Work) -> None:
            made = [a_parcel(items=[an_item() for _ in range(count)]) for count in (1, 0, 2)]
            work.stores(*made)

            with work.unit() as uow:
                shown = walk(uow.repository(Parcel), size=2)

            assert {parcel.id: contents(parcel) for parcel in shown} == {entry.id: contents(entry) for entry in made}

        def test_goes_by_identifiers_that_are_texts(self, work: Work) -> None:
            """None differs from another by case alone, which many databases would take for the same."""
            work.stores(*(Depot(identifier, "Bern") for identifier in ("b", "a", "C", "\U00020bb7", "\ufb01", "a b")))

            with work.unit() as uow:
                depots = uow.repository(Depot, str)
                shown: list[Depot] = []
                page = depots.page_after(sort=[ascending("city")], size=2)
                shown += page.items
                while page.next is not None:
                    page = depots.page_after(page.next, sort=[ascending("city")], size=2)
                    shown += page.items

            assert [depot.id for depot in shown] == ["C", "a", "a b", "b", "\ufb01", "\U00020bb7"]

    class WhenThereIsLittleToShow:
        def test_is_empty_and_the_last_without_results(self, work: Work) -> None:
            with work.unit() as uow:
                page = uow.repository(Parcel).page_after()

            assert (list(page.items), page.next) == ([], None)

        @pytest.mark.parametrize(("size", "further"), [(1, True), (2, False), (3, False)])
        def test_says_whether_there_is_a_further_page(self, work: Work, size: int, further: bool) -> None:  # noqa: FBT001 - a parameter
            work.stores(a_parcel(), a_parcel())

            with work.unit() as uow:
                page = uow.repository(Parcel).page_after(size=size)

            assert (len(page.items), page.next is not None) == (min(size, 2), further)

    class WhenAPageIsShown:
        def test_has_its_aggregates_in_hand(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.page_after().items[0].note = "changed"

                assert parcels.get(parcel.id).note == "changed"
                uow.commit()

            assert (work.sees(parcel) or {})["note"] == "changed"

        def test_has_a_cursor_that_is_safe_in_a_url(self, stored: Work) -> None:
            with stored.unit() as uow:
                cursor = uow.repository(Parcel).page_after(sort=[descending("note")], size=1).next

            assert cursor is not None
            assert set(cursor) <= set(string.ascii_letters + string.digits + "-_")

        def test_includes_what_this_unit_of_work_has_done(self, work: Work) -> None:
            changed, removed, added = a_parcel(note="z"), a_parcel(note="a"), a_parcel(note="b")
            work.stores(changed, removed)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(changed.id).note = "c"
                parcels.remove(parcels.get(removed.id))
                parcels.add(added)

                shown = walk(parcels, sort=[ascending("note")], size=1)

            assert [parcel.note for parcel in shown] == ["b", "c"]

    class WhenRowsComeAndGoBetweenPages:
        def test_shows_nothing_twice_and_leaves_nothing_out(self, work: Work) -> None:
            work.stores(*(a_parcel(note=note) for note in "bdfh"))
            with work.unit() as uow:
                first = uow.repository(Parcel).page_after(sort=[ascending("note")], size=2)
            shown = [parcel.note for parcel in first.items]

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.remove(parcels.get(first.items[1].id))
                parcels.add_many(a_parcel(note=note) for note in "aceg")
                uow.commit()
            with work.unit() as uow:
                rest = walk(uow.repository(Parcel), sort=[ascending("note")], size=2, cursor=first.next)

            assert [*shown, *(parcel.note for parcel in rest)] == ["b", "d", "e", "f", "g", "h"]

        def test_goes_on_behind_equal_values_by_the_identifiers(self, work: Work) -> None:
            parcels = [a_parcel(note="same") for _ in range(5)]
            work.stores(*parcels)
            with work.unit() as uow:
                first = uow.repository(Parcel).page_after(sort=[ascending("note")], size=2)

            work.removes(first.items[-1].id)
            with work.unit() as uow:
                rest = walk(uow.repository(Parcel), sort=[ascending("note")], size=2, cursor=first.next)

            assert {*ids(first.items), *ids(rest)} == {parcel.id for parcel in parcels}

        def test_works_in_another_unit_of_work(self, stored: Work) -> None:
            sort = [descending("packed_at"), ascending("note")]
            shown: list[Parcel] = []
            cursor: str | None = None
            while cursor is not None or not shown:
                with stored.unit() as uow:
                    page = uow.repository(Parcel).page_after(cursor, sort=sort, size=5)
                shown += page.items
                cursor = page.next

            with stored.unit() as uow:
                assert ids(shown) == ids(uow.repository(Parcel).list(sort=sort))

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_goes_by_what_was_found_where_others_have_changed_what_is_in_hand(self, work: Work) -> None:
            first, second = a_parcel(note="z"), a_parcel(note="m")
            work.stores(first, second)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                in_hand = parcels.get(first.id)
                work.changes(first.id, "a")
                page = parcels.page_after(sort=[ascending("note")], size=1)
                rest = parcels.page_after(page.next, sort=[ascending("note")], size=1)

            assert page.items == [in_hand]
            assert [parcel.id for parcel in rest.items] == [second.id]

    class WhenACursorDoesNotFit:
        @staticmethod
        def cursor(work: Work, sort: Sequence[Sort] = ()) -> str:
            with work.unit() as uow:
                found = uow.repository(Parcel).page_after(sort=sort, size=1).next
            assert found is not None
            return found

        @pytest.mark.parametrize("cursor", ["", "garbage", "a", "====", "\U0001f9ea", "W10", "bnVsbA", "A" * 1_000_000])
        def test_refuses_what_is_none(self, stored: Work, cursor: str) -> None:
            with stored.unit() as uow, pytest.raises(InvalidCursor):
                uow.repository(Parcel).page_after(cursor)

        def test_refuses_one_of_another_order(self, stored: Work) -> None:
            cursor = self.cursor(stored, [ascending("note")])

            with stored.unit() as uow:
                for sort in ([], [descending("note")], [ascending("label")], [ascending("note"), ascending("label")]):
                    with pytest.raises(InvalidCursor):
                        uow.repository(Parcel).page_after(cursor, sort=sort)

        def test_refuses_one_of_another_class(self, stored: Work) -> None:
            cursor = self.cursor(stored)

            with stored.unit() as uow, pytest.raises(InvalidCursor):
                uow.repository(Depot, str).page_after(cursor)

        def test_refuses_one_that_was_cut_or_lengthened(self, stored: Work) -> None:
            sort = [ascending("packed_at"), ascending("note")]
            cursor = self.cursor(stored, sort)

            with stored.unit() as uow:
                for changed in (cursor[:-1], cursor[: len(cursor) // 2], cursor[1:], f"{cursor}A", f"{cursor}="):
                    with pytest.raises(InvalidCursor):
                        uow.repository(Parcel).page_after(changed, sort=sort)

    class WhenThePageCannotBe:
        @pytest.mark.parametrize("size", [0, -1])
        def test_refuses_a_size_below_one(self, work: Work, size: int) -> None:
            with work.unit() as uow, pytest.raises(MisuseError):
                uow.repository(Parcel).page_after(size=size)

        def test_refuses_unknown_fields(self, work: Work) -> None:
            with work.unit() as uow:
                with pytest.raises(InvalidSpecification):
                    uow.repository(Parcel).page_after(sort=[ascending("no_such_field")])
                with pytest.raises(InvalidSpecification):
                    uow.repository(Parcel).page_after(specification=where("no_such_field") == 1)


def various() -> list[Parcel]:
    """Return parcels of which many are equal in some fields."""
    amounts = [Decimal("0.0001"), Decimal("12.5"), Decimal("12.50"), Decimal("99999999999999.9999"), Decimal(-3)]
    instants = [NOON, NOON + timedelta(microseconds=1), NOON - timedelta(microseconds=1)]
    return [
        a_parcel(
            note=note,
            price=Price(amounts[place % len(amounts)], list(Currency)[place % 2]),
            packed_at=instants[place % len(instants)],
            status=list(Status)[place % 2],
        )
        for place, note in enumerate(NOTES)
    ]


def walk(
    parcels: Repository[Parcel, UUID],
    specification: Specification | None = None,
    *,
    sort: Sequence[Sort] = (),
    size: int,
    cursor: str | None = None,
) -> list[Parcel]:
    """Return what all pages show, those from a cursor on; no page but the last is short."""
    shown: list[Parcel] = []
    page = parcels.page_after(cursor, specification, sort=sort, size=size)
    while page.next is not None:
        assert len(page.items) == size
        shown += page.items
        page = parcels.page_after(page.next, specification, sort=sort, size=size)
    return [*shown, *page.items]


def ids(parcels: Sequence[Parcel]) -> list[object]:
    """Return the identifiers of parcels."""
    return [parcel.id for parcel in parcels]
