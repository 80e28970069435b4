"""A host for the suite of jobs from end to end: its worker runs, and each test says what its own jobs do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from attrs import field, frozen

from corelib.adapters.memory import MemoryTracer
from corelib.application.app import App
from corelib.application.host import Host
from corelib.application.jobs.description import job
from corelib.application.jobs.run import JobRun
from corelib.domain.backoff import Backoff
from corelib.domain.job import FINAL_STATES, AttemptOutcome, Job, JobState, NewJob
from corelib.domain.unique_job import UniqueJob
from corelib.ports.storage import DEFAULT_TERMS
from corelib.ports.tracer import Tracer
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.contracts.samples import Depot, a_job
from corelib.testing.contracts.waiting import eventually

Act = Callable[[JobRun, UnitOfWork], object]
"""What a run does."""

BACKOFF = timedelta(milliseconds=30)
TIME_OUT = timedelta(milliseconds=400)
STOP_LIMIT = timedelta(seconds=5)
ENDED = FINAL_STATES | {JobState.PARKED}

SETTINGS: Mapping[str, Any] = {
    "poll": timedelta(milliseconds=50),
    "lease": timedelta(seconds=1.5),
    "threads": 3,
    "queues": {"acts": None, "halted": None, "limited": None, "strangers": None, "one-by-one": 1},
}
"""How the worker of the stage is set up, beside its URLs."""


class OutOfOrderError(Exception):
    """What the second try does not mend."""


@frozen
class Scene:
    """Payload of the jobs: the name of an act."""

    name: str


class Acts:
    """What runs do, by the name that their payload has."""

    def __init__(self) -> None:
        self._acts: dict[str, Act] = {}

    def add(self, act: Act) -> Scene:
        """Keep an act, and return the payload of jobs that play it."""
        scene = Scene(uuid4().hex)
        self._acts[scene.name] = act
        return scene

    def play(self, scene: Scene, run: JobRun, uow: UnitOfWork) -> object:
        """Play the act of a payload, and return what it returns."""
        return self._acts[scene.name](run, uow)


@job(queue="acts")
def once(scene: Scene, acts: Acts, run: JobRun, uow: UnitOfWork) -> object:
    """A job with one attempt."""
    return acts.play(scene, run, uow)


@job(queue="acts", attempts=3, backoff=Backoff.fixed(BACKOFF), non_retryable=(OutOfOrderError,))
def thrice(scene: Scene, acts: Acts, run: JobRun, uow: UnitOfWork) -> None:
    """A job with three attempts and an error that is not retried."""
    acts.play(scene, run, uow)


@job(queue="acts", timeout=TIME_OUT)
def briefly(scene: Scene, acts: Acts, run: JobRun, uow: UnitOfWork) -> None:
    """A job whose runs have little time."""
    acts.play(scene, run, uow)


@job(queue="halted", unique=UniqueJob("name"))
def single(scene: Scene, acts: Acts, run: JobRun, uow: UnitOfWork) -> None:
    """A job that is one by its scene, in a queue that the tests pause."""
    acts.play(scene, run, uow)


@job(queue="halted", attempts=3)
def halted(scene: Scene, acts: Acts, run: JobRun, uow: UnitOfWork) -> None:
    """A job of the queue that the tests pause."""
    acts.play(scene, run, uow)


@job(queue="one-by-one")
def one_by_one(scene: Scene, acts: Acts, run: JobRun, uow: UnitOfWork) -> None:
    """A job of a queue with one thread, so that the order shows."""
    acts.play(scene, run, uow)


@job(queue="limited", concurrency=1)
def limited(scene: Scene, acts: Acts, run: JobRun, uow: UnitOfWork) -> None:
    """A job of which one runs at a time."""
    acts.play(scene, run, uow)


def _renamed(old: dict[str, Any]) -> dict[str, Any]:
    return {"name": old["act"]}


@job(queue="strangers", version=2, upcast={1: _renamed})
def second_version(scene: Scene, acts: Acts, run: JobRun, uow: UnitOfWork) -> None:
    """A job whose payload had another form once."""
    acts.play(scene, run, uow)


def stage_app(acts: Acts, tracer: Tracer) -> App:
    """Return the app whose jobs play acts; on a database it has the tables of the samples."""
    return App(
        "stage",
        jobs=[once, thrice, briefly, single, halted, one_by_one, limited, second_version],
        services=lambda _: {Acts: acts, Tracer: tracer},
        schema="corelib.testing.contracts.sample_tables:schema",
    )


@frozen
class Stage:
    """A host at work, and what its jobs do.

    Args:
        host: its worker runs.
        acts: what its jobs do.
        tracer: has the spans of what was enqueued and run.
    """

    host: Host
    acts: Acts = field(repr=False)
    tracer: MemoryTracer = field(repr=False)

    def enqueue(self, handler: Callable[..., object], act: Act, **how: Any) -> UUID:
        """Enqueue a job that plays an act, by itself."""
        return self.host.enqueue(handler, self.acts.add(act), **how)

    def stores(self, **fields: object) -> UUID:
        """Store a job as another program would, or another version of this one, that tells nobody."""
        stored = a_job(**{"queue": "strangers", "max_attempts": 1, **fields})
        self.add(stored)
        return stored.id

    def add(self, stored: NewJob) -> None:
        """Store a job without telling the broker."""
        transaction = self.host.storage.begin(DEFAULT_TERMS)
        transaction.add_jobs([stored])
        transaction.commit()

    def job(self, job_id: UUID) -> Job:
        """Return a job as the store holds it."""
        stored = self.host.jobs.find(job_id)
        assert stored is not None, "the job is not there"
        return stored

    def ended(self, job_id: UUID) -> Job:
        """Wait until a job is in a final state, or parked, and return it."""
        eventually(lambda: self.job(job_id).state in ENDED, "the job has come to an end")
        return self.job(job_id)

    def outcomes(self, job_id: UUID) -> list[AttemptOutcome]:
        """Return how the attempts of a job ended, the first one first."""
        return [attempt.outcome for attempt in self.host.jobs.attempts(job_id)]

    def depots_in(self, city: str) -> int:
        """Return how many depots there are in a city: what handlers leave in the store."""
        with self.host.unit_of_work(read_only=True) as uow:
            return sum(depot.city == city for depot in uow.repository(Depot, str).stream())


@contextmanager
def working(make_host: Callable[[App, Mapping[str, Any]], Host]) -> Iterator[Stage]:
    """Give a stage to the block whose worker runs within it.

    Args:
        make_host: puts a host together from an app and settings beside its URLs, on tables that are there.
    """
    acts, tracer = Acts(), MemoryTracer()
    with make_host(stage_app(acts, tracer), SETTINGS) as host:
        worker = host.worker()
        worker.start()
        try:
            yield Stage(host, acts, tracer)
        finally:
            worker.stop(STOP_LIMIT)


def fails() -> None:
    """Fail as a handler may."""
    raise RuntimeError("never")
