"""The time that a thread spends with the jobs of one queue."""

from __future__ import annotations

from collections.abc import Callable

from corelib.application.jobs.intake import JobIntake
from corelib.domain.job import Claim, JobResult


def only_one() -> bool:
    """Say that a thread takes no further job."""
    return False


class Shift:
    """Hands jobs of a queue to a thread, one after another.

    Args:
        intake: where the jobs come from.
        queue: which.
        goes_on: is asked at the end of a run whether the thread takes another job.
    """

    def __init__(self, intake: JobIntake, queue: str, goes_on: Callable[[], bool] = only_one) -> None:
        self._intake = intake
        self._queue = queue
        self._goes_on = goes_on
        self.is_over: bool = False
        """Whether the queue had nothing more."""
        self._begun = False
        self._asked = False
        self._next: Claim | None = None

    def take(self) -> Claim | None:
        """Return the next job; None if there is none, or the thread is to do something else."""
        claim, self._next = self._next, None
        asked, self._asked = self._asked, False
        if claim is None and not asked:
            if self._begun and not self._goes_on():
                return None
            claim = self._intake.take(self._queue)
        self._begun, self.is_over = True, claim is None
        return claim

    def complete(self, claim: Claim, result: JobResult | None = None) -> bool:
        """Complete a run that has changed nothing in the store, and get the next job with the same call.

        Returns:
            Whether the claim held its job still.
        """
        wants = self._next is None and claim.job.queue == self._queue and self._goes_on()
        grant = self._intake.complete(claim, result, take=wants)
        if wants:
            self._next, self._asked = grant.claim, grant.answered
        return grant.completed
