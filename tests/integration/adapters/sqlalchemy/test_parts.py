"""Collections of parts of every kind: which statements write them, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.integration.adapters.sqlalchemy.club_storage import opened_club
from tests.unit.adapters.sqlalchemy.club import Errand, Member, MemberId, Step
from tests.unit.adapters.sqlalchemy.sample import committed, loaded, sent_by, stored

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.domain.specification import where
from corelib.errors import AlreadyExists

OWN = "WHERE club_step.errand_id = ? AND club_step.number = ?"


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    with opened_club(tmp_path) as opened:
        yield opened


def member(number: int = 1, phones: Sequence[str] = (), roles: Sequence[str] = ()) -> Member:
    return Member(MemberId("chess", number), "Ann", list(phones), frozenset(roles))


def errand(*numbers: int) -> Errand:
    return Errand("E-1", "Shopping", [Step(number, f"step {number}") for number in numbers])


def rows_of(storage: SqlStorage) -> dict[int, tuple[int, int]]:
    """For the steps of an errand by their number: the row in which they lie, and their place."""
    with committed(storage) as transaction:
        found = transaction.connection.execute(sa.text("SELECT number, rowid, position FROM club_step"))
        return {row.number: (row.rowid, row.position) for row in found}


def written(storage: SqlStorage, steps: list[int]) -> list[str]:
    """Put the steps of the errand into this order, new ones included, and return what was sent for them."""
    with sent_by(storage.engine) as sent, committed(storage) as transaction:
        found = transaction.repository(Errand).get("E-1")
        known = {step.number: step for step in found.steps}
        found.steps = [known.get(number) or Step(number, f"step {number}") for number in steps]
    return [statement for statement in sent if "club_step" in statement and not statement.startswith("SELECT")]


class TestEntities:
    def test_keep_their_rows_when_they_change_places(self, storage: SqlStorage) -> None:
        stored(storage, errand(1, 2, 3))
        before = rows_of(storage)

        sent = written(storage, [3, 2, 1])

        after = rows_of(storage)
        assert sent == [f"UPDATE club_step SET position=? {OWN}"]
        assert {number: row for number, (row, _) in after.items()} == {
            number: row for number, (row, _) in before.items()
        }
        assert {number: place for number, (_, place) in after.items()} == {3: 0, 2: 1, 1: 2}

    @pytest.mark.parametrize(
        ("before", "after", "sent"),
        [
            ([1, 2], [1, 2], []),
            ([1, 2], [1, 2, 3], ["INSERT"]),
            ([1, 2, 3], [1, 3], ["DELETE", "UPDATE"]),
            ([1, 2, 3], [], ["DELETE"]),
            ([1, 2], [3, 1, 2], ["UPDATE", "INSERT"]),
            ([1, 2, 3], [4, 3, 1], ["DELETE", "UPDATE", "INSERT"]),
        ],
        ids=["same", "added", "removed", "cleared", "put in front", "all at once"],
    )
    def test_are_written_as_they_differ(
        self, storage: SqlStorage, before: list[int], after: list[int], sent: list[str]
    ) -> None:
        stored(storage, errand(*before))

        statements = written(storage, after)

        assert [statement.split()[0] for statement in statements] == sent
        found = loaded(storage, Errand, "E-1")
        assert found is not None
        assert [step.number for step in found.steps] == after

    def test_write_only_the_columns_that_have_changed(self, storage: SqlStorage) -> None:
        stored(storage, errand(1, 2))

        with sent_by(storage.engine) as sent, committed(storage) as transaction:
            transaction.repository(Errand).get("E-1").steps[1].done = True

        assert sent[-1] == f"UPDATE club_step SET done=? {OWN}"
        found = loaded(storage, Errand, "E-1")
        assert found is not None
        assert [step.done for step in found.steps] == [False, True]

    def test_are_refused_where_two_have_the_same_key(self, storage: SqlStorage) -> None:
        stored(storage, errand(1))

        with pytest.raises(AlreadyExists, match="Two parts in the table club_step have the same number"):
            written(storage, [1, 1])

    def test_are_refused_where_two_new_ones_have_the_same_key(self, storage: SqlStorage) -> None:
        with pytest.raises(AlreadyExists, match="Two parts in the table club_step have the same number"):
            stored(storage, errand(1, 1))


class TestSets:
    def test_write_what_came_and_what_went(self, storage: SqlStorage) -> None:
        stored(storage, member(roles=["boss", "cook"]))

        with sent_by(storage.engine) as sent, committed(storage) as transaction:
            transaction.repository(Member).get(MemberId("chess", 1)).roles = frozenset({"cook", "guard"})

        assert [statement.split()[:3] for statement in sent[-2:]] == [
            ["DELETE", "FROM", "club_role"],
            ["INSERT", "INTO", "club_role"],
        ]
        found = loaded(storage, Member, MemberId("chess", 1))
        assert found is not None
        assert found.roles == frozenset({"cook", "guard"})

    def test_write_nothing_for_an_equal_one(self, storage: SqlStorage) -> None:
        stored(storage, member(roles=["boss", "cook"]))

        with sent_by(storage.engine) as sent, committed(storage) as transaction:
            transaction.repository(Member).get(MemberId("chess", 1)).roles = frozenset({"cook", "boss"})

        assert len(sent) == 3


class TestLoadingWithTwoCollections:
    """The number of statements does not depend on the number of aggregates."""

    COUNTS = (1, 30)

    @staticmethod
    def fill(storage: SqlStorage, count: int) -> list[MemberId]:
        members = [member(number, ["044", "079"], ["boss"]) for number in range(count)]
        stored(storage, *members)
        return [made.id for made in members]

    @pytest.mark.parametrize("count", COUNTS)
    def test_lists_with_three_statements(self, storage: SqlStorage, count: int) -> None:
        self.fill(storage, count)

        with committed(storage) as transaction, sent_by(storage.engine) as sent:
            found = transaction.repository(Member).list(where("name") == "Ann")

        assert (len(found), len(sent)) == (count, 3)
        assert all((made.phones, made.roles) == (["044", "079"], {"boss"}) for made in found)

    @pytest.mark.parametrize("count", COUNTS)
    def test_finds_many_with_three_statements(self, storage: SqlStorage, count: int) -> None:
        identifiers = self.fill(storage, count)

        with committed(storage) as transaction, sent_by(storage.engine) as sent:
            found = transaction.repository(Member).find_many(identifiers)

        assert ([made.id for made in found], len(sent)) == (identifiers, 3)

    @pytest.mark.parametrize("count", COUNTS)
    def test_shows_a_page_with_four_statements(self, storage: SqlStorage, count: int) -> None:
        self.fill(storage, count)

        with committed(storage) as transaction, sent_by(storage.engine) as sent:
            page = transaction.repository(Member).page(size=count)

        assert (len(page.items), len(sent)) == (count, 4)

    @pytest.mark.parametrize("batch", [5, 10])
    def test_streams_with_two_statements_for_each_batch(self, storage: SqlStorage, batch: int) -> None:
        self.fill(storage, 30)

        with committed(storage) as transaction, sent_by(storage.engine) as sent:
            found = list(transaction.repository(Member).stream(batch=batch))

        assert (len(found), len(sent)) == (30, 1 + 2 * 30 // batch)

    def test_asks_for_more_than_200_keys_of_two_columns_in_portions(self, storage: SqlStorage) -> None:
        identifiers = self.fill(storage, 450)

        with committed(storage) as transaction, sent_by(storage.engine) as sent:
            found = transaction.repository(Member).find_many(identifiers)

        assert [made.id for made in found] == identifiers
        assert len(sent) == 9
        assert max(statement.count("?") for statement in sent) == 400

    def test_removes_those_it_has_not_loaded(self, storage: SqlStorage) -> None:
        self.fill(storage, 210)

        with committed(storage) as transaction:
            assert transaction.repository(Member).remove_where(where("name") == "Ann") == 210

        with committed(storage) as transaction:
            left = transaction.connection.execute(sa.text("SELECT count(*) FROM club_phone"))
            assert left.scalar_one() == 0

    def test_leaves_what_is_in_hand_to_its_own_update(self, storage: SqlStorage) -> None:
        first, *_ = self.fill(storage, 3)

        with committed(storage) as transaction:
            members = transaction.repository(Member)
            held = members.get(first)
            held.phones.append("112")
            assert members.update_where(where("name") == "Ann", {"name": "Eve"}) == 3
            assert held.name == "Eve"

        with committed(storage) as transaction:
            assert transaction.repository(Member).count(where("name") == "Eve") == 3
            assert transaction.repository(Member).get(first).phones == ["044", "079", "112"]

    def test_pages_by_cursor(self, storage: SqlStorage) -> None:
        identifiers = self.fill(storage, 5)
        found, cursor = [], None

        with committed(storage) as transaction:
            while not found or cursor is not None:
                page = transaction.repository(Member).page_after(cursor, size=2)
                found += [made.id for made in page.items]
                cursor = page.next

        assert found == identifiers
