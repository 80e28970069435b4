"""What the suites of stores need to arrange a test: units of work over a storage, and what lies in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

import pytest
from attrs import field, frozen

from corelib.adapters.cattrs import CattrsCodec
from corelib.adapters.memory import ManualClock, MemoryLogger, MemoryTransport
from corelib.application.binding import bind
from corelib.application.events import EventHandlers
from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.description import job
from corelib.application.jobs.registry import JobRegistry
from corelib.application.unit_of_work import Surroundings, TransactionalUnitOfWork
from corelib.domain.job import Claim, NewJob
from corelib.domain.unique_job import OnConflict, UniqueJob
from corelib.ports.storage import DEFAULT_TERMS, Storage, Terms, Transaction
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.contracts.samples import Depot, Parcel, contents
from corelib.testing.contracts.suite import ContractSuite

A = TypeVar("A")


class StoreContract(ContractSuite):
    """Base of the suites that run on a storage."""

    @pytest.fixture
    def storage(self) -> Iterator[Storage]:
        """Return an empty storage that keeps the aggregates of `corelib.testing.contracts.samples`."""
        raise NotImplementedError


@frozen
class CountItems:
    """Payload of a job."""

    parcel_id: UUID


@job(queue="counting", attempts=3, name="count_items")
def count_items(payload: CountItems) -> None:
    """Stand for a job; nobody runs it."""


@frozen
class Anything:
    """Payload that may hold what no codec can write."""

    value: object


@job()
def count_anything(payload: Anything) -> None:
    """Stand for a job; nobody runs it."""


@job(unique=UniqueJob("parcel_id", on_conflict=OnConflict.REFUSE))
def count_once(payload: CountItems) -> None:
    """Stand for a job; nobody runs it."""


@job()
def unregistered(payload: CountItems) -> None:
    """Stand for a job that the host does not run."""


@frozen
class Work:
    """Makes units of work over a storage, with the event handlers that a test wants.

    Args:
        storage: what they run on.
        events: handlers, as a host would register them.
    """

    storage: Storage
    events: Sequence[Callable[..., None]] = ()
    log: MemoryLogger = field(factory=MemoryLogger, init=False)
    transport: MemoryTransport = field(factory=MemoryTransport, init=False)
    _around: Surroundings = field(init=False)

    @_around.default
    def _default_around(self) -> Surroundings:
        return Surroundings(
            storage=self.storage,
            codec=CattrsCodec(),
            jobs=JobRegistry([count_items, count_anything, count_once]),
            events=EventHandlers(bind(handler, {}, (UnitOfWork,)) for handler in self.events),
            announcer=Announcer(self.transport, self.log),
            clock=ManualClock(),
            log=self.log,
        )

    def unit(self, terms: Terms = DEFAULT_TERMS) -> UnitOfWork:
        """Return a unit of work that has not begun."""
        return TransactionalUnitOfWork(self._around, terms)

    def stores(self, *aggregates: Parcel | Depot) -> None:
        """Store aggregates in a unit of work of their own."""
        with self.unit() as uow:
            for aggregate in aggregates:
                uow.repository(type(aggregate)).add(aggregate)
            uow.commit()

    def sees(self, aggregate: Parcel | Depot) -> dict[str, object] | None:
        """Return what another unit of work finds under an aggregate's identifier: its fields, or None."""
        with self.unit() as uow:
            found = uow.repository(type(aggregate), object).find(aggregate.id)
            return None if found is None else contents(found)

    def changes(self, identifier: UUID, note: str) -> None:
        """Change a parcel in a unit of work of its own."""
        with self.unit() as uow:
            uow.repository(Parcel).get(identifier).note = note
            uow.commit()

    def removes(self, identifier: UUID) -> None:
        """Remove a parcel in a unit of work of its own."""
        with self.unit() as uow:
            parcels = uow.repository(Parcel)
            parcels.remove(parcels.get(identifier))
            uow.commit()


@contextmanager
def transaction(storage: Storage, terms: Terms = DEFAULT_TERMS) -> Iterator[Transaction]:
    """Give a transaction to the block; commit it at the end, or roll it back if the block fails."""
    begun = storage.begin(terms)
    try:
        yield begun
    except BaseException:
        begun.rollback()
        raise
    begun.commit()


@contextmanager
def undone(storage: Storage, terms: Terms = DEFAULT_TERMS) -> Iterator[Transaction]:
    """Give a transaction to the block, and roll it back at the end."""
    begun = storage.begin(terms)
    try:
        yield begun
    finally:
        begun.rollback()


def store_jobs(storage: Storage, *jobs: NewJob) -> None:
    """Store jobs, one after the other."""
    with transaction(storage) as begun:
        begun.add_jobs(jobs)


def claimed(storage: Storage, job_id: UUID) -> Claim:
    """Claim a job that can be claimed."""
    claim = storage.jobs.claim(job_id)
    assert claim is not None, "the job could not be claimed"
    return claim
