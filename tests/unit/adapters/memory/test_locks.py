from __future__ import annotations

from datetime import timedelta

# ruff: noqa: PT012 - what a lost lock does shows at the end of its block
import pytest

from corelib.adapters.memory import MemoryLocks
from corelib.errors import LockLost, LockNotAvailable, MisuseError

INSTANT = timedelta(milliseconds=1)


class TestMemoryLocks:
    class WhenTheLockIsTaken:
        def test_tells_who_holds_it(self) -> None:
            locks = MemoryLocks()

            with (
                locks.hold("invoices", owner="nightly run"),
                pytest.raises(LockNotAvailable) as refused,
                locks.hold("invoices"),
            ):
                pass

            assert (refused.value.name, refused.value.holder) == ("invoices", "nightly run")

        def test_waits_no_longer_than_it_is_told(self) -> None:
            locks = MemoryLocks()

            with (
                locks.hold("invoices"),
                pytest.raises(LockNotAvailable) as refused,
                locks.hold("invoices", timeout=INSTANT),
            ):
                pass

            assert refused.value.waited >= INSTANT.total_seconds()

    class WhenTheBlockIsLeft:
        def test_is_free(self) -> None:
            locks = MemoryLocks()
            with locks.hold("invoices"):
                pass

            with locks.hold("invoices") as held:
                held.check()

        def test_is_free_after_an_error_too(self) -> None:
            locks = MemoryLocks()
            with pytest.raises(ZeroDivisionError), locks.hold("invoices"):
                _ = 1 / 0

            with locks.hold("invoices") as held:
                held.check()

        def test_cannot_be_checked_any_more(self) -> None:
            with MemoryLocks().hold("invoices") as held:
                pass

            with pytest.raises(MisuseError, match="'invoices' was checked after its block"):
                held.check()

    class WhenATestTakesTheLockAway:
        def test_tells_the_holder(self) -> None:
            locks = MemoryLocks()

            with pytest.raises(LockLost, match="it was taken away"), locks.hold("invoices") as held:
                locks.lose("invoices")
                held.check()

        def test_tells_him_at_the_end_of_the_block(self) -> None:
            locks = MemoryLocks()

            with pytest.raises(LockLost), locks.hold("invoices"):
                locks.lose("invoices")

        def test_tells_him_also_if_another_has_it_by_then(self) -> None:
            locks = MemoryLocks()
            first, second = locks.hold("invoices"), locks.hold("invoices")
            first.__enter__()
            locks.lose("invoices")
            theirs = second.__enter__()

            with pytest.raises(LockLost):
                first.__exit__(None, None, None)

            theirs.check()
            second.__exit__(None, None, None)

        def test_changes_nothing_where_nobody_holds_it(self) -> None:
            locks = MemoryLocks()

            locks.lose("invoices")

            with locks.hold("invoices") as held:
                held.check()
