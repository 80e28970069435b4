from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

from contextlib import AbstractContextManager
from types import TracebackType

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from corelib.adapters.memory import MemoryLocks
from corelib.errors import LockLost, LockNotAvailable
from corelib.ports.lock import HeldLock

NAMES = st.sampled_from(["a", "A", "a "])
PLACES = st.integers(0, 9)


@frozen(eq=False)
class Block:
    """A block that has been entered; the machine leaves it in whatever order it likes."""

    manager: AbstractContextManager[HeldLock]
    held: HeldLock


class Interleavings(RuleBasedStateMachine):
    """Many enter and leave blocks in any order, and locks are taken away; a plain dictionary says who is right."""

    def __init__(self) -> None:
        super().__init__()
        self.locks = MemoryLocks()
        self.blocks: list[Block] = []
        self.holders: dict[str, Block] = {}

    @rule(name=NAMES)
    def enter(self, name: str) -> None:
        manager = self.locks.hold(name)

        try:
            held = manager.__enter__()
        except LockNotAvailable:
            assert name in self.holders
        else:
            assert name not in self.holders
            self.holders[name] = Block(manager, held)
            self.blocks.append(self.holders[name])

    @rule(place=PLACES, error=st.sampled_from([None, ValueError()]))
    def leave(self, place: int, error: ValueError | None) -> None:
        if place >= len(self.blocks):
            return
        block = self.blocks.pop(place)
        was_right = self.holders.get(block.held.name) is block

        raised = outcome_of(block, error)

        assert raised is (type(error) if error else None if was_right else LockLost)
        if was_right:
            del self.holders[block.held.name]

    @rule(name=NAMES)
    def lose(self, name: str) -> None:
        self.locks.lose(name)

        self.holders.pop(name, None)

    @invariant()
    def only_the_holders_pass_the_check(self) -> None:
        passing = [block for block in self.blocks if passes(block)]

        assert set(passing) == set(self.holders.values())


def outcome_of(block: Block, error: Exception | None) -> type[Exception] | None:
    """Leave the block, with an error if one is given, and return what comes out of it."""
    traceback: TracebackType | None = None
    try:
        swallowed = block.manager.__exit__(type(error) if error else None, error, traceback)
    except (LockLost, ValueError) as raised:
        return type(raised)
    assert not swallowed
    return type(error) if error else None


def passes(block: Block) -> bool:
    try:
        block.held.check()
    except LockLost:
        return False
    return True


TestInterleavings = Interleavings.TestCase
