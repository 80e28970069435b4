from __future__ import annotations

from datetime import timedelta

import pytest

from corelib.testing.factories import Source


def sample(source: Source) -> list[object]:
    return [source.instant(), source.day(), source.span(), source.uuid(), source.random.random()]


class TestSource:
    class WhenTheSeedIsTheSame:
        def test_gives_the_same_values(self) -> None:
            assert sample(Source(seed=7)) == sample(Source(seed=7))

    class WhenTheSeedDiffers:
        def test_gives_other_values(self) -> None:
            assert sample(Source(seed=7)) != sample(Source(seed=8))

    class WhenNumbersAreAskedFor:
        def test_counts_each_kind_by_itself(self) -> None:
            source = Source()

            numbers = [source.number(kind) for kind in ("order", "order", "user", "order")]

            assert numbers == [1, 2, 1, 3]

        def test_gives_each_worker_its_own(self) -> None:
            sources = [Source(worker=worker) for worker in ("", "gw0", "gw1", "gw11")]

            numbers = {source.number("order") for source in sources for _ in range(1000)}

            assert len(numbers) == 4000

        def test_makes_texts_and_addresses_of_them(self) -> None:
            source = Source(worker="gw0")

            assert source.text("order") == "order-1000001"
            assert source.email() == "user-1000001@example.org"

    class WhenInstantsAreAskedFor:
        def test_have_the_time_zone_utc_and_no_microseconds(self) -> None:
            source = Source()

            instants = [source.instant() for _ in range(100)]

            assert {instant.utcoffset() for instant in instants} == {timedelta(0)}
            assert {instant.microsecond for instant in instants} == {0}

    class WhenAClassIsProvided:
        def test_prefers_that_to_its_own(self) -> None:
            source = Source()
            span = timedelta(minutes=5)

            source.provide(timedelta, lambda: span)

            assert source.makers[timedelta]() is span

    @pytest.mark.parametrize("worker", ["", "main"])
    def test_takes_a_worker_without_a_number_for_the_only_one(self, worker: str) -> None:
        assert Source(worker=worker).number("order") == 1
