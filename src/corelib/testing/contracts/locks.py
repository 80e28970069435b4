"""The contract of `corelib.ports.lock.Locks`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences
# ruff: noqa: PT012 - what a lost lock does shows at the end of its block

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import ClassVar

import pytest

from corelib.errors import LockLost, LockNotAvailable, MisuseError, TransientFailure
from corelib.ports.lock import Locks
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import PATIENCE, at_the_same_time, happens

SHORTLY = timedelta(milliseconds=60)
PATIENTLY = timedelta(seconds=PATIENCE)

UNLIKE = [
    ("invoices", "Invoices"),
    ("invoices", "invoices "),
    ("invoices", " invoices"),
    ("caf\u00e9", "cafe\u0301"),
    ("stra\u00dfe", "strasse"),
    ("\U0001f512", "\U0001f513"),
    ("n" * 199 + "1", "n" * 199 + "2"),
    ("\U0001f512" * 199 + "1", "\U0001f512" * 199 + "2"),
]
"""Pairs of names that some engine might take for one: by case, blanks, equivalence of characters, or cut off."""


class Interrupted(Exception):
    """Whatever goes wrong in a block."""


class LocksContract(ContractSuite):
    """One holder at a time; whoever is not alone any more gets to know it."""

    port: ClassVar[str] = "Locks"

    @pytest.fixture
    def locks(self) -> Iterator[Locks]:
        """Return locks that nobody else uses but `others`."""
        raise NotImplementedError

    @pytest.fixture
    def others(self, locks: Locks) -> Locks:
        """Return the locks as another process sees them: over the same store, but by other connections."""
        raise NotImplementedError

    @pytest.fixture
    def lose(self, locks: Locks) -> Callable[[str], None]:
        """Return a function that breaks what the lock of this name hangs on, which `locks` holds."""
        raise NotImplementedError

    class WhenNobodyHoldsTheLock:
        def test_is_granted_without_waiting(self, locks: Locks) -> None:
            with locks.hold("invoices") as held:
                held.check()

        def test_is_granted_with_a_timeout(self, locks: Locks) -> None:
            with locks.hold("invoices", timeout=PATIENTLY) as held:
                held.check()

        def test_knows_name_and_owner(self, locks: Locks) -> None:
            with locks.hold("invoices 2026", owner="nightly run") as held:
                assert (held.name, held.owner) == ("invoices 2026", "nightly run")

        def test_has_an_owner_in_any_case(self, locks: Locks) -> None:
            with locks.hold("invoices") as held:
                assert held.owner

        @pytest.mark.parametrize("name", ["a", " ", "it's [\"%_;--", "\u00fc\U0001f512\n\t", "n" * 200])
        def test_takes_names_of_any_characters(self, locks: Locks, name: str) -> None:
            with locks.hold(name) as held:
                held.check()

                assert held.name == name

        @pytest.mark.parametrize("owner", ["o", "a;Encrypt=no;{b}='c'\"", "\u00fc\U0001f512\n\t", "o" * 100])
        def test_takes_owners_of_any_characters(self, locks: Locks, others: Locks, owner: str) -> None:
            with locks.hold("invoices", owner=owner) as held:
                held.check()

                assert held.owner == owner
                assert is_taken(others, "invoices")

    class WhenAnArgumentIsNotAllowed:
        @pytest.mark.parametrize("name", ["", "n" * 201])
        def test_refuses_the_name(self, locks: Locks, name: str) -> None:
            with pytest.raises(MisuseError, match="name of a lock"), locks.hold(name):
                pass

        @pytest.mark.parametrize("owner", ["", "o" * 101])
        def test_refuses_the_owner(self, locks: Locks, owner: str) -> None:
            with pytest.raises(MisuseError, match="owner of a lock"), locks.hold("invoices", owner=owner):
                pass

        @pytest.mark.parametrize("timeout", [timedelta(microseconds=-1), timedelta(days=1, microseconds=1)])
        def test_refuses_the_timeout(self, locks: Locks, timeout: timedelta) -> None:
            with pytest.raises(MisuseError, match="timeout"), locks.hold("invoices", timeout=timeout):
                pass

    class WhenSomebodyElseHoldsTheLock:
        def test_is_refused_without_waiting(self, locks: Locks, others: Locks) -> None:
            with (
                locks.hold("invoices"),
                pytest.raises(LockNotAvailable, match="'invoices'") as refused,
                others.hold("invoices"),
            ):
                pass

            assert isinstance(refused.value, TransientFailure)
            assert refused.value.name == "invoices"

        def test_is_refused_at_the_end_of_the_timeout(self, locks: Locks, others: Locks) -> None:
            with locks.hold("invoices"), pytest.raises(LockNotAvailable) as refused:
                hold_and_leave(others, "invoices", SHORTLY)

            assert refused.value.waited >= 0.9 * SHORTLY.total_seconds()

        @needs(Capability.HOLDERS)
        def test_tells_who_holds_it(self, locks: Locks, others: Locks) -> None:
            with locks.hold("invoices", owner="nightly-run web1:4711/7"), pytest.raises(LockNotAvailable) as refused:
                hold_and_leave(others, "invoices")

            assert refused.value.holder == "nightly-run web1:4711/7"
            assert "nightly-run web1:4711/7 holds it" in str(refused.value)

        @needs(Capability.HOLDERS)
        def test_tells_who_holds_it_after_waiting(self, locks: Locks, others: Locks) -> None:
            with locks.hold("invoices", owner="nightly-run"), pytest.raises(LockNotAvailable) as refused:
                hold_and_leave(others, "invoices", SHORTLY)

            assert refused.value.holder == "nightly-run"

        @needs(Capability.HOLDERS)
        def test_tells_the_holder_of_this_lock_and_not_of_another(self, locks: Locks, others: Locks) -> None:
            with (
                locks.hold("invoices", owner="the right one"),
                locks.hold("reminders", owner="the wrong one"),
                pytest.raises(LockNotAvailable) as refused,
            ):
                hold_and_leave(others, "invoices")

            assert refused.value.holder == "the right one"

        def test_is_granted_as_soon_as_it_is_free(self, locks: Locks, others: Locks) -> None:
            asks = threading.Event()

            def ask() -> None:
                asks.set()
                hold_and_leave(others, "invoices", PATIENTLY)

            with ThreadPoolExecutor(1) as thread:
                with locks.hold("invoices"):
                    asking = thread.submit(ask)
                    happens(asks)
                asking.result(PATIENCE)

        def test_leaves_the_holder_alone(self, locks: Locks, others: Locks) -> None:
            with locks.hold("invoices") as held:
                assert is_taken(others, "invoices")

                held.check()

    class WhenTheSameThreadAsksAgain:
        def test_is_refused_as_anybody_else(self, locks: Locks) -> None:
            with locks.hold("invoices") as held:
                with pytest.raises(LockNotAvailable):
                    hold_and_leave(locks, "invoices", SHORTLY)

                held.check()

    class WhenNamesDiffer:
        def test_are_held_side_by_side(self, locks: Locks, others: Locks) -> None:
            with locks.hold("invoices") as first, locks.hold("reminders") as second, others.hold("letters") as third:
                first.check()
                second.check()
                third.check()

        @pytest.mark.parametrize(("name", "other"), UNLIKE)
        def test_are_not_taken_for_one(self, locks: Locks, others: Locks, name: str, other: str) -> None:
            with locks.hold(name), others.hold(other) as held:
                held.check()

        def test_are_released_one_by_one(self, locks: Locks, others: Locks) -> None:
            with locks.hold("invoices"):
                with locks.hold("reminders"):
                    pass

                assert not is_taken(others, "reminders")
                assert is_taken(others, "invoices")

    class WhenTheBlockIsLeft:
        def test_is_free(self, locks: Locks, others: Locks) -> None:
            with locks.hold("invoices"):
                pass

            assert not is_taken(others, "invoices")
            assert not is_taken(locks, "invoices")

        def test_is_free_after_an_error_too(self, locks: Locks, others: Locks) -> None:
            with pytest.raises(Interrupted), locks.hold("invoices"):
                raise Interrupted

            assert not is_taken(others, "invoices")

        def test_can_be_taken_many_times(self, locks: Locks, others: Locks) -> None:
            for each in (locks, others) * 10:
                assert not is_taken(each, "invoices")

        def test_cannot_be_checked_any_more(self, locks: Locks) -> None:
            with locks.hold("invoices") as held:
                pass

            with pytest.raises(MisuseError, match="after its block"):
                held.check()

    class WhenManyAsk:
        def test_lets_one_in_at_a_time(self, locks: Locks, others: Locks) -> None:
            inside: list[str] = []
            most: list[int] = []

            def enter(each: Locks) -> None:
                for _ in range(3):
                    with each.hold("invoices", timeout=PATIENTLY) as held:
                        inside.append(held.owner)
                        held.check()
                        most.append(len(inside))
                        inside.pop()

            at_the_same_time(*[lambda each=each: enter(each) for each in (locks, others) * 2])

            assert most == [1] * 12

        def test_grants_it_to_one_of_those_who_do_not_wait(self, locks: Locks, others: Locks) -> None:
            all_have_asked = threading.Barrier(4)

            def ask(each: Locks) -> bool:
                try:
                    with each.hold("invoices"):
                        all_have_asked.wait(PATIENCE)
                        return True
                except LockNotAvailable:
                    all_have_asked.wait(PATIENCE)
                    return False

            answers = at_the_same_time(*[lambda each=each: ask(each) for each in (locks, others) * 2])

            assert sorted(answers) == [False, False, False, True]

        def test_can_check_a_lock_from_many_threads(self, locks: Locks) -> None:
            with locks.hold("invoices") as held:
                at_the_same_time(*[held.check] * 4)

    class WhenTheLockIsLost:
        def test_says_so_when_it_is_checked(self, locks: Locks, lose: Callable[[str], None]) -> None:
            with pytest.raises(LockLost, match="'invoices'") as lost, locks.hold("invoices") as held:
                lose("invoices")

                held.check()

            assert lost.value.name == "invoices"

        def test_says_so_at_the_end_of_the_block(self, locks: Locks, lose: Callable[[str], None]) -> None:
            reached = False

            with pytest.raises(LockLost), locks.hold("invoices"):
                lose("invoices")
                reached = True

            assert reached

        def test_says_so_at_the_end_although_the_check_was_survived(
            self, locks: Locks, lose: Callable[[str], None]
        ) -> None:
            with pytest.raises(LockLost), locks.hold("invoices") as held:
                lose("invoices")
                for _ in range(2):
                    with pytest.raises(LockLost):
                        held.check()

        def test_does_not_hide_the_error_of_the_block(self, locks: Locks, lose: Callable[[str], None]) -> None:
            with pytest.raises(Interrupted), locks.hold("invoices"):
                lose("invoices")
                raise Interrupted

        def test_is_free_for_others(self, locks: Locks, others: Locks, lose: Callable[[str], None]) -> None:
            with pytest.raises(LockLost), locks.hold("invoices") as held:
                lose("invoices")

                with others.hold("invoices", timeout=PATIENTLY) as theirs, pytest.raises(LockLost):
                    theirs.check()
                    held.check()

        def test_stays_with_those_who_got_it_meanwhile(
            self, locks: Locks, others: Locks, lose: Callable[[str], None]
        ) -> None:
            with ExitStack() as block:
                with pytest.raises(LockLost), locks.hold("invoices"):
                    lose("invoices")
                    theirs = block.enter_context(others.hold("invoices", timeout=PATIENTLY))

                theirs.check()
                assert is_taken(others, "invoices")


def hold_and_leave(locks: Locks, name: str, timeout: timedelta = timedelta(0)) -> None:
    """Hold a lock for a moment."""
    with locks.hold(name, timeout=timeout):
        pass


def is_taken(locks: Locks, name: str) -> bool:
    """Return whether a lock cannot be had at once."""
    try:
        hold_and_leave(locks, name)
    except LockNotAvailable:
        return True
    return False
