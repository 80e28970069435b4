"""Where the threads of a worker get their jobs from, and where they bring them back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from attrs import frozen

from corelib.application.jobs.together import Together
from corelib.domain.job import Claim, JobResult
from corelib.ports.job_claims import Intake
from corelib.ports.job_store import JobStore


@frozen
class _Wish:
    """What a thread asks for: a run to be completed, a next job, or both."""

    ended: Claim | None = None
    result: JobResult | None = None
    takes: bool = True


@frozen
class Grant:
    """What it gets.

    Args:
        completed: whether the claim of the run that has ended held its job still.
        claim: the next job; None if nothing may begin now.
        answered: False if the store failed when it was asked for a next job: ask again.
    """

    completed: bool = False
    claim: Claim | None = None
    answered: bool = True


class JobIntake:
    """Claims the best due job of a queue for each thread that asks, and completes runs that have changed nothing.

    Threads that ask at once are served by one call. So a worker with n threads claims up to n jobs in one statement,
    and never one that no thread is free for; and who completes a run gets the next job by the same call.

    Args:
        store: where the jobs are.
        worker: who claims, for the record.
        lease: tells how long a claim holds without a heartbeat.
    """

    def __init__(
        self, store: JobStore, *, worker: str | None = None, lease: Callable[[], timedelta | None] = lambda: None
    ) -> None:
        self._store = store
        self._worker = worker
        self._lease = lease
        self._guard = threading.Lock()
        self._by_queue: dict[str, Together[_Wish, Grant]] = {}
        self._held_back: set[str] = set()

    def take(self, queue: str) -> Claim | None:
        """Return a claim, or None if nothing may begin now."""
        while not (grant := self._of(queue).ask(_Wish())).answered:
            pass
        return grant.claim

    def complete(self, claim: Claim, result: JobResult | None = None, *, take: bool = False) -> Grant:
        """Complete a run with what its handler returned, and take the next job of its queue if that is wanted."""
        return self._of(claim.job.queue).ask(_Wish(claim, result, take))

    def held_back(self) -> list[str]:
        """Return the queues whose limits kept jobs back, and forget them: somebody is to ask again."""
        with self._guard:
            queues, self._held_back = sorted(self._held_back), set()
        return queues

    def _of(self, queue: str) -> Together[_Wish, Grant]:
        with self._guard:
            together = self._by_queue.get(queue)
            if together is None:
                together = self._by_queue[queue] = Together(partial(self._grant, queue))
        return together

    def _grant(self, queue: str, wishes: Sequence[_Wish]) -> list[Grant]:
        ended = [wish.ended for wish in wishes if wish.ended is not None]
        wanted = sum(wish.takes for wish in wishes)
        results = {wish.ended.token: wish.result for wish in wishes if wish.ended and wish.result is not None}
        turn = self._store.take_turns(
            ended, queue, limit=wanted, results=results, worker=self._worker, lease=self._lease()
        )
        intake = turn.intake or Intake()
        if intake.held_back:
            with self._guard:
                self._held_back.add(queue)
        completed, claims = iter(turn.completed), iter(intake.claims)
        return [
            Grant(
                completed=wish.ended is not None and next(completed),
                claim=next(claims, None) if wish.takes else None,
                answered=turn.intake is not None or not wish.takes,
            )
            for wish in wishes
        ]
