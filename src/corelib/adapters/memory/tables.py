"""The shared state behind all transactions of a memory store."""

from __future__ import annotations

import threading

from attrs import define, field

from corelib.adapters.memory.job_store import MemoryJobStore
from corelib.domain.event import RecordedEvent
from corelib.ports.clock import Clock


@define
class Stored:
    """A committed aggregate and its version, from 1."""

    aggregate: object
    version: int


@define(eq=False)
class Tables:
    """Committed aggregates by class and identifier, jobs and events; guarded by one lock."""

    clock: Clock
    aggregates: dict[type, dict[object, Stored]] = field(factory=dict)
    events: list[RecordedEvent] = field(factory=list)
    lock: threading.RLock = field(factory=threading.RLock)
    jobs: MemoryJobStore = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.jobs = MemoryJobStore(self.clock, self.lock)

    def of(self, kind: type) -> dict[object, Stored]:
        """Return the committed aggregates of a class."""
        return self.aggregates.setdefault(kind, {})
