"""The locks of the fake with several threads."""

from __future__ import annotations

import threading
from datetime import timedelta

from attrs import define

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.errors import RowLocked, TransientFailure
from corelib.ports.repository import Locking
from corelib.ports.storage import Isolation, Terms
from corelib.testing.contracts.arranging import transaction, undone
from corelib.testing.contracts.waiting import PATIENCE, at_the_same_time

PATIENTLY = timedelta(seconds=PATIENCE)


@define(eq=False)
class Account:
    id: str
    amount: int = 0


def storage_with(*identifiers: str) -> MemoryStorage:
    storage = MemoryStorage(ManualClock())
    with transaction(storage) as begun:
        begun.repository(Account).add_many(Account(identifier) for identifier in identifiers)
    return storage


class TestRowLocks:
    class WhenThreeWaitInACircle:
        def test_gives_up_one_and_lets_the_others_go_on(self) -> None:
            names = ["a", "b", "c"]
            storage = storage_with(*names)
            all_hold = threading.Barrier(3)

            def chain(mine: str, next_one: str) -> str:
                try:
                    with transaction(storage, Terms(lock_timeout=PATIENTLY)) as begun:
                        accounts = begun.repository(Account)
                        accounts.get(mine, lock=Locking.WAIT)
                        all_hold.wait(PATIENCE)
                        accounts.get(next_one, lock=Locking.WAIT).amount += 1
                except RowLocked:
                    return "timed out"
                except TransientFailure:
                    return "deadlock"
                return "done"

            outcomes = at_the_same_time(
                *(lambda pair=pair: chain(*pair) for pair in zip(names, [*names[1:], names[0]], strict=True))
            )

            assert sorted(outcomes) == ["deadlock", "done", "done"]

    class WhenChangesMeet:
        def test_counts_none_twice_and_loses_none(self) -> None:
            storage = storage_with("a")

            def add() -> int:
                done = 0
                while done < 20:
                    try:
                        with transaction(storage, Terms(lock_timeout=PATIENTLY, isolation=Isolation.SNAPSHOT)) as begun:
                            begun.repository(Account).get("a").amount += 1
                    except TransientFailure:
                        continue
                    done += 1
                return done

            total = sum(at_the_same_time(add, add, add))

            with undone(storage) as begun:
                assert begun.repository(Account).get("a").amount == total == 60

    class WhenTwoAddTheSame:
        def test_has_the_second_wait_for_the_first_and_refuses_it(self) -> None:
            storage = storage_with()

            def add() -> str:
                try:
                    with transaction(storage, Terms(lock_timeout=PATIENTLY)) as begun:
                        begun.repository(Account).add(Account("a"))
                        begun.flush()
                except Exception as error:  # noqa: BLE001 - its class is the answer
                    return type(error).__name__
                return "added"

            assert sorted(at_the_same_time(add, add)) == ["AlreadyExists", "added"]
