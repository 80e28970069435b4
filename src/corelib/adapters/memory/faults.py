"""Failures of a store that a test asks for."""

from __future__ import annotations

import threading
from typing import Literal, get_args

from attrs import define

from corelib.errors import MisuseError

Moment = Literal["begin", "statement", "flush", "commit"]
"""When a store may fail: with the first use of a transaction, with a statement that reads or writes, when changes are
written, when they are committed."""


@define
class _Plan:
    moment: Moment
    error: BaseException
    stored: bool
    before: int
    times: int | None


class Faults:
    """Lets a `MemoryStorage` fail when it is told to.

    Example:
        >>> from corelib.adapters.memory import ManualClock, MemoryStorage
        >>> from corelib.errors import TransientFailure
        >>> faults = Faults()
        >>> storage = MemoryStorage(ManualClock(), faults=faults)
        >>> faults.raise_on("commit", TransientFailure("deadlock"), nth=2)
    """

    def __init__(self) -> None:
        self._plans: list[_Plan] = []
        self._lock = threading.Lock()

    def raise_on(
        self, moment: Moment, error: BaseException, *, nth: int = 1, times: int | None = 1, stored: bool = False
    ) -> None:
        """Raise an error when something happens; what was to happen does not.

        Args:
            moment: what has to happen: "begin", "statement", "flush" or "commit". Only transactions that are used
                count, and only flushes with something to write.
            error: what to raise, as `TransientFailure("deadlock")` or `AmbiguousCommit("connection lost")`.
            nth: with which of those that happen from now on, from 1.
            times: how often in a row from there; None for ever.
            stored: of a commit, raise the error behind it: everything is stored, but nobody is told so.

        Raises:
            MisuseError: if that can never happen.
        """
        if moment not in get_args(Moment):
            raise MisuseError(f"There is no moment {moment!r} to fail at.", hint=f"There are: {get_args(Moment)}.")
        if nth < 1 or (times is not None and times < 1):
            raise MisuseError(f"Nothing happens for the {nth}th time, or {times} times.", hint="Count from 1.")
        if stored and moment != "commit":
            raise MisuseError(f"A failed {moment} stores nothing.", hint='Take "commit" with stored=True.')
        with self._lock:
            self._plans.append(_Plan(moment, error, stored, nth - 1, times))

    def clear(self) -> None:
        """Forget what has not happened yet."""
        with self._lock:
            self._plans.clear()

    def happen(self, moment: Moment) -> BaseException | None:
        """Note that something happens; raise if it is to fail, or return the error to raise once it is stored."""
        with self._lock:
            due = [plan for plan in self._plans if plan.moment == moment and _is_due(plan)]
            self._plans = [plan for plan in self._plans if plan.times != 0]
        for plan in due:
            if not plan.stored:
                raise plan.error
        return due[0].error if due else None


def _is_due(plan: _Plan) -> bool:
    if plan.before:
        plan.before -= 1
        return False
    if plan.times is not None:
        plan.times -= 1
    return True
