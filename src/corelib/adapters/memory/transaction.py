"""One transaction of a memory store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar, cast
from uuid import UUID

from corelib.adapters.memory.constraints import check_constraints
from corelib.adapters.memory.entries import Entry
from corelib.adapters.memory.job_store import MemoryJobStore
from corelib.adapters.memory.job_unique import UniqueJobs
from corelib.adapters.memory.repository import MemoryRepository
from corelib.adapters.memory.tables import Tables
from corelib.adapters.memory.view import View
from corelib.domain.constraint import Constraint, Reference
from corelib.domain.event import RecordedEvent
from corelib.domain.flow import NewFlow
from corelib.domain.job import JobRef, JobResult, NewJob, Placed
from corelib.domain.job_progress import RunReport
from corelib.domain.unique_job import Outcome
from corelib.errors import (
    AlreadyExists,
    CorelibError,
    InvalidData,
    JobExists,
    MisuseError,
    PersistenceError,
    UnboundHandler,
    UnitOfWorkClosed,
)
from corelib.ports.repository import Repository
from corelib.ports.storage import Terms

A = TypeVar("A")

LONGEST_KEY = 200
"""Characters of the longest idempotency key."""


class MemoryTransaction:
    """Keeps the contract of `corelib.ports.storage.Transaction`: nobody sees its writes before the commit."""

    def __init__(self, tables: Tables, terms: Terms) -> None:
        self._tables = tables
        self._terms = terms
        self._view = View(tables, terms)
        self._repositories: dict[type, MemoryRepository[object]] = {}
        self._jobs: list[NewJob] = []
        self._flows: list[NewFlow] = []
        self._released: list[JobRef] = []
        self._suspended: list[tuple[UUID, UUID, NewFlow, bool]] = []
        self._replaced: list[tuple[UUID, NewJob]] = []
        self._unique = UniqueJobs(tables, self._view, self._jobs, self._replaced)
        self._completed: list[tuple[UUID, UUID, JobResult | None]] = []
        self._reports: list[RunReport] = []
        self._events: list[RecordedEvent] = []
        self._keys: list[str] = []
        self._begun = False
        self._ended = False
        self._failure: BaseException | None = None
        self._abandoned: CorelibError | None = None  # which a savepoint does not undo, other than a failure
        self._begun_after = 0
        self._references = [rule for rule in tables.constraints if isinstance(rule, Reference)]
        self._own_rules = [rule for rule in tables.constraints if not isinstance(rule, Reference)]

    @property
    def is_untouched(self) -> bool:
        """Return whether nothing was read or written."""
        return not self._begun

    def repository(self, aggregate: type[A]) -> Repository[A, object]:
        """Return the collection of any class that has a field `id`."""
        self.usable()
        repository = self._repositories.get(aggregate)
        if repository is None:
            if not _has_identifier(aggregate):
                raise UnboundHandler(f"{aggregate.__name__} has no field `id`, so no store can keep it.")
            kind = cast("type[object]", aggregate)
            repository = self._repositories[aggregate] = MemoryRepository(kind, self._tables, self._view, self)
        return cast("Repository[A, object]", repository)

    def tracked(self) -> Iterable[object]:
        """Return the aggregates in hand, those that were removed included."""
        return [
            aggregate for repository in list(self._repositories.values()) for aggregate in repository.entries.tracked()
        ]

    def add_jobs(self, jobs: Sequence[NewJob]) -> None:
        """Keep jobs until the commit."""
        with self.statement(writes=bool(jobs)):
            self._jobs.extend(jobs)

    def add_unique_job(self, job: NewJob) -> Placed:
        """Keep a job until the commit, unless one with its key keeps it out."""
        with self.statement(writes=True), self._tables.lock:
            return self._unique.place(job)

    def add_flow(self, flow: NewFlow) -> None:
        """Keep a flow and its jobs until the commit."""
        self._insert_jobs(flow)
        self._flows.append(flow)

    def _insert_jobs(self, flow: NewFlow) -> None:
        self.add_jobs([job for job in flow.jobs if job.unique is None])
        for job in flow.jobs:
            if job.unique is None:
                continue
            placed = self.add_unique_job(job)
            if placed.outcome is not Outcome.ADDED:
                raise JobExists(job.name, placed.ref.id)

    def suspend_job(self, job_id: UUID, token: UUID, flow: NewFlow, *, always: bool = False) -> None:
        """Check the lease now and again on commit, and keep the jobs until then."""
        with self.statement(writes=True), self._tables.lock:
            self._tables.jobs.added_to(job_id, token, flow)
        self._insert_jobs(flow)
        self._suspended.append((job_id, token, flow, always))

    @property
    def released(self) -> Sequence[JobRef]:
        """Return the jobs that the ends of others have released."""
        return self._released

    def complete_job(self, job_id: UUID, token: UUID, result: JobResult | None = None) -> None:
        """Check the lease now and again on commit."""
        with self.statement(writes=True), self._tables.lock:
            self._tables.jobs.check_lease(job_id, token)
        self._completed.append((job_id, token, result))

    def report_run(self, report: RunReport) -> None:
        """Keep what a run tells until the commit."""
        with self.statement(writes=True):
            self._reports.append(report)

    def add_events(self, events: Sequence[RecordedEvent]) -> None:
        """Keep events until the commit."""
        with self.statement(writes=bool(events)):
            self._events.extend(events)

    def remember(self, key: str) -> None:
        """Keep an idempotency key until the commit."""
        with self.statement(writes=True), self._tables.lock:
            if len(key) > LONGEST_KEY:
                raise InvalidData(f"An idempotency key has {len(key)} characters, {LONGEST_KEY} are allowed.")
            if key in self._tables.keys or key in self._keys:
                raise _remembered(key)
        self._keys.append(key)

    def savepoint(self) -> MemorySavepoint:
        """Flush, and note what there is."""
        self.flush()
        writes = {kind: dict(rows) for kind, rows in self._view.writes.items()}
        lists: list[tuple[list[object], list[object]]] = [
            (kept, list(kept))
            for kept in cast(
                "list[list[object]]",
                [
                    self._jobs,
                    self._flows,
                    self._replaced,
                    self._completed,
                    self._reports,
                    self._events,
                    self._keys,
                ],
            )
        ]
        undone = {kind: repository.entries.memento() for kind, repository in self._repositories.items()}

        def undo() -> None:
            self._refuse_ended()
            self._failure = None
            self._view.restore(writes)
            for kept, before in lists:
                kept[:] = before
            for kind, repository in self._repositories.items():
                undone.get(kind, repository.entries.clear)()

        return MemorySavepoint(undo)

    def flush(self) -> None:
        """Write what has changed into the view of this transaction, and check what can be checked before the commit."""
        self.usable()
        with self._failing(BaseException):  # what could not be written as a whole cannot be written any more
            pending = [(each, entry) for each in list(self._repositories.values()) for entry in each.entries.pending()]
            if pending:
                self._begin(writes=True)
                self._tables.faults.happen("flush")
                pending.sort(key=lambda pair: pair[1].rank)
                written = [self._write(repository, entry) for repository, entry in pending]
                self._check(written, self._references)
            with self._tables.lock:
                self._tables.jobs.check_new(self._jobs)

    def check(self, written: Sequence[tuple[type, object]]) -> None:
        """Make sure that what was written keeps the constraints of the store."""
        self._check(written, self._tables.constraints)

    def commit(self) -> None:
        """Apply everything in one step, or nothing."""
        try:
            self.flush()
            if self._begun:
                self._apply()
        finally:
            self.rollback()

    def rollback(self) -> None:
        """Forget everything."""
        self._ended = True
        self._repositories.clear()
        self._unique.end()
        self._view.end()

    def abandon(self, reason: CorelibError) -> None:
        """Refuse what comes next, the commit included, and let go of what is locked."""
        with self._tables.lock:
            self._abandoned = self._abandoned or reason
            self._unique.end()
            self._view.release()

    def usable(self) -> None:
        """Make sure that the transaction can be used.

        Raises:
            UnitOfWorkClosed: if it has ended, or the store has refused a statement of it.
        """
        self._refuse_ended()
        if self._abandoned is not None:
            raise UnitOfWorkClosed("This unit of work was abandoned: it can only be rolled back.") from self._abandoned
        if self._failure is not None:
            raise UnitOfWorkClosed(
                "The store has refused a statement of this unit of work, which can only be rolled back.",
                hint="Try what may fail within `with uow.savepoint():`.",
            ) from self._failure

    @contextmanager
    def statement(self, *, writes: bool = False) -> Iterator[None]:
        """Do something that a store would answer within the block."""
        self.usable()
        with self._failing():
            self._begin(writes=writes)
            self._tables.faults.happen("statement")
            yield

    @contextmanager
    def _failing(self, errors: type[BaseException] = PersistenceError) -> Iterator[None]:
        """Have the transaction failed if the store refuses what the block does."""
        try:
            yield
        except errors as error:
            self._failure = self._failure or error
            raise

    def _begin(self, *, writes: bool) -> None:
        if not self._begun:
            self._tables.faults.happen("begin")
            self._view.begin()
            self._begun, self._begun_after = True, self._tables.commits
        if writes and self._terms.read_only:
            raise MisuseError(
                "Something has changed in a unit of work that is read-only.", hint="Leave read_only out of its terms."
            )

    def _apply(self) -> None:
        tables = self._tables
        with tables.lock:
            self.usable()
            unannounced = tables.faults.happen("commit")
            self._view.confirm()
            if tables.commits != self._begun_after:  # others have committed since some of it was checked
                self.check([(kind, identifier) for kind, rows in self._view.writes.items() for identifier in rows])
            for job_id, token, _ in self._completed:
                tables.jobs.check_lease(job_id, token)
            for job_id, token, flow, _always in self._suspended:
                tables.jobs.added_to(job_id, token, flow)
            for key in self._keys:
                if key in tables.keys:
                    raise _remembered(key)
            tables.apply(self._view.writes)
            for report in self._reports:
                tables.jobs.report_in_transaction(report)
            for job_id, token, result in self._completed:
                self._released.extend(tables.jobs.complete_in_transaction(job_id, token, result))
            self._apply_flows(tables.jobs)
            tables.jobs.add(self._jobs)
            for job_id, new in self._replaced:
                tables.jobs.replace(job_id, new)
            tables.events.extend(self._events)
            tables.keys.update(self._keys)
        if unannounced is not None:
            raise unannounced

    def _apply_flows(self, jobs: MemoryJobStore) -> None:
        for flow in self._flows:
            jobs.add_flow(flow)
        for job_id, token, flow, always in self._suspended:
            added = jobs.added_to(job_id, token, flow)
            places = {job.id: job for job in added.jobs}
            self._jobs[:] = [places.get(job.id, job) for job in self._jobs]
            jobs.suspend(job_id, token, added, always=always)

    def _write(self, repository: MemoryRepository[object], entry: Entry[object]) -> tuple[type, object]:
        """Write an aggregate and check it alone; references are checked when all are written, in whatever order."""
        written = repository.entries.kind, repository.entries.write(entry)
        self._check([written], self._own_rules)
        return written

    def _check(self, written: Sequence[tuple[type, object]], rules: Sequence[Constraint]) -> None:
        if rules:
            with self._tables.lock:
                check_constraints(self._tables, self._view, written, rules)

    def _refuse_ended(self) -> None:
        if self._ended:
            raise UnitOfWorkClosed("This transaction has ended.", hint="Begin another one.")


class MemorySavepoint:
    """Keeps the contract of `corelib.ports.storage.Savepoint`."""

    def __init__(self, undo: Callable[[], None]) -> None:
        self._undo = undo

    def release(self) -> None:
        """Do nothing: what happened since is there."""

    def rollback(self) -> None:
        """Undo what happened since; locks taken since are kept, as on SQL Server."""
        self._undo()


def _has_identifier(aggregate: type) -> bool:
    declared = (getattr(base, "__annotations__", {}) for base in aggregate.__mro__)
    return hasattr(aggregate, "id") or any("id" in names for names in declared)


def _remembered(key: str) -> AlreadyExists:
    return AlreadyExists(f"The idempotency key {key!r} is stored already.")
