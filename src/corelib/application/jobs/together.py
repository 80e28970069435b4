"""Many threads ask for the same at once: one of them does it for all who wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from attrs import define, field

Q = TypeVar("Q")
R = TypeVar("R")


def _taken_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@define(eq=False)
class _Ticket(Generic[Q, R]):
    """A request; its thread waits for the lock, which is let go when there is an answer or it is to call itself."""

    request: Q
    answers: Sequence[R] = ()
    awaited: threading.Lock = field(factory=_taken_lock)


class Together(Generic[Q, R]):
    """Answers a request alone if nobody else waits, and together with those that wait while another call is under way.

    Nobody waits for company: what comes during a call is answered by the next one.

    Args:
        call: answers requests, in their order; one caller at a time.
    """

    def __init__(self, call: Callable[[Sequence[Q]], Sequence[R]]) -> None:
        self._call = call
        self._guard = threading.Lock()
        self._busy = False
        self._waiting: list[_Ticket[Q, R]] = []

    def ask(self, request: Q) -> R:
        """Return the answer to a request.

        If a call fails, only the thread that made it gets the error; the others whose requests were in it ask anew.
        """
        ticket: _Ticket[Q, R] = _Ticket(request)
        with self._guard:
            calls = not self._busy
            if calls:
                self._busy = True
            else:
                self._waiting.append(ticket)
        if not calls:
            ticket.awaited.acquire()
        if not ticket.answers:
            self._answer(ticket)
        return ticket.answers[0]

    def _answer(self, own: _Ticket[Q, R]) -> None:
        """Call for this ticket and all that wait, and have the next thread call for those that came meanwhile."""
        with self._guard:
            others, self._waiting = self._waiting, []
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

    def _hand_over(self) -> None:
        with self._guard:
            self._busy = bool(self._waiting)
            if not self._busy:
                return
            following = self._waiting.pop(0)
        following.awaited.release()
