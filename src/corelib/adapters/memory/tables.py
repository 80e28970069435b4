"""The shared state behind all transactions of a memory store."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field, frozen

from corelib.adapters.memory.faults import Faults
from corelib.adapters.memory.job_store import MemoryJobStore
from corelib.adapters.memory.row_locks import RowLocks
from corelib.adapters.memory.schedule_store import MemoryScheduleStore
from corelib.domain.constraint import Constraint, Reference, Unique
from corelib.domain.event import RecordedEvent
from corelib.domain.specification_evaluation import at
from corelib.ports.clock import Clock

Rows = Mapping[object, "Stored"]


@frozen(eq=False)
class Stored:
    """An aggregate as it was written, which nobody changes any more, and its version, from 1."""

    aggregate: object
    version: int


@define(eq=False)
class Tables:
    """Committed aggregates by class and identifier, jobs, events and keys; guarded by one lock."""

    clock: Clock
    constraints: Sequence[Constraint] = ()
    faults: Faults = field(factory=Faults)
    aggregates: dict[type, dict[object, Stored]] = field(factory=dict)
    events: list[RecordedEvent] = field(factory=list)
    keys: set[str] = field(factory=set)
    lock: threading.RLock = field(factory=threading.RLock)
    commits: int = 0
    changed: dict[type, int] = field(factory=dict)
    jobs: MemoryJobStore = field(init=False)
    schedules: MemoryScheduleStore = field(init=False)
    locks: RowLocks = field(init=False)
    index: Index = field(init=False)
    _assigned: dict[type, int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.jobs = MemoryJobStore(self.clock, self.lock)
        self.schedules = MemoryScheduleStore(self.clock, self.lock, self.jobs)
        self.locks = RowLocks(self.lock)
        self.index = Index(self.constraints)

    def of(self, kind: type) -> dict[object, Stored]:
        """Return the committed aggregates of a class."""
        return self.aggregates.setdefault(kind, {})

    def apply(self, writes: Mapping[type, Mapping[object, Stored | None]]) -> None:
        """Make what a transaction has written the committed state."""
        self.commits += 1
        for kind, rows in writes.items():
            committed = self.of(kind)
            self.changed[kind] = self.commits
            for identifier, stored in rows.items():
                before = committed.pop(identifier, None)
                self.index.move(kind, identifier, before, stored)
                if stored is not None:
                    committed[identifier] = stored

    def next_identifier(self, kind: type) -> int:
        """Return an identifier that this store has never assigned before to an aggregate of a class."""
        with self.lock:
            self._assigned[kind] = self._assigned.get(kind, 0) + 1
            return self._assigned[kind]


class Index:
    """Who has the values that unique constraints and references look at.

    Of a transaction's own writes it may name some who do not have them any more: whoever asks looks again.
    """

    def __init__(self, constraints: Iterable[Constraint]) -> None:
        self._indexed = [rule for rule in constraints if isinstance(rule, Unique | Reference)]
        self._holders: dict[Unique | Reference, dict[object, dict[object, None]]] = {rule: {} for rule in self._indexed}

    def holders(self, rule: Unique | Reference, value: object) -> Iterable[object]:
        """Return the identifiers of those who have the value."""
        return list(self._holders[rule].get(value, ()))

    def move(self, kind: type, identifier: object, before: Stored | None, after: Stored | None) -> None:
        """Note that an aggregate was written."""
        for rule in self._indexed:
            if rule.kind is not kind:
                continue
            old, new = value_of(rule, before), value_of(rule, after)
            if old is not None and old != new:
                holders = self._holders[rule].get(old, {})
                holders.pop(identifier, None)
                if not holders:
                    self._holders[rule].pop(old, None)
            if new is not None:
                self._holders[rule].setdefault(new, {})[identifier] = None


def value_of(rule: Unique | Reference, stored: Stored | None) -> object:
    """Return what an aggregate has in the fields of a rule; None if it is gone, or one of them is missing."""
    if stored is None:
        return None
    if isinstance(rule, Reference):
        found: object = at(stored.aggregate, rule.path)
        return found
    values = tuple(at(stored.aggregate, path) for path in rule.paths)
    return None if None in values else values
