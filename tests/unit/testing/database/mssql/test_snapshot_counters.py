from __future__ import annotations

from datetime import timedelta

import pytest

from corelib.testing.database.model import Identity
from corelib.testing.database.mssql.rows import Row
from corelib.testing.database.mssql.snapshot_counters import counting, starts_after
from corelib.testing.database.planning.catalogue import Counter, Table, TableName
from corelib.testing.database.planning.reset_plan import ResetPlan, Step

ORDERS, STATES = TableName("dbo", "orders"), TableName("dbo", "states")


def plan_of(counter: Counter) -> ResetPlan:
    return ResetPlan((Step((Table(ORDERS, counters=(counter,)),), ()),), (Table(STATES, True, (counter,)),))


def last(table: TableName, value: int) -> Row:
    names = {"schema_name": table.schema, "table_name": table.name, "column_name": "id"}
    return Row({**names, "last_value": value})


class TestStartsAfter:
    def test_leaves_everything_to_the_revert_where_counters_start_anew(self) -> None:
        assert starts_after(plan_of(Counter("id")), Identity.RESEED, [last(ORDERS, 7)]) is None

    def test_goes_on_after_the_last_value_of_every_table(self) -> None:
        found = [last(ORDERS, 7), last(STATES, 51)]

        starts = starts_after(plan_of(Counter("id", increment=10)), Identity.KEEP, found)

        assert starts == {(ORDERS, "id"): 17, (STATES, "id"): 61}

    def test_leaves_a_counter_alone_that_generated_nothing_or_that_a_test_made(self) -> None:
        starts = starts_after(plan_of(Counter("id")), Identity.KEEP, [last(TableName("dbo", "made"), 7)])

        assert starts == {}

    @pytest.mark.parametrize(("increment", "value"), [(1, 255), (-1, 0), (2, 254)])
    def test_stays_at_the_end_of_the_type(self, increment: int, value: int) -> None:
        counter = Counter("id", increment=increment, minimum=0, maximum=255)

        starts = starts_after(plan_of(counter), Identity.KEEP, [last(ORDERS, value)])

        assert starts == {(ORDERS, "id"): value}

    def test_spreads_the_tables_that_are_empty_in_the_template(self) -> None:
        starts = starts_after(plan_of(Counter("id")), Identity.SPREAD, [])

        assert starts == {(ORDERS, "id"): 1001}


class TestCounting:
    def test_is_nothing_where_there_are_no_counters(self) -> None:
        assert counting(ResetPlan(()), {}, timedelta(seconds=2)) == ""

    def test_waits_for_locks_as_long_as_it_is_told(self) -> None:
        text = counting(plan_of(Counter("id")), {(ORDERS, "id"): 8}, timedelta(milliseconds=300))

        assert "SET LOCK_TIMEOUT 300;" in text
