"""What fakes of outside services have in common: they remember calls, and answer as a test has told them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from attrs import define, field, frozen

from corelib.errors import MisuseError

R = TypeVar("R")


@frozen
class Call:
    """One call of a fake: of which method, with what.

    Args:
        method: its name.
        arguments: by their names.
    """

    method: str
    arguments: Mapping[str, object]


@define
class _Plan:
    method: str
    act: Callable[[], object]
    nth: int
    times: int | None
    after: bool

    def covers(self, call: int) -> bool:
        return self.nth <= call and (self.times is None or call < self.nth + self.times)


@define
class _Script:
    calls: list[Call] = field(factory=list)
    plans: list[_Plan] = field(factory=list)
    lock: threading.Lock = field(factory=threading.Lock)

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)


class ScriptedFake:
    """Base of a fake: a test reads its calls, and says what single calls answer.

    Without such words a fake does what its port promises. Subclasses pass every method through `played`.

    Example:
        >>> class FakePostOffice(ScriptedFake):
        ...     def send(self, letter: str) -> str:
        ...         return self.played("send", lambda: f"sent {letter}", letter=letter)
        >>> office = FakePostOffice()
        >>> office.will_raise("send", TimeoutError("no answer"), nth=2)
        >>> office.send("one")
        'sent one'
        >>> office.send("two")
        Traceback (most recent call last):
        TimeoutError: no answer
        >>> [call.arguments["letter"] for call in office.calls]
        ['one', 'two']
    """

    def __init__(self) -> None:
        self.__script = _Script()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Return all calls since the last reset, in their order, those that failed included."""
        with self.__script.lock:
            return tuple(self.__script.calls)

    def calls_of(self, method: str) -> tuple[Call, ...]:
        """Return the calls of one method."""
        return tuple(call for call in self.calls if call.method == method)

    def will_answer(self, method: str, answer: object, *, nth: int = 1, times: int | None = 1) -> None:
        """Have calls answered with a value, without anything else happening.

        Args:
            method: which one.
            answer: what it returns.
            nth: from which of its next calls on, from 1.
            times: how often in a row from there; None for ever.

        Raises:
            MisuseError: if there is no such method, or that can never happen.
        """
        self.__plan(method, lambda: answer, nth, times)

    def will_raise(
        self, method: str, error: BaseException, *, nth: int = 1, times: int | None = 1, after: bool = False
    ) -> None:
        """Have calls fail.

        Args:
            method: which one.
            error: what it raises.
            nth: from which of its next calls on, from 1.
            times: how often in a row from there; None for ever.
            after: let everything happen first, so that only the answer is lost.

        Raises:
            MisuseError: as for `will_answer`.
        """

        def fail() -> object:
            raise error

        self.__plan(method, fail, nth, times, after=after)

    def reset(self) -> None:
        """Forget calls, answers and everything that was done, as if the fake were new."""
        with self.__script.lock:
            self.__script.calls.clear()
            self.__script.plans.clear()
        self._forget()

    def played(self, method: str, act: Callable[[], R], /, **arguments: object) -> R:
        """Note a call, and answer it as the test has said, else by doing what the fake does.

        Args:
            method: its name.
            act: what the fake does.
            arguments: to remember.
        """
        plan = self.__noted(Call(method, arguments))
        if plan is None:
            return act()
        if plan.after:
            act()
        return cast("R", plan.act())

    def _forget(self) -> None:
        """Forget everything that was done; a fake with a state of its own overrides this."""

    def __noted(self, call: Call) -> _Plan | None:
        script = self.__script
        with script.lock:
            script.calls.append(call)
            number = script.count(call.method)
            plans = [plan for plan in script.plans if plan.method == call.method and plan.covers(number)]
        return plans[-1] if plans else None

    def __plan(
        self,
        method: str,
        act: Callable[[], object],
        nth: int,
        times: int | None,
        *,
        after: bool = False,
    ) -> None:
        if method.startswith("_") or not callable(getattr(type(self), method, None)):
            raise MisuseError(f"{type(self).__name__} has no method {method!r}.", hint="Name one of the port's.")
        if nth < 1 or (times is not None and times < 1):
            raise MisuseError(f"Nothing happens for the {nth}th time, or {times} times.", hint="Count from 1.")
        with self.__script.lock:
            done = self.__script.count(method)
            self.__script.plans.append(_Plan(method, act, done + nth, times, after))
