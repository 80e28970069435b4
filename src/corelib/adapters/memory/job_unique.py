"""Unique jobs of one transaction in memory: the lock of the key decides, whoever comes first."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from attrs import evolve

from corelib.adapters.memory.job_keys import new_job
from corelib.adapters.memory.tables import Tables
from corelib.adapters.memory.view import View
from corelib.domain.job import Job, JobRef, JobState, NewJob, Placed
from corelib.domain.unique_job import OnConflict, Outcome, UniqueKey, Until
from corelib.errors import MisuseError


class UniqueJobs:
    """Places unique jobs; what it adds and replaces is applied when the transaction commits.

    Args:
        tables: the shared state.
        view: of the transaction, whose locks end with it.
        added: the jobs that the transaction adds.
        replaced: those that it puts in the place of others.
    """

    def __init__(self, tables: Tables, view: View, added: list[NewJob], replaced: list[tuple[UUID, NewJob]]) -> None:
        self._tables = tables
        self._view = view
        self._added = added
        self._replaced = replaced
        self._reserved: set[UUID] = set()

    def place(self, new: NewJob) -> Placed:
        """Add the job, or do what its rule says with the one that keeps it out; under the lock of the tables."""
        key = new.unique
        if key is None:
            raise MisuseError(f"The job {new.name} has no unique key.", hint="Store it with add_jobs.")
        self._view.lock(UniqueKey, key.digest, new=True)
        found = self._holder(key)
        now = self._tables.clock.now()
        if found is None or not _blocks(key, found, now):
            self._added.append(new)
            return Placed(new.ref, Outcome.ADDED, due=_is_due(new))
        if key.rule.on_conflict is OnConflict.REFUSE or (
            key.rule.on_conflict is OnConflict.REPLACE and found.state is JobState.WAITING
        ):
            return Placed(found.ref, Outcome.REFUSED, due=False)
        if _waits(found):
            self._reserved.add(found.id)
            self._tables.jobs.reserve(found.id)
        if key.rule.on_conflict is OnConflict.REPLACE:
            return self._replace(found, _no_later(new, found.enqueued_at, key.rule.longest_wait, now))
        return Placed(found.ref, Outcome.KEPT, due=_waits(found) and found.due_at <= now)

    def end(self) -> None:
        """Let the jobs be claimed that were kept from it."""
        self._tables.jobs.unreserve(self._reserved)
        self._reserved.clear()

    def _holder(self, key: UniqueKey) -> Job | None:
        """Return the job with a key as this transaction sees it: its own one, or the committed one."""
        own = [new for new in self._added if new.unique is not None and new.unique.digest == key.digest]
        found = self._tables.jobs.holder(key.digest)
        return new_job(own[-1], self._tables.clock.now()) if own else found

    def _replace(self, found: Job, new: NewJob) -> Placed:
        """Replace a job of this transaction where it stands, and note what replaces a committed one."""
        new = evolve(new, id=found.id)
        places = [place for place, own in enumerate(self._added) if own.id == found.id]
        for place in places:
            self._added[place] = new
        if not places:
            self._replaced.append((found.id, new))
        return Placed(JobRef(found.id, new.queue), Outcome.REPLACED, due=_is_due(new))


def _is_due(new: NewJob) -> bool:
    return not new.delay and new.due_at is None


def _waits(job: Job) -> bool:
    return job.finished_at is None and job.state is not JobState.RUNNING


def _blocks(key: UniqueKey, found: Job, now: datetime) -> bool:
    if key.rule.window is not None:
        return found.enqueued_at > now - key.rule.window
    return _waits(found) if key.rule.until is Until.STARTED else found.finished_at is None


def _no_later(new: NewJob, enqueued_at: datetime, longest_wait: timedelta | None, now: datetime) -> NewJob:
    """Return the job with a due time that is no later than its longest wait allows."""
    if longest_wait is None:
        return new
    latest = enqueued_at + longest_wait
    if new.due_at is not None:
        return evolve(new, due_at=min(new.due_at, latest))
    return evolve(new, delay=max(timedelta(0), min(new.delay, latest - now)))
