"""A simulated process, which can be killed or made to fail between any two steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from attrs import define, field

from corelib.adapters.memory.locks import MemoryHeldLock, MemoryLocks
from corelib.ports.lock import NO_WAIT
from corelib.testing.database.memory.world import MemoryWorld


class Killed(BaseException):
    """The process was killed. No cleaning up gets any further: whatever the process tries next raises this again."""


@define(eq=False)
class MemoryProcess:
    """Uses a world until it is killed, as `kill -9` does: its locks and leases are free at once, all else stays.

    Args:
        world: shared with the others.
        between: called after each of its steps: what others do meanwhile.
        steps: the changes that it has made so far, as `create` or `registry.record`.
    """

    world: MemoryWorld
    between: Callable[[], object] | None = None
    steps: list[str] = field(factory=list, init=False)
    is_dead: bool = field(default=False, init=False)
    _dies_after: int | None = field(default=None, init=False)
    _errors: dict[int, BaseException] = field(factory=dict, init=False)
    _held: list[tuple[MemoryLocks, MemoryHeldLock]] = field(factory=list, init=False)

    def die_after(self, steps: int) -> None:
        """Be killed when so many more steps are done; 0 is before the next."""
        self._dies_after = len(self.steps) + steps

    def fail_at(self, step: int, error: BaseException) -> None:
        """Raise an error in the place of one of the next steps; 0 is the next."""
        self._errors[len(self.steps) + step] = error

    def kill(self) -> None:
        """Be killed now."""
        self.is_dead = True
        for locks, held in self._held:
            if locks.is_held(held):
                locks.lose(held.name)
        self._held.clear()

    def step(self, name: str, change: Callable[[], object]) -> None:
        """Make one change, unless the process is dead or was told to die or to fail here."""
        self.live()
        number = len(self.steps)
        if self._dies_after == number:
            self._die()
        self.steps.append(name)
        if number in self._errors:
            raise self._errors[number]
        with self.world.guard:
            change()
        if self._dies_after == number + 1:
            self._die()
        if self.between is not None:
            self.between()

    def live(self) -> None:
        """Make sure that the process lives.

        Raises:
            Killed: if it does not.
        """
        if self.is_dead:
            raise Killed

    @contextmanager
    def hold(
        self, locks: MemoryLocks, name: str, timeout: timedelta = NO_WAIT, owner: str | None = None
    ) -> Iterator[MemoryHeldLock]:
        """Hold a lock of the world within the block, for as long as the process lives."""
        self.live()
        with locks.hold(name, timeout=timeout, owner=owner) as held:
            entry = (locks, held)
            self._held.append(entry)
            try:
                yield held
            finally:
                if entry in self._held:
                    self._held.remove(entry)

    def _die(self) -> None:
        self.kill()
        raise Killed
