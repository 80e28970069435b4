"""Worker processes whose memory is watched, and which can be killed."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from attrs import define, field, frozen

HERE = Path(__file__).parents[1]
MEGABYTE = 1024 * 1024
WARM_UP_PART = 0.25
STOP_SECONDS = 30
GROWTH, SLACK = 1.15, 8.0
"""A process may end with so many times what it had when it was warm, and so many megabytes on top."""


@frozen
class Memory:
    """What a process has used, in megabytes.

    Args:
        start: when it was looked at first.
        warm: when a quarter of its work was done.
        median: of all times after that.
        end: when it was looked at last.
    """

    start: float
    warm: float
    median: float
    end: float

    @property
    def is_flat(self) -> bool:
        """Return whether it did not grow once it was warm."""
        return self.end <= self.warm * GROWTH + SLACK


@define
class Workers:
    """The processes of a run.

    Args:
        environment: tells them where to work.
        log: takes what they print.
    """

    environment: Mapping[str, str]
    log: Path
    killed: int = 0
    _running: dict[int, subprocess.Popen[bytes]] = field(factory=dict)
    _samples: dict[int, list[tuple[float, float]]] = field(factory=dict)

    def start(self) -> None:
        """Start one more."""
        paths = [str(HERE), self.environment.get("PYTHONPATH", "")]
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "_jobs.worker", "_soak.app"],
                env={**os.environ, **self.environment, "PYTHONPATH": os.pathsep.join(paths)},
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        self._running[process.pid] = process

    def kill_oldest(self) -> None:
        """Kill the one that has run for longest, and start another one."""
        victim = next(iter(self._running))
        process = self._running.pop(victim)
        process.kill()
        process.wait()
        self._samples.pop(victim, None)
        self.killed += 1
        self.start()

    def look(self, done: float) -> None:
        """Note the memory of each, and which part of the work is done.

        Raises:
            RuntimeError: if one has died by itself.
        """
        for pid, process in self._running.items():
            if process.poll() is not None:
                raise RuntimeError(f"A worker ended with {process.returncode}: see {self.log}.")
            used = psutil.Process(pid).memory_info().rss / MEGABYTE
            self._samples.setdefault(pid, []).append((done, used))

    def memory(self) -> dict[int, Memory]:
        """Return what each of those that still run has used; its own work begins when it is first looked at."""
        return {pid: _memory(samples) for pid, samples in self._samples.items() if samples}

    def stop(self) -> None:
        """End all of them in order."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def workers(count: int, environment: Mapping[str, str], log: Path) -> Iterator[Workers]:
    """Run so many processes within the block."""
    started = Workers({**environment, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}, log)
    try:
        for _ in range(count):
            started.start()
        yield started
    finally:
        started.stop()


def _memory(samples: list[tuple[float, float]]) -> Memory:
    begin = samples[0][0]
    warm_from = begin + (1 - begin) * WARM_UP_PART
    warm = [used for done, used in samples if done >= warm_from] or [samples[-1][1]]
    return Memory(samples[0][1], warm[0], statistics.median(warm), samples[-1][1])
