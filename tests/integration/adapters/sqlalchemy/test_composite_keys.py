"""Mass changes of aggregates whose identifiers have two columns, with more in hand than one statement can name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from tests.integration.adapters.sqlalchemy.club_storage import opened_club
from tests.unit.adapters.sqlalchemy.club import Member, MemberId
from tests.unit.adapters.sqlalchemy.sample import committed, sent_by, stored

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.domain.specification import where

MOST_PARAMETERS = 2100
"""SQL Server takes no more in a statement."""
MANY = 1200


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    with opened_club(tmp_path) as opened:
        stored(opened, *(Member(MemberId("chess", number), "Ann", [], frozenset()) for number in range(MANY + 10)))
        yield opened


def in_hand() -> list[MemberId]:
    return [MemberId("chess", number) for number in range(MANY)]


class TestSqlRepository:
    class WhenManyWithCompositeIdentifiersAreInHand:
        def test_changes_them_and_the_others(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction, sent_by(storage.engine) as sent:
                members = transaction.repository(Member)
                found = members.find_many(in_hand())

                changed = members.update_where(where("name") == "Ann", {"name": "Bea"})

                assert changed == MANY + 10
                assert {member.name for member in found} == {"Bea"}
            assert max(statement.count("?") for statement in sent) < MOST_PARAMETERS
            with committed(storage) as transaction:
                assert transaction.repository(Member).count(where("name") == "Bea") == MANY + 10

        def test_removes_them_and_the_others(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction, sent_by(storage.engine) as sent:
                members = transaction.repository(Member)
                members.find_many(in_hand())

                removed = members.remove_where(where("name") == "Ann")

            assert removed == MANY + 10
            assert max(statement.count("?") for statement in sent) < MOST_PARAMETERS
            with committed(storage) as transaction:
                assert transaction.repository(Member).count() == 0
