"""What one run has told so far and the store does not have yet."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from attrs import evolve, frozen

from corelib.domain.job import Claim, Progress
from corelib.domain.job_progress import LONGEST_LINE, ReportedLine, RunReport, cut

FIRST_LINES = 900
LAST_LINES = 100
"""A run that writes more keeps its first and its last lines; the last ones are stored when it ends."""

Stamped = tuple[float, ReportedLine]


@frozen
class Told:
    """What is to be written, and how much of what waits that is."""

    report: RunReport
    lines: int


class RunReports:
    """Takes what a run tells, from any of its threads; only the last progress counts.

    Args:
        claim: of the run.
        wake: called when there is something to write.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self, claim: Claim, *, wake: Callable[[], object] = lambda: None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._claim = claim
        self._wake = wake
        self._now = now
        self._guard = threading.Lock()
        self._turn = threading.Lock()
        self._progress: Progress | None = None
        self._lines: list[Stamped] = []
        self._last: deque[Stamped] = deque(maxlen=LAST_LINES)
        self._count = 0
        self._left_out = 0

    @property
    def silent(self) -> bool:
        """Return whether nothing waits to be written; a guess, if the run goes on."""
        return self._progress is None and not self._lines and not self._last

    def progress(self, progress: Progress) -> None:
        """Take how far the run is."""
        with self._guard:
            self._progress = progress
        self._wake()

    def line(self, text: str) -> None:
        """Take a line; one that is too long is cut."""
        with self._guard:
            stamped = (self._now(), ReportedLine(self._count, cut(text, LONGEST_LINE)))
            self._count += 1
            if self._count > FIRST_LINES:
                self._left_out += len(self._last) == LAST_LINES
                self._last.append(stamped)
                return
            self._lines.append(stamped)
        self._wake()

    @contextmanager
    def written(self, *, last: bool = False, wait: bool = True) -> Iterator[RunReport | None]:
        """Give what is to be written to the block, one block at a time; afterwards it counts as written.

        If the block fails, all of it waits for the next one.

        Args:
            last: the run has ended, so that the lines that were kept back are in it.
            wait: for another block; otherwise there is nothing for this one.
        """
        if not self._turn.acquire(blocking=wait):
            yield None
            return
        try:
            told = self._told(last=last)
            yield None if told is None else told.report
            if told is not None:
                self._forget(told, last=last)
        finally:
            self._turn.release()

    def _told(self, *, last: bool) -> Told | None:
        with self._guard:
            lines = [*self._lines, *(self._kept_back() if last else [])]
            if self._progress is None and not lines:
                return None
            now = self._now()
            dated = [evolve(line, ago=timedelta(seconds=max(0.0, now - at))) for at, line in lines]
            return Told(RunReport(self._claim, self._progress, dated), len(self._lines))

    def _kept_back(self) -> list[Stamped]:
        if not self._left_out:
            return list(self._last)
        at, first = self._last[0]
        notice = ReportedLine(first.number - 1, f"... {self._left_out} lines were left out here ...")
        return [(at, notice), *self._last]

    def _forget(self, told: Told, *, last: bool) -> None:
        with self._guard:
            del self._lines[: told.lines]
            if self._progress is told.report.progress:
                self._progress = None
            if last:
                self._last.clear()
                self._left_out = 0
