"""What several unit tests need in place of the outside, beside the fakes that corelib ships."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NoReturn, TypeVar
from uuid import UUID

import attrs
from attrs import frozen

from corelib.adapters.memory import ImmediateRetrier, ManualClock, MemoryLogger, MemoryStorage, MemoryTransport
from corelib.application.binding import bind
from corelib.application.events import EventHandlers
from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.description import description_of
from corelib.application.jobs.payloads import Payloads
from corelib.application.jobs.registry import JobRegistry
from corelib.application.jobs.run import JobRun
from corelib.application.jobs.runner import JobRunner
from corelib.application.unit_of_work import HandlerUnitOfWork, Surroundings, TransactionalUnitOfWork
from corelib.application.unit_runner import UnitRunner
from corelib.domain.job import JobRef
from corelib.domain.lossy_job import LossyJob
from corelib.errors import Problem, ServerUnreachable, ValidationFailed
from corelib.ports.job_store import JobStore
from corelib.ports.storage import DEFAULT_TERMS, Storage, Terms
from corelib.ports.transport import JobTransport
from corelib.ports.unit_of_work import UnitOfWork

T = TypeVar("T")
Function = Callable[..., None]


class JsonCodec:
    """A codec for flat attrs classes of texts and numbers, so that tests of the core need no extra."""

    def structure(self, raw: object, kind: type[T]) -> T:
        if not isinstance(raw, dict):
            raise ValidationFailed(kind.__name__, [Problem("", "must be an object", "wrong_type")])
        known = {field.name for field in attrs.fields(kind)}
        problems = [Problem(name, "is missing", "missing") for name in sorted(known - raw.keys())]
        problems += [Problem(name, "is not a known field", "unknown_field") for name in sorted(raw.keys() - known)]
        if problems:
            raise ValidationFailed(kind.__name__, problems)
        return kind(**raw)

    def decode(self, text: str | bytes, kind: type[T]) -> T:
        try:
            raw = json.loads(text)
        except ValueError as error:
            raise ValidationFailed(kind.__name__, [Problem("", "is not JSON", "not_json")]) from error
        return self.structure(raw, kind)

    def encode(self, value: object) -> str:
        try:
            return json.dumps(attrs.asdict(value))
        except TypeError as error:
            raise ValidationFailed(type(value).__name__, [Problem("", "is not writable as JSON")]) from error


class WatchedLogger(MemoryLogger):
    """A logger to wait for: `ended` is released by every line that says how a job ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Semaphore(0)

    def info(self, event: str, **fields: object) -> None:
        super().info(event, **fields)
        self.ended.release()

    def warning(self, event: str, **fields: object) -> None:
        super().warning(event, **fields)
        self.ended.release()


class BrokenTransport:
    """A broker that does not answer."""

    def send(self, refs: Sequence[JobRef]) -> NoReturn:
        self.check()

    def deliver(self, jobs: Sequence[LossyJob]) -> NoReturn:
        self.check()

    def check(self) -> NoReturn:
        raise ServerUnreachable("The broker does not answer.")

    def close(self) -> None:
        pass


class Stopwatch:
    """A clock for the time of runs, which a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@frozen
class Workshop:
    """A unit of work and a job runner over one store in memory, with everything around them at hand."""

    clock: ManualClock
    log: MemoryLogger
    transport: MemoryTransport
    storage: MemoryStorage
    around: Surroundings
    runner: JobRunner
    stopwatch: Stopwatch

    def pass_time(self, span: timedelta) -> None:
        """Move the clock of the store and that of the runs."""
        self.clock.advance(span)
        self.stopwatch.seconds += span.total_seconds()

    @property
    def units(self) -> UnitRunner:
        return UnitRunner(self.around.storage, ImmediateRetrier(), self.log)

    def unit_of_work(self, terms: Terms = DEFAULT_TERMS) -> TransactionalUnitOfWork:
        return TransactionalUnitOfWork(self.around, terms)

    def handler_unit_of_work(self) -> HandlerUnitOfWork:
        return HandlerUnitOfWork(self.around)

    def enqueue(self, handler: Function, payload: object, *, delay: timedelta = timedelta(0)) -> UUID:
        with self.unit_of_work() as uow:
            job_id = uow.jobs.enqueue(handler, payload, delay=delay)
            uow.commit()
        return job_id

    def announced(self) -> list[JobRef]:
        return list(iter(self.transport.take, None))

    def events_logged(self) -> list[tuple[str, str]]:
        return [(line.level, line.event) for line in self.log.lines]


def workshop(
    *,
    jobs: Sequence[Function] = (),
    events: Sequence[Function] = (),
    storage: Callable[[MemoryStorage], Storage] = lambda memory: memory,
    store: Callable[[MemoryStorage], JobStore] = lambda memory: memory.jobs,
    transport: JobTransport | None = None,
    log: MemoryLogger | None = None,
    payloads: Payloads | None = None,
    clock: ManualClock | None = None,
) -> Workshop:
    """Build a workshop; `storage`, `store` and `transport` may put a faulty part in the place of the sound one."""
    clock, log, sound = clock or ManualClock(), log or MemoryLogger(), MemoryTransport()
    memory = MemoryStorage(clock)
    registry = JobRegistry(jobs)
    around = Surroundings(
        storage=storage(memory),
        codec=JsonCodec(),
        jobs=registry,
        events=EventHandlers(bind(handler, {}, (UnitOfWork,)) for handler in events),
        announcer=Announcer(transport or sound, log),
        clock=clock,
        log=log,
        payloads=payloads or Payloads(),
    )
    handlers = {description_of(job).name: bind(job, {}, (UnitOfWork, JobRun)) for job in jobs}
    stopwatch = Stopwatch()
    runner = JobRunner(store(memory), registry, handlers, around, now=stopwatch)
    return Workshop(clock, log, sound, memory, around, runner, stopwatch)
