"""Claiming the best of the due jobs, and completing many runs in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from attrs import frozen

from corelib.domain.job import Claim, JobResult

NO_RESULTS: Mapping[UUID, JobResult] = MappingProxyType({})


@frozen
class Intake:
    """What a worker got from a queue.

    Args:
        claims: in the order in which they are to begin.
        held_back: the queue is paused or limited, so that there may be due jobs which nobody may begin now: whoever
            was woken for one of them asks again later.
    """

    claims: Sequence[Claim] = ()
    held_back: bool = False


@frozen
class Turn:
    """What `take_turns` did.

    Args:
        completed: of each claim whether it held its job, as `complete` tells.
        intake: as `claim_due` gives; None if the store failed when the claims were completed already: ask anew.
    """

    completed: Sequence[bool]
    intake: Intake | None


class JobClaims(Protocol):
    """The part of `JobStore` by which workers take jobs and end them. Every call is one transaction of its own."""

    def claim_due(self, queue: str, *, limit: int, worker: str | None = None, lease: timedelta | None = None) -> Intake:
        """Take the best due jobs of a queue for one run each, as `claim` does with one.

        Those of higher priority come first, then those that are due for longer, then those with the lower identifier.
        Of workers that ask at the same moment each gets others, and nobody waits. Jobs whose lease has ended are not
        among them: the relay puts those back.

        Nothing is taken from a queue that is paused. From one with a limit, no more is taken than the limit allows,
        whoever else asks at the same moment.

        Args:
            queue: which.
            limit: at most so many, 1 or more.
            worker: who claims, for the record.
            lease: as in `claim`.
        """
        ...

    def claim_batch(
        self,
        queue: str,
        name: str,
        *,
        limit: int,
        within: timedelta,
        worker: str | None = None,
        lease: timedelta | None = None,
    ) -> Intake:
        """Take the best pending jobs of one name as `claim_due` does, for one handler call.

        From a queue that has limits for each key nothing is taken: there, a call has one job.

        Args:
            queue: which.
            name: of the jobs.
            limit: at most so many, 1 or more.
            within: those too that are due so much later.
            worker: as in `claim_due`.
            lease: as in `claim`.
        """
        ...

    def complete(self, claims: Sequence[Claim], results: Mapping[UUID, JobResult] = NO_RESULTS) -> list[bool]:
        """Mark claimed jobs as succeeded whose runs had no effect in this store but a result.

        Args:
            claims: which.
            results: what their handlers returned, by the token of the claim; of those that returned nothing, none.

        Returns:
            Of each claim whether it held its job still, and the time of the run was not up; where not, nothing has
            changed.
        """
        ...

    def take_turns(
        self,
        claims: Sequence[Claim],
        queue: str,
        *,
        limit: int,
        results: Mapping[UUID, JobResult] = NO_RESULTS,
        worker: str | None = None,
        lease: timedelta | None = None,
    ) -> Turn:
        """Do what `complete` does with the claims, and then what `claim_due` does, in fewer ways to the store.

        Args:
            claims: as in `complete`; there may be none.
            queue: as in `claim_due`.
            limit: at most so many, 0 or more.
            results: as in `complete`.
            worker: as in `claim_due`.
            lease: as in `claim`.
        """
        ...
