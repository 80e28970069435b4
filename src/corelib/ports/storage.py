"""What an adapter supplies so that units of work can run on its store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from enum import Enum
from typing import Protocol, TypeVar
from uuid import UUID

import attrs
from attrs import field, frozen

from corelib.domain.event import RecordedEvent
from corelib.domain.flow import NewFlow
from corelib.domain.job import JobRef, JobResult, NewJob, Placed
from corelib.domain.job_progress import RunReport
from corelib.errors import CorelibError, MisuseError
from corelib.ports.job_events import JobEventListener, JobEventLog
from corelib.ports.job_store import JobStore
from corelib.ports.queue_control import QueueControl
from corelib.ports.repository import Repository
from corelib.ports.schedule_store import ScheduleStore

A = TypeVar("A")


def _positive(_: object, attribute: attrs.Attribute[timedelta | None], value: timedelta | None) -> None:
    if value is not None and value <= timedelta(0):
        raise MisuseError(f"The {attribute.name} {value} is not positive.", hint="Leave it out for no limit.")


class Isolation(Enum):
    """What a unit of work sees of others that run at the same time."""

    READ_COMMITTED = "read committed"
    """What others have committed, as of each statement."""

    SNAPSHOT = "snapshot"
    """What was committed when the first statement ran. Whoever changes what others have changed since then gets a
    `TransientFailure`. Two who read the same, and change different aggregates by it, are both let through."""

    SERIALIZABLE = "serializable"
    """As if the units of work had run one after the other; where that cannot be, one gets a `TransientFailure`."""


@frozen
class Terms:
    """On which terms a unit of work runs.

    Args:
        read_only: nothing will be written, so that a replica may answer.
        isolation: None means the store's default, at least READ COMMITTED.
        statement_timeout: how long a single statement may take; None means no limit.
        lock_timeout: how long to wait for what others hold; None means the store's default.
        time_limit: how long the whole may take, for engines that can limit a statement at no cost; whoever sets it
            ends the transaction then by `Transaction.abandon`.
    """

    read_only: bool = False
    isolation: Isolation | None = None
    statement_timeout: timedelta | None = field(default=None, validator=_positive)
    lock_timeout: timedelta | None = field(default=None, validator=_positive)
    time_limit: timedelta | None = field(default=None, validator=_positive)


DEFAULT_TERMS: Terms = Terms()


class Savepoint(Protocol):
    """A place within a transaction to which it can go back."""

    def release(self) -> None:
        """Keep what happened since."""
        ...

    def rollback(self) -> None:
        """Undo what happened since.

        The aggregates in hand have the state that they had at the savepoint: fields and parts are set back in place,
        recorded events included; those added or loaded since are in hand no more. The transaction can be used again.
        """
        ...


class Transaction(Protocol):
    """One transaction of a store; it takes its connection with the first use and gives it back at its end."""

    @property
    def is_untouched(self) -> bool:
        """Return whether the store was asked for nothing so far, so that there is nothing to commit."""
        ...

    def repository(self, aggregate: type[A]) -> Repository[A, object]:
        """Return the collection of an aggregate class.

        Raises:
            UnboundHandler: if this store has no mapping for the class; the message lists those it has.
        """
        ...

    def tracked(self) -> Iterable[object]:
        """Return the aggregates that were loaded, added or removed, in that order."""
        ...

    def add_jobs(self, jobs: Sequence[NewJob]) -> None:
        """Store jobs as pending."""
        ...

    def add_unique_job(self, job: NewJob) -> Placed:
        """Store a job that has a unique key, unless one with the same key keeps it out; then do as its rule says.

        The rule of the new job decides, not that of the one that is there. Of two transactions with the same key, the
        second waits until the first has ended. A job that is kept or replaced while it waits cannot be claimed until
        this transaction ends.

        Raises:
            MisuseError: if the job has no key.
            TransientFailure: if the other one did not end in time, or a deadlock was found.
        """
        ...

    def add_flow(self, flow: NewFlow) -> None:
        """Store jobs that wait for one another: those that wait at a gate as waiting, the others as pending.

        Raises:
            JobExists: if there is another job with the key of a unique one.
        """
        ...

    def suspend_job(self, job_id: UUID, token: UUID, flow: NewFlow, *, always: bool = False) -> None:
        """Let a running job wait for jobs that are added now, as if this attempt had not begun.

        It waits at the gate that has the number 0 in `flow`. If it is in a flow, the jobs become part of that one, with
        numbers of gates and positions after those that it has; otherwise it becomes the last one of theirs. Its stage
        is counted up.

        Args:
            job_id: which one.
            token: of the claim.
            flow: the jobs, some of which lead to gate 0.
            always: the job runs again whatever became of them.

        Raises:
            LeaseLost: as `complete_job` does.
            JobCancelled: if somebody has asked to cancel the job.
            JobExists: as `add_flow` does.
        """
        ...

    @property
    def released(self) -> Sequence[JobRef]:
        """Return the jobs of flows that are due by the end of others in this transaction, once it is committed."""
        ...

    def complete_job(self, job_id: UUID, token: UUID, result: JobResult | None = None) -> None:
        """Mark a running job as succeeded, with what its handler returned, if it did return something.

        If it is in a flow, count it there.

        Raises:
            LeaseLost: if the claim with this token does not hold the job any more, or the time of its run is up.
        """
        ...

    def report_run(self, report: RunReport) -> None:
        """Write what the run that this transaction completes has told at last (see `JobRuns.report`)."""
        ...

    def add_events(self, events: Sequence[RecordedEvent]) -> None:
        """Store recorded events."""
        ...

    def remember(self, key: str) -> None:
        """Store an idempotency key of at most 200 characters with this transaction.

        Raises:
            AlreadyExists: at the latest on commit, if it is stored already.
        """
        ...

    def savepoint(self) -> Savepoint:
        """Flush, and return the place that has been reached."""
        ...

    def flush(self) -> None:
        """Write what has changed since the last flush: new roots before their parts, removed parts before their roots.

        Raises:
            ConcurrencyConflict, IntegrityViolation, TransientFailure: as `UnitOfWork.commit` says.
            MisuseError: if something has changed although the terms are read-only.
        """
        ...

    def commit(self) -> None:
        """Flush and end the transaction successfully. Whatever it raises, the transaction has ended."""
        ...

    def rollback(self) -> None:
        """End the transaction without effect; never raises because of a connection that is already lost."""
        ...

    def abandon(self, reason: CorelibError) -> None:
        """End the transaction without effect from another thread, while its own thread may be anywhere.

        A statement that is under way is cancelled and what is locked is let go, as far as the engine can do so from
        outside. Whatever its own thread does with it next fails with `UnitOfWorkClosed`, of which `reason` is the
        cause, or as over a lost connection. A commit that is under way ends in one way or the other. Never raises.
        """
        ...


class Storage(Protocol):
    """A store of aggregates, jobs and events."""

    @property
    def jobs(self) -> JobStore:
        """Return the workers' side of the stored jobs."""
        ...

    @property
    def queues(self) -> QueueControl:
        """Return what pauses and limits queues."""
        ...

    @property
    def schedules(self) -> ScheduleStore:
        """Return the schedules."""
        ...

    def begin(self, terms: Terms = DEFAULT_TERMS) -> Transaction:
        """Return a new transaction. No connection is taken until it is used."""
        ...

    @property
    def job_events(self) -> JobEventLog:
        """Return the job events that were recorded."""
        ...

    def tell(self, listener: JobEventListener | None, *, record: bool = False) -> None:
        """Tell somebody from now on what this storage does with jobs in this process; None ends that.

        Args:
            listener: who is told.
            record: also keep the events in `job_events`, each in the transaction of which it tells.

        What is told, in this order, and by which call:

        - `JobEnqueued` by the commit of a transaction that stores a job, and by schedules; of a unique job that was
          there and is kept, nothing;
        - `JobStarted` by a claim that names a worker;
        - `JobProgressed` by a report of a run that holds its job;
        - `JobSucceeded` by the completion of a run, if it is part of a transaction then by its commit;
        - `AttemptFailed`, or its subclass by the outcome, and then what comes of the job, `JobRetried`, `JobDead` or
          `JobWasCancelled`, by the end of an attempt; of one that lost its lease, by whoever claims the job next;
        - `JobWasCancelled` by `cancel` of a job that waits, by `end_cancelled` and by `drain`;
        - `JobRetried` by the retry of a dead job;
        - `JobParked` by `park`, `JobHandedBack` by `release` of what a worker had claimed by name.

        Nothing is told of what has not changed, nor of what is rolled back. If nobody is told, nothing is done for it.
        """
        ...

    def remembers(self, key: str) -> bool:
        """Return whether a committed transaction has stored this idempotency key."""
        ...

    def events(self) -> Iterator[RecordedEvent]:
        """Go through all recorded events, oldest first, in bounded memory."""
        ...

    def payload_keys(self, keys: Sequence[str]) -> set[str]:
        """Return those of some keys under which a committed job has its payload or its result.

        At most 1,000 are asked for.
        """
        ...

    def check(self) -> None:
        """Make sure that the store can be used.

        Raises:
            ConfigurationError: in the family's member that tells what is wrong (server, login, database, tables).
        """
        ...

    def create(self) -> None:
        """Make the tables where they do not exist, and bring older ones to this version; existing data stays.

        Several processes may do so at once: one does it. It is done as a whole or not at all.

        Raises:
            ConfigurationError: as `check` does.
            PersistentFailure: if the store refuses a change.
        """
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...
