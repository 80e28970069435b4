from __future__ import annotations

from collections.abc import Sequence

import pytest

pytest.importorskip("hypothesis")


from hypothesis import given
from hypothesis import strategies as st

from corelib.testing.database.planning.catalogue import Counter, Table, TableName
from corelib.testing.database.planning.spread import spread

SMALL, TINY = 2**15 - 1, 255


def tables(*counters: Counter) -> Sequence[Table]:
    """A table for each counter: t00, t01, ..."""
    return [Table(TableName("app", f"t{n:02}"), counters=(each,)) for n, each in enumerate(counters)]


def first_keys(*counters: Counter) -> Sequence[int]:
    starts = spread(tables(*counters))
    return [starts[table.name, table.counters[0].column] for table in tables(*counters)]


class TestSpread:
    class WhenThereIsRoom:
        def test_starts_are_a_thousand_apart(self) -> None:
            assert first_keys(Counter("id"), Counter("id"), Counter("id")) == [1001, 2001, 3001]

        def test_do_not_depend_on_the_order_of_the_tables(self) -> None:
            known = tables(*[Counter("id")] * 5)

            assert spread(known) == spread(list(reversed(known)))

        def test_leave_room_for_a_thousand_steps(self) -> None:
            assert first_keys(Counter("id", increment=10), Counter("id", increment=10)) == [10001, 20001]

        def test_count_each_counter_of_a_table(self) -> None:
            table = Table(TableName("app", "orders"), counters=(Counter("id"), Counter("number")))

            assert spread([table]) == {(table.name, "id"): 1001, (table.name, "number"): 2001}

    class WhenATypeIsNarrow:
        def test_are_closer_together_and_come_first(self) -> None:
            found = first_keys(Counter("id"), *[Counter("id", maximum=TINY)] * 4)

            assert found == [1205, 52, 103, 154, 205]

        def test_are_shared_where_there_are_more_counters_than_keys(self) -> None:
            found = first_keys(*[Counter("id", maximum=5)] * 20)

            assert set(found) == {1, 2, 3, 4, 5}

    class WhenAKeyCountsDownward:
        def test_start_below_zero(self) -> None:
            down = Counter("id", start=-1, increment=-1, minimum=-(2**31), maximum=-1)

            assert first_keys(down, down, Counter("id")) == [-1001, -2001, 1001]

    class WhenCountersAreOfAllKinds:
        @given(st.lists(st.sampled_from([TINY, SMALL, 2**31 - 1, 2**63 - 1]), max_size=60))
        def test_twenty_keys_of_each_are_within_its_range_and_no_two_are_equal_while_the_types_have_room(
            self, limits: list[int]
        ) -> None:
            narrowest = [limit for limit in limits if limit == TINY][:10]
            counters = [Counter("id", maximum=limit) for limit in [*narrowest, *(x for x in limits if x != TINY)]]

            keys = [key for first in first_keys(*counters) for key in range(first, first + 20)]

            assert len(keys) == len(set(keys))
            assert all(first <= each.maximum for first, each in zip(first_keys(*counters), counters, strict=True))
