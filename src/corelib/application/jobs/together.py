"""Many threads ask for the same at once: one of them does it for all who wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from attrs import define, field

Q = TypeVar("Q")
R = TypeVar("R")

PATIENCE = 0.002
"""For so many seconds after each arrival somebody waits for the next one."""

BRIEF = 0.005
"""Who comes back after longer than that waits for nobody: the work itself takes more than what waiting would save."""

CALLS_ALONE = 16
"""So many calls are made at once after one that waited for nobody."""


def _taken_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@define(eq=False)
class _Ticket(Generic[Q, R]):
    """A request; its thread waits for the lock, which is let go when there is an answer or it is to call itself."""

    request: Q
    brief: bool
    answers: Sequence[R] = ()
    awaited: threading.Lock = field(factory=_taken_lock)


class Together(Generic[Q, R]):
    """Answers a request alone if nobody else waits, and together with those that wait while another call is under way.

    A thread that comes back soon after its last answer also waits for the others who got theirs with it, as long as
    they keep coming: a few milliseconds at most. Each call costs what several requests together cost, so with work that
    is done in no time this saves more than it takes. Whoever comes back late, or for the first time, calls at once.

    Args:
        call: answers requests, in their order; one caller at a time.
        patience: how long to wait for the next one, in seconds.
        brief: how soon a thread has to come back to wait at all, in seconds.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        call: Callable[[Sequence[Q]], Sequence[R]],
        *,
        patience: float = PATIENCE,
        brief: float = BRIEF,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._call = call
        self._patience = patience
        self._brief = brief
        self._now = now
        self._guard = threading.Lock()
        self._busy = False
        self._waiting: list[_Ticket[Q, R]] = []
        self._of_thread = threading.local()
        self._expected = 0
        self._alone = 0
        self._gathered = threading.Event()

    def ask(self, request: Q) -> R:
        """Return the answer to a request.

        If a call fails, only the thread that made it gets the error; the others whose requests were in it ask anew.
        """
        ticket: _Ticket[Q, R] = _Ticket(request, self._comes_back_soon())
        with self._guard:
            calls = not self._busy
            if calls:
                self._busy = True
            else:
                self._waiting.append(ticket)
                if len(self._waiting) >= self._expected:
                    self._gathered.set()
        if not calls:
            ticket.awaited.acquire()
        if not ticket.answers:
            self._answer(ticket)
        self._of_thread.answered_at = self._now()
        return ticket.answers[0]

    def _comes_back_soon(self) -> bool:
        answered_at: float = getattr(self._of_thread, "answered_at", float("-inf"))
        return self._now() - answered_at < self._brief

    def _answer(self, own: _Ticket[Q, R]) -> None:
        """Call for this ticket and all that wait, and have the next thread call for those that came meanwhile."""
        if own.brief:
            self._gather()
        with self._guard:
            others, self._waiting = self._waiting, []
            self._expected = max(len(others), self._expected - 1)
        tickets = [own, *others]
        try:
            answers = self._call([ticket.request for ticket in tickets])
        except BaseException:
            with self._guard:
                self._waiting = [*others, *self._waiting]
            others = []
            raise
        else:
            for ticket, answer in zip(tickets, answers, strict=True):
                ticket.answers = (answer,)
        finally:
            self._hand_over()
            for ticket in others:
                ticket.awaited.release()

    def _gather(self) -> None:
        """Wait until as many others are there as lately were, or no more come."""
        with self._guard:
            before = seen = len(self._waiting)
            if self._alone or before >= self._expected:
                self._alone = max(0, self._alone - 1)
                return
            self._gathered.clear()
        while not self._gathered.wait(self._patience) and len(self._waiting) > seen:
            seen = len(self._waiting)
        if len(self._waiting) == before:
            self._alone = CALLS_ALONE

    def _hand_over(self) -> None:
        with self._guard:
            self._busy = bool(self._waiting)
            if not self._busy:
                return
            following = self._waiting.pop(0)
        following.awaited.release()
