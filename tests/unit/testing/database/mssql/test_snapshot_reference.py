from __future__ import annotations

from collections.abc import Sequence

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted_session import Answer, Scripted

from corelib.errors import PersistentFailure, SchemaMissing
from corelib.testing.database.mssql.described import Column, Described, Policy, Reference
from corelib.testing.database.mssql.snapshot_reference import ReferenceData
from corelib.testing.database.planning.catalogue import Catalogue, TableName

STATES, TAXES = (Reference(TableName("dbo", name), [Column("id", "int")], rows=3) for name in ("states", "taxes"))
POLICY = Policy(TableName("dbo", "policy"), frozenset({(STATES.name, "FILTER")}))
GONE = SchemaMissing("A table does not exist.")


def described(*policies: Policy) -> Described:
    return Described(Catalogue([]), reference=[STATES, TAXES], policies=policies)


def rows(*digests: int) -> Answer:
    return [[{"number": number, "quantity": 3, "digest": digest} for number, digest in enumerate(digests)]]


def session(*both: Answer, **parts: Sequence[Answer]) -> Scripted:
    """Answers what reads both tables one after the other, what reads one of them by its name."""
    alone = {name: parts.get(name, [GONE]) for name in ("states", "taxes")}
    return Scripted({"UNION ALL": both, **{f"[dbo].[{name}]": answers for name, answers in alone.items()}})


class TestReferenceData:
    def test_names_what_is_different(self) -> None:
        batches = session(rows(1, 2), rows(1, 3))
        reference = ReferenceData(described(), batches)

        assert reference.changed(batches) == ["dbo.taxes"]

    @pytest.mark.parametrize("error", [GONE, PersistentFailure("A column does not exist.")])
    def test_looks_at_each_alone_where_one_is_gone(self, error: Exception) -> None:
        batches = session(rows(1, 2), error, states=[rows(1)])
        reference = ReferenceData(described(), batches)

        assert reference.changed(batches) == ["dbo.taxes"]

    def test_sees_rows_that_a_policy_hides(self) -> None:
        batches = session(rows(1, 2))
        reference = ReferenceData(described(POLICY), batches)

        assert reference.changed(batches) == []
        assert all("ALTER SECURITY POLICY [dbo].[policy] WITH (STATE = OFF)" in batch for batch in batches.sent)

    def test_blames_no_table_for_a_policy_that_the_test_dropped(self) -> None:
        batches = session(rows(1, 2), GONE, states=[GONE, rows(1)], taxes=[GONE, rows(2)])
        reference = ReferenceData(described(POLICY), batches)

        assert reference.changed(batches) == []

    def test_asks_nothing_where_there_is_none(self) -> None:
        batches = session()
        reference = ReferenceData(Described(Catalogue([])), batches)

        assert reference.changed(batches) == []
        assert batches.sent == []
