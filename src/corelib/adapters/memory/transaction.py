"""One transaction of a memory store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar, cast
from uuid import UUID

from corelib.adapters.memory.constraints import check_constraints
from corelib.adapters.memory.entries import Entry
from corelib.adapters.memory.repository import MemoryRepository
from corelib.adapters.memory.tables import Tables
from corelib.adapters.memory.view import View
from corelib.domain.constraint import Constraint, Reference
from corelib.domain.event import RecordedEvent
from corelib.domain.job import NewJob
from corelib.errors import AlreadyExists, InvalidData, MisuseError, PersistenceError, UnboundHandler, UnitOfWorkClosed
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
        self._completed: list[tuple[UUID, UUID]] = []
        self._events: list[RecordedEvent] = []
        self._keys: list[str] = []
        self._begun = False
        self._ended = False
        self._failure: BaseException | None = None
        self._begun_after = 0
        self._references = [rule for rule in tables.constraints if isinstance(rule, Reference)]
        self._own_rules = [rule for rule in tables.constraints if not isinstance(rule, Reference)]

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

    def complete_job(self, job_id: UUID, token: UUID) -> None:
        """Check the lease now and again on commit."""
        with self.statement(writes=True), self._tables.lock:
            self._tables.jobs.check_lease(job_id, token)
        self._completed.append((job_id, token))

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
            for kept in cast("list[list[object]]", [self._jobs, self._completed, self._events, self._keys])
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
        self._view.end()

    def usable(self) -> None:
        """Make sure that the transaction can be used.

        Raises:
            UnitOfWorkClosed: if it has ended, or the store has refused a statement of it.
        """
        self._refuse_ended()
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
            unannounced = tables.faults.happen("commit")
            self._view.confirm()
            if tables.commits != self._begun_after:  # others have committed since some of it was checked
                self.check([(kind, identifier) for kind, rows in self._view.writes.items() for identifier in rows])
            for job_id, token in self._completed:
                tables.jobs.check_lease(job_id, token)
            for key in self._keys:
                if key in tables.keys:
                    raise _remembered(key)
            tables.apply(self._view.writes)
            for job_id, token in self._completed:
                tables.jobs.complete(job_id, token)
            tables.jobs.add(self._jobs)
            tables.events.extend(self._events)
            tables.keys.update(self._keys)
        if unannounced is not None:
            raise unannounced

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
