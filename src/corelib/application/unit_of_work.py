"""The unit of work over any storage: its life cycle, its events and its jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from types import TracebackType
from typing import Self, TypeVar, cast, overload
from uuid import UUID

from attrs import field, frozen

from corelib.application import open_units
from corelib.application.context import current_context, new_context
from corelib.application.events import EventHandlers
from corelib.application.hooks import Hooks
from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.enqueuing import Enqueuing, Wanted
from corelib.application.jobs.flow_layout import new_flow
from corelib.application.jobs.payloads import Payloads
from corelib.application.jobs.registry import JobRegistry
from corelib.application.no_tracer import NO_TRACER
from corelib.domain.aggregate import Aggregate
from corelib.domain.event import RecordedEvent
from corelib.domain.flow import EnqueuedFlow, NewFlow
from corelib.domain.flow_steps import Flow
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobRef, NewJob
from corelib.domain.lossy_job import LossyJob
from corelib.domain.unique_job import Outcome
from corelib.errors import AmbiguousCommit, JobExists, MisuseError, UnitOfWorkClosed
from corelib.ports.clock import Clock
from corelib.ports.codec import Codec
from corelib.ports.logger import Logger
from corelib.ports.repository import Repository
from corelib.ports.storage import DEFAULT_TERMS, Storage, Terms, Transaction
from corelib.ports.tracer import Tracer

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
    payloads: Payloads = field(factory=Payloads)
    tracer: Tracer = NO_TRACER

    @property
    def enqueuing(self) -> Enqueuing:
        """Return what makes jobs of payloads."""
        return Enqueuing(self.jobs, self.codec, self.payloads, self.tracer)


class _Stage(Enum):
    NEW = "has not begun: use it in a with block"
    OPEN = "is open"
    COMMITTED = "is committed already"
    ENDED = "has ended"


class TransactionalUnitOfWork:
    """Keeps the contract of `corelib.ports.unit_of_work.UnitOfWork` and of its `JobQueue`."""

    def __init__(self, surroundings: Surroundings, terms: Terms = DEFAULT_TERMS) -> None:
        self._around = surroundings
        self._terms = terms
        self._stage = _Stage.NEW
        self._thread: threading.Thread | None = None
        self._transaction: Transaction | None = None
        self._savepoints = 0
        self._new_jobs: list[NewJob] = []
        self._new_flows: list[NewFlow] = []
        self._announced: list[JobRef] = []
        self._lossy: list[LossyJob] = []
        self._hooks = Hooks(surroundings.log)

    def __enter__(self) -> Self:
        """Begin."""
        if self._stage is not _Stage.NEW:
            raise MisuseError(
                "A unit of work was begun a second time.", hint="Make a new one for each block; do not nest them."
            )
        self._thread = threading.current_thread()
        self._transaction = self._around.storage.begin(self._terms)
        self._stage = _Stage.OPEN
        open_units.enter(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Roll back unless committed.

        Another thread is refused only afterwards, so that the connection is not lost, and not if an error is under way.
        """
        self._roll_back()
        self._stage = _Stage.ENDED
        open_units.leave(self)
        if kind is None:
            self._check_thread()

    @property
    def is_open(self) -> bool:
        """Return whether it has begun and not ended."""
        return self._stage is _Stage.OPEN

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
        self._check_thread()
        if self._transaction is None or self._stage is not _Stage.OPEN:
            raise UnitOfWorkClosed(f"This unit of work cannot be used: it {self._stage.value}.")
        return self._transaction

    @property
    def jobs(self) -> Self:
        """Return the queue of this transaction."""
        return self

    def enqueue(
        self,
        handler: Callable[..., object],
        payload: object,
        *,
        delay: timedelta = timedelta(0),
        at: datetime | None = None,
        priority: int | None = None,
        unique_key: str | None = None,
    ) -> UUID:
        """Enqueue a job with this transaction (see `JobQueue.enqueue`)."""
        wanted = Wanted(delay, at, priority, unique_key)
        (job_id,) = self._enqueue(handler, [payload], wanted)
        return job_id

    def enqueue_many(
        self,
        handler: Callable[..., object],
        payloads: Iterable[object],
        *,
        delay: timedelta = timedelta(0),
        at: datetime | None = None,
        priority: int | None = None,
    ) -> list[UUID]:
        """Enqueue jobs with this transaction (see `JobQueue.enqueue_many`)."""
        return self._enqueue(handler, payloads, Wanted(delay, at, priority))

    def enqueue_flow(self, flow: Flow) -> EnqueuedFlow:
        """Enqueue a flow with this transaction (see `JobQueue.enqueue_flow`)."""
        _ = self.transaction
        new = new_flow(flow, self._around.enqueuing)
        self._new_flows.append(new)
        if any(job.unique for job in new.jobs):  # so that the caller learns of another one now
            with self._ended_by_failure():
                self._write_jobs()
        return new.answer

    def flush(self) -> None:
        """Write what has changed so far."""
        transaction = self.transaction
        with self._ended_by_failure():
            self._write_jobs()
            transaction.flush()

    def commit(self) -> None:
        """Store everything, or nothing; then wake the workers."""
        transaction = self.transaction
        if self._savepoints:
            raise MisuseError(
                "A unit of work was to be committed within the block of a savepoint.", hint="Leave that block first."
            )
        with self._ended_by_failure():
            self._publish_events()
            self._write_jobs()
        self._stage = _Stage.ENDED
        try:
            transaction.commit()
        except AmbiguousCommit:
            raise
        except BaseException:
            self._hooks.rolled_back()
            raise
        self._stage = _Stage.COMMITTED
        self._announced.extend(transaction.released)
        self._around.announcer.announce(self._announced)
        self._around.announcer.deliver(self._lossy)
        self._hooks.committed()

    def rollback(self) -> None:
        """Undo everything."""
        self._check_thread()
        self._roll_back()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did if it fails, or if what it did cannot be written."""
        transaction = self.transaction
        with self._ended_by_failure():
            self._write_jobs()
            savepoint = transaction.savepoint()
        announced, lossy, hooks = len(self._announced), len(self._lossy), self._hooks.mark()
        self._savepoints += 1
        try:
            yield
            if self._stage is _Stage.OPEN:
                self.flush()
                savepoint.release()
        except BaseException:
            if self._stage is _Stage.OPEN:
                savepoint.rollback()
                self._new_jobs.clear()
                self._new_flows.clear()
                del self._announced[announced:]
                del self._lossy[lossy:]
                self._hooks.return_to(hooks)
            raise
        finally:
            self._savepoints -= 1

    def after_commit(self, hook: Callable[[], object]) -> None:
        """Call `hook` once the commit has succeeded."""
        _ = self.transaction
        self._hooks.after_commit(hook)

    def after_rollback(self, hook: Callable[[], object]) -> None:
        """Call `hook` once everything was undone."""
        _ = self.transaction
        self._hooks.after_rollback(hook)

    def remember(self, key: str) -> None:
        """Store an idempotency key now.

        Raises:
            AlreadyExists: if it is stored already.
        """
        transaction = self.transaction
        with self._ended_by_failure():
            transaction.remember(key)
            transaction.flush()

    def _check_thread(self) -> None:
        if self._thread is not None and self._thread.ident != threading.get_ident():
            raise MisuseError(
                f"A unit of work of the thread {self._thread.name!r} was used in {threading.current_thread().name!r}.",
                hint="Begin one in each thread, and hand over identifiers instead of aggregates.",
            )

    def _roll_back(self) -> None:
        if self._stage is _Stage.OPEN and self._transaction is not None:
            self._stage = _Stage.ENDED
            self._transaction.rollback()
            self._hooks.rolled_back()

    @contextmanager
    def _ended_by_failure(self) -> Iterator[None]:
        """Roll back if the block fails: what it has done so far is lost on some engines, and its events are taken.

        Within a savepoint the rollback to that is enough, and is done at the end of its block.
        """
        try:
            yield
        except BaseException:
            if not self._savepoints:
                self._roll_back()
            raise

    def _enqueue(self, handler: Callable[..., object], payloads: Iterable[object], wanted: Wanted) -> list[UUID]:
        _ = self.transaction
        enqueuing, description = self._around.enqueuing, self._around.jobs.description(handler)
        with self._around.tracer.enqueuing(description.name, description.queue) as span:
            if (lossy := enqueuing.lossy(handler, payloads, wanted)) is not None:
                span.enqueued([job.id for job in lossy])
                self._lossy += lossy
                return [job.id for job in lossy]
            jobs = enqueuing.jobs(handler, payloads, wanted, trace=span.trace)
            job_ids = [self._take(job) for job in jobs]
            span.enqueued(job_ids)
        return job_ids

    def _take(self, job: NewJob) -> UUID:
        """Keep a job until the next flush; one that is unique is written at once, to know what it is."""
        if job.unique is None:
            self._new_jobs.append(job)
            return job.id
        with self._ended_by_failure():
            placed = self.transaction.add_unique_job(job)
        if placed.outcome is Outcome.REFUSED:
            raise JobExists(job.name, placed.ref.id)
        # Also one that was there: whoever wanted to claim it meanwhile has passed over it.
        if placed.due:
            self._announced.append(placed.ref)
        return placed.ref.id

    def _write_jobs(self) -> None:
        if self._new_jobs:
            self.transaction.add_jobs(self._new_jobs)
            self._announced.extend(job.ref for job in self._new_jobs if self._is_due(job))
            self._new_jobs = []
        flows, self._new_flows = self._new_flows, []
        for flow in flows:
            self.transaction.add_flow(flow)
            self._announced.extend(job.ref for job in flow.jobs if not job.waits and self._is_due(job))

    def _is_due(self, job: NewJob) -> bool:
        """Return whether a worker is worth waking; if the clocks differ, the relay wakes it later."""
        return not job.delay if job.due_at is None else job.due_at <= self._around.clock.now()

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
