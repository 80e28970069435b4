"""What a run tells about itself while it goes on: how far it is, and lines of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import field, frozen

from corelib.domain.job import Claim, Progress
from corelib.errors import MisuseError

LONGEST_TEXT = 200
"""Characters of the text beside a progress."""

LONGEST_LINE = 1000
"""Characters of one line of a log."""


def progress_of(done: float, total: float | None = None, text: str | None = None) -> Progress:
    """Return a progress that is checked; a text that is too long is cut.

    Raises:
        MisuseError: if a number is negative or no number, or a fraction is more than 1.
    """
    for name, value in (("done", done), ("total", total)):
        if value is not None and (not math.isfinite(value) or value < 0):
            raise MisuseError(
                f"A progress was reported with {name}={value}.", hint="Give a number that is not negative."
            )
    if total is None and done > 1:
        raise MisuseError(
            f"The progress {done:g} is no fraction from 0 to 1.", hint="Name the total as well: progress(40, 100)."
        )
    words = None if text is None else cut(text, LONGEST_TEXT)
    return Progress(float(done), None if total is None else float(total), words or None)


def cut(text: str, longest: int) -> str:
    """Return a text as every store takes it: not too long, and without what no database has in a text."""
    clean = text[: longest + 1].encode(errors="replace").decode().replace("\x00", "\ufffd")
    return clean if len(clean) <= longest else f"{clean[: longest - 3]}..."


@frozen
class JobLogLine:
    """A line that a run has written.

    Args:
        job_id: of the job.
        attempt: which run of it.
        at: when, by the clock of the store.
        text: what.
    """

    job_id: UUID
    attempt: int
    at: datetime
    text: str


@frozen
class ReportedLine:
    """A line on its way into the store.

    Args:
        number: counts the lines of a run, from 0.
        text: what.
        ago: how long ago it was written.
    """

    number: int
    text: str
    ago: timedelta = timedelta(0)


@frozen
class RunReport:
    """What a run has told since its last report.

    Args:
        claim: that holds the job; without it nothing is written.
        progress: the last one; None if there was none since.
        lines: in their order.
    """

    claim: Claim
    progress: Progress | None = None
    lines: Sequence[ReportedLine] = field(default=())
