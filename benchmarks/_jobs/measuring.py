"""The measurements of one contender."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count

from attrs import define, frozen

from _jobs.contender import PROCESSES, Contender, Place, wait_until, workers
from _jobs.marks import Marks

PATIENCE = 180.0
WARM_UP_PART = 0.1
WARM_UP_JOBS = 100
SETTLING_SECONDS = 1.0
"""For what is sent in the background."""
LATENCY_PAUSE = 0.05


@frozen
class Sizes:
    """How many jobs each measurement takes."""

    single: int = 300
    many: int = 1_000
    backlog: int = 4_000
    latency: int = 60


TINY = Sizes(single=5, many=20, backlog=40, latency=3)


@define
class Measured:
    """One repetition of one contender.

    Args:
        singles: enqueued per second, each in its own transaction.
        many: enqueued per second, all in one.
        jobs: run per second from a backlog.
        latencies: seconds from just before the call that enqueues and commits to the start of the run.
    """

    singles: float
    many: float
    jobs: float
    latencies: Sequence[float]


def measure(contender: Contender, place: Place, sizes: Sizes) -> Measured:
    """Measure enqueuing, then a backlog, then latency with nothing else to do.

    The backlog is enqueued while the workers are halted, after each of them has run jobs: processes that are still
    starting would take time from those that run already.
    """
    numbers, marks = count(1), Marks(place.marks)
    singles = _rate(sizes.single, lambda: [contender.enqueue(next(numbers)) for _ in range(sizes.single)])
    batch = [next(numbers) for _ in range(sizes.many)]
    many = _rate(sizes.many, lambda: contender.enqueue_many(batch))
    enqueued = sizes.single + sizes.many
    with workers(contender.commands(), place) as running:
        _await(contender, marks, enqueued)
        while len(marks.processes()) < PROCESSES:
            contender.enqueue_many([next(numbers) for _ in range(WARM_UP_JOBS)])
            enqueued += WARM_UP_JOBS
            _await(contender, marks, enqueued)
        with running.halted():
            for _ in range(0, sizes.backlog, sizes.many):
                contender.enqueue_many([next(numbers) for _ in range(sizes.many)])
            time.sleep(SETTLING_SECONDS)
        _await(contender, marks, enqueued + sizes.backlog)
        jobs = _throughput(sorted(instant for number, instant in marks.instants().items() if number > enqueued))
        latencies = [_latency(contender, marks, next(numbers)) for _ in range(sizes.latency)]
    return Measured(singles, many, jobs, latencies)


def _await(contender: Contender, marks: Marks, enqueued: int) -> None:
    if not wait_until(lambda: marks.count() >= enqueued, PATIENCE):
        raise TimeoutError(f"{marks.count()} of {enqueued} jobs ran")
    if not wait_until(lambda: contender.unfinished() == 0, 5):
        raise TimeoutError(f"{contender.unfinished()} of {enqueued} jobs are not recorded as finished")


def _rate(number: int, call: object) -> float:
    begin = time.perf_counter()
    call()  # type: ignore[operator]
    return number / (time.perf_counter() - begin)


def _throughput(instants: Sequence[float]) -> float:
    """Leave out the first tenth, in which threads wake."""
    skipped = int(len(instants) * WARM_UP_PART)
    return (len(instants) - skipped - 1) / (instants[-1] - instants[skipped])


def _latency(contender: Contender, marks: Marks, number: int) -> float:
    time.sleep(LATENCY_PAUSE)
    before, begin = marks.count(), time.time()
    contender.enqueue(number)
    if not wait_until(lambda: marks.count() > before, 30):
        raise TimeoutError("a job of an idle system did not run")
    return marks.instants()[number] - begin
