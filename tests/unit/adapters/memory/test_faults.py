from __future__ import annotations

from typing import Any

import pytest
from attrs import define

from corelib.adapters.memory import Faults, ManualClock, MemoryStorage
from corelib.errors import AmbiguousCommit, MisuseError, TransientFailure, UnitOfWorkClosed

DEADLOCK = TransientFailure("deadlock")


@define(eq=False)
class Counter:
    id: str
    value: int = 0


def add(storage: MemoryStorage, identifier: str) -> None:
    begun = storage.begin()
    begun.repository(Counter).add(Counter(identifier))
    begun.commit()


def stored(storage: MemoryStorage) -> list[str]:
    return [counter.id for counter in storage.begin().repository(Counter).list()]


def storage_with(faults: Faults) -> MemoryStorage:
    return MemoryStorage(ManualClock(), faults=faults)


class TestFaults:
    class WhenACommitIsToFail:
        def test_stores_nothing_of_that_one_alone(self) -> None:
            faults = Faults()
            storage = storage_with(faults)
            faults.raise_on("commit", DEADLOCK, nth=2)

            add(storage, "1")
            with pytest.raises(TransientFailure, match="deadlock"):
                add(storage, "2")
            add(storage, "3")

            assert stored(storage) == ["1", "3"]

        def test_has_ended_with_it(self) -> None:
            storage = storage_with(Faults())
            storage.faults.raise_on("commit", DEADLOCK)
            begun = storage.begin()
            begun.repository(Counter).add(Counter("1"))
            with pytest.raises(TransientFailure):
                begun.commit()

            with pytest.raises(UnitOfWorkClosed):
                begun.commit()

        @pytest.mark.parametrize(("kept", "identifiers"), [(True, ["1"]), (False, [])])
        def test_may_have_stored_everything_all_the_same(self, kept: bool, identifiers: list[str]) -> None:
            storage = storage_with(Faults())
            storage.faults.raise_on("commit", AmbiguousCommit("connection lost"), stored=kept)

            with pytest.raises(AmbiguousCommit):
                add(storage, "1")

            assert stored(storage) == identifiers

        def test_does_not_count_transactions_that_nobody_used(self) -> None:
            storage = storage_with(Faults())
            storage.faults.raise_on("commit", DEADLOCK)

            storage.begin().commit()

            with pytest.raises(TransientFailure):
                add(storage, "1")

    class WhenItIsToFailAgainAndAgain:
        def test_fails_as_often_as_it_was_told(self) -> None:
            storage = storage_with(Faults())
            storage.faults.raise_on("commit", DEADLOCK, times=2)

            for identifier in ("1", "2"):
                with pytest.raises(TransientFailure):
                    add(storage, identifier)
            add(storage, "3")

            assert stored(storage) == ["3"]

        def test_fails_until_it_is_told_to_stop(self) -> None:
            storage = storage_with(Faults())
            storage.faults.raise_on("commit", DEADLOCK, times=None)

            for identifier in ("1", "2", "3"):
                with pytest.raises(TransientFailure):
                    add(storage, identifier)
            storage.faults.clear()
            add(storage, "4")

            assert stored(storage) == ["4"]

    class WhenAnotherMomentIsNamed:
        def test_fails_with_the_first_use_of_a_transaction(self) -> None:
            storage = storage_with(Faults())
            storage.faults.raise_on("begin", DEADLOCK)
            begun = storage.begin()

            with pytest.raises(TransientFailure):
                begun.repository(Counter).find("1")

        def test_fails_with_a_statement(self) -> None:
            storage = storage_with(Faults())
            storage.faults.raise_on("statement", DEADLOCK, nth=2)
            counters = storage.begin().repository(Counter)

            assert counters.find("1") is None
            with pytest.raises(TransientFailure):
                counters.count()

        def test_fails_when_something_is_written(self) -> None:
            storage = storage_with(Faults())
            storage.faults.raise_on("flush", DEADLOCK)
            begun = storage.begin()
            begun.flush()
            begun.repository(Counter).add(Counter("1"))

            with pytest.raises(TransientFailure):
                begun.flush()

        def test_leaves_other_moments_alone(self) -> None:
            storage = storage_with(Faults())
            storage.faults.raise_on("statement", DEADLOCK)

            add(storage, "1")

            with pytest.raises(TransientFailure):
                stored(storage)

    class WhenItCannotHappen:
        @pytest.mark.parametrize(
            "options",
            [
                {"moment": "rollback"},
                {"moment": "commit", "nth": 0},
                {"moment": "commit", "times": 0},
                {"moment": "flush", "stored": True},
            ],
        )
        def test_is_refused(self, options: dict[str, Any]) -> None:
            with pytest.raises(MisuseError):
                Faults().raise_on(error=DEADLOCK, **options)
