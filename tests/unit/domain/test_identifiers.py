from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

from corelib.domain.identifiers import new_id


def some_ids(_: int) -> list[UUID]:
    return [new_id() for _ in range(500)]


class TestNewId:
    def test_is_a_uuid_of_version_7(self) -> None:
        identifiers = [new_id() for _ in range(100)]

        assert {identifier.version for identifier in identifiers} == {7}
        assert {identifier.variant for identifier in identifiers} == {RFC_4122}

    def test_begins_with_the_milliseconds_since_1970(self) -> None:
        before = time.time_ns() // 1_000_000

        identifier = new_id()

        assert before <= identifier.int >> 80 <= time.time_ns() // 1_000_000

    def test_sorts_by_the_order_of_making(self) -> None:
        identifiers = [new_id() for _ in range(5000)]

        assert identifiers == sorted(identifiers)
        assert [str(identifier) for identifier in identifiers] == sorted(map(str, identifiers))

    def test_ends_in_random_bits(self) -> None:
        tails = [new_id().int & (1 << 62) - 1 for _ in range(1000)]

        assert len(set(tails)) == 1000
        assert all(0.4 < sum(tail >> bit & 1 for tail in tails) / 1000 < 0.6 for bit in range(62))

    class WhenManyThreadsMakeThem:
        def test_gives_none_twice(self) -> None:
            with ThreadPoolExecutor(8) as threads:
                made = [identifier for ids in threads.map(some_ids, range(16)) for identifier in ids]

            assert len(set(made)) == 16 * 500

        def test_sorts_them_by_the_order_within_each_thread(self) -> None:
            with ThreadPoolExecutor(8) as threads:
                made = list(threads.map(some_ids, range(16)))

            assert all(ids == sorted(ids) for ids in made)
