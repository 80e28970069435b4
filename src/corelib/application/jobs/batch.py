"""Many jobs in one handler call: how many, and what the handler gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

from attrs import define, field, frozen, validators

from corelib.errors import MisuseError

P = TypeVar("P")
MOST = 1_000


@frozen
class Batch:
    """How many jobs one handler call gets: `@job(batch=Batch(size=100, wait=timedelta(seconds=1)))`.

    Args:
        size: at most so many, from 1 to 1,000.
        wait: how long the first one waits for company; so much later a job is due that was enqueued without a delay.
    """

    size: int = field(default=100, validator=[validators.ge(1), validators.le(MOST)])
    wait: timedelta = field(default=timedelta(0), validator=validators.ge(timedelta(0)))


@frozen(eq=False)
class BatchItem(Generic[P]):
    """One job of a batch.

    Args:
        payload: of the job.
        job_id: the same in every attempt; also the idempotency key.
        attempt: 1 in the first run.
    """

    payload: P
    job_id: UUID
    attempt: int = 1
    _stopped: Callable[[], bool] = field(default=lambda: False, repr=False)

    def cancelled(self) -> bool:
        """Return whether this one is to stop, as `JobRun.cancelled` tells."""
        return self._stopped()


@define(eq=False)
class JobBatch(Generic[P]):
    """What the handler of a batch gets: jobs of one name, in one unit of work.

    All of them succeed when the handler returns, but for those that it has told to have failed. If it raises an error,
    all have failed. A test makes one of `BatchItem`s.

    Args:
        items: the jobs, at least one.
    """

    items: Sequence[BatchItem[P]]
    failures: dict[UUID, Exception] = field(factory=dict, init=False)
    results: dict[UUID, object] = field(factory=dict, init=False)

    def __iter__(self) -> Iterator[BatchItem[P]]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def fail(self, item: BatchItem[P], error: Exception) -> None:
        """Let one of them fail as if its own run had raised this error: it is retried, or dead.

        What the handler has written for it is committed with the rest: undo it first, as by a savepoint.

        Raises:
            MisuseError: if it is none of this batch.
        """
        self._check(item)
        self.failures[item.job_id] = error

    def returns(self, item: BatchItem[P], result: object) -> None:
        """Keep a result of one of them, as what a handler returns is kept.

        Raises:
            MisuseError: if it is none of this batch.
        """
        self._check(item)
        self.results[item.job_id] = result

    def _check(self, item: BatchItem[P]) -> None:
        if all(each is not item for each in self.items):
            raise MisuseError(f"The job {item.job_id} is none of this batch.")
