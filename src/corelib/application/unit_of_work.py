"""The unit of work over any storage: its life cycle, its events and its jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum
from types import TracebackType
from typing import Self, TypeVar, cast, overload
from uuid import UUID

from attrs import frozen

from corelib.application.context import current_context, new_context
from corelib.application.events import EventHandlers
from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.registry import JobRegistry
from corelib.domain.aggregate import Aggregate
from corelib.domain.event import RecordedEvent
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobRef, NewJob
from corelib.errors import MisuseError, UnitOfWorkClosed
from corelib.ports.clock import Clock
from corelib.ports.codec import Codec
from corelib.ports.logger import Logger
from corelib.ports.repository import Repository
from corelib.ports.storage import Storage, Transaction

A = TypeVar("A")
I = TypeVar("I")  # noqa: E741 - the identifier, beside A for the aggregate


@frozen
class Surroundings:
    """What every unit of work of a host shares."""

    storage: Storage
    codec: Codec
    jobs: JobRegistry
    events: EventHandlers
    announcer: Announcer
    clock: Clock
    log: Logger


class _Stage(Enum):
    NEW = "has not begun: use it in a with block"
    OPEN = "is open"
    COMMITTED = "is committed already"
    ENDED = "has ended"


class TransactionalUnitOfWork:
    """Keeps the contract of `corelib.ports.unit_of_work.UnitOfWork` and of its `JobQueue`."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._stage = _Stage.NEW
        self._transaction: Transaction | None = None
        self._new_jobs: list[NewJob] = []
        self._announced: list[JobRef] = []
        self._hooks: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        """Begin."""
        if self._stage is not _Stage.NEW:
            raise MisuseError(
                "A unit of work was begun a second time.", hint="Make a new one for each block; do not nest them."
            )
        self._stage = _Stage.OPEN
        self._transaction = self._around.storage.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Roll back unless committed."""
        self.rollback()
        self._stage = _Stage.ENDED

    @overload
    def repository(self, aggregate: type[A]) -> Repository[A, UUID]: ...
    @overload
    def repository(self, aggregate: type[A], identifier: type[I]) -> Repository[A, I]: ...
    def repository(self, aggregate: type[A], identifier: type[I] | None = None) -> Repository[A, I]:  # noqa: ARG002 - for the type checker
        """Return the collection of an aggregate class."""
        return cast("Repository[A, I]", self.transaction.repository(aggregate))

    @property
    def transaction(self) -> Transaction:
        """Return the adapter's transaction, for statements of the host's own in the same transaction."""
        if self._transaction is None or self._stage is not _Stage.OPEN:
            raise UnitOfWorkClosed(f"This unit of work cannot be used: it {self._stage.value}.")
        return self._transaction

    @property
    def jobs(self) -> Self:
        """Return the queue of this transaction."""
        return self

    def enqueue(self, handler: Callable[..., None], payload: object, *, delay: timedelta = timedelta(0)) -> UUID:
        """Enqueue a job with this transaction (see `JobQueue.enqueue`)."""
        _ = self.transaction
        if delay < timedelta(0):
            raise MisuseError(f"A job cannot be enqueued with the negative delay {delay}.")
        description = self._around.jobs.description(handler)
        description.check_payload(payload)
        job = NewJob(
            id=new_id(),
            name=description.name,
            queue=description.queue,
            payload=self._around.codec.encode(payload),
            context=current_context() or new_context(),
            max_attempts=description.attempts,
            lease=description.timeout,
            delay=delay,
        )
        self._new_jobs.append(job)
        return job.id

    def flush(self) -> None:
        """Write what has changed so far."""
        transaction = self.transaction
        with self._ended_by_failure():
            self._write_jobs()
            transaction.flush()

    def commit(self) -> None:
        """Store everything, or nothing; then wake the workers."""
        transaction = self.transaction
        with self._ended_by_failure():
            self._publish_events()
            self._write_jobs()
        self._stage = _Stage.ENDED
        transaction.commit()
        self._stage = _Stage.COMMITTED
        self._around.announcer.announce(self._announced)
        self._call_hooks()

    def rollback(self) -> None:
        """Undo everything."""
        if self._stage is _Stage.OPEN and self._transaction is not None:
            self._stage = _Stage.ENDED
            self._transaction.rollback()

    def after_commit(self, hook: Callable[[], None]) -> None:
        """Call `hook` once the commit has succeeded."""
        _ = self.transaction
        self._hooks.append(hook)

    @contextmanager
    def _ended_by_failure(self) -> Iterator[None]:
        """Roll back if the block fails: what it has done so far is lost on some engines, and its events are taken."""
        try:
            yield
        except BaseException:
            self.rollback()
            raise

    def _write_jobs(self) -> None:
        if self._new_jobs:
            self.transaction.add_jobs(self._new_jobs)
            self._announced.extend(job.ref for job in self._new_jobs if not job.delay)
            self._new_jobs = []

    def _publish_events(self) -> None:
        """Take events until there are none: a handler may change aggregates that then record more."""
        while events := self._take_events():
            self.transaction.add_events([self._record(event) for event in events])
            for event in events:
                self._around.events.publish(event, self)

    def _take_events(self) -> list[object]:
        aggregates = [entry for entry in self.transaction.tracked() if isinstance(entry, Aggregate)]
        return [event for aggregate in aggregates for event in aggregate.take_events()]

    def _record(self, event: object) -> RecordedEvent:
        return RecordedEvent(
            id=new_id(),
            name=type(event).__name__,
            payload=self._around.codec.encode(event),
            context=current_context() or new_context(),
            recorded_at=self._around.clock.now(),
        )

    def _call_hooks(self) -> None:
        for hook in self._hooks:
            try:
                hook()
            except Exception as error:  # noqa: BLE001 - the commit stands, whatever a hook does
                self._around.log.error("after-commit hook failed", error)


class HandlerUnitOfWork(TransactionalUnitOfWork):
    """The unit of work that a handler gets: whoever called the handler commits, in one transaction with what is his.

    A handler that committed by itself would store its effects apart from the completion of its job, and have them
    repeated with the next attempt.
    """

    def commit(self) -> None:
        """Refuse.

        Raises:
            MisuseError: always.
        """
        raise MisuseError(
            "A handler does not commit its unit of work: that is done when it returns.",
            hint="Take the commit() out; raise an error to have everything rolled back.",
        )

    def complete(self) -> None:
        """Commit, for the caller of the handler."""
        super().commit()
