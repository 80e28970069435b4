"""What there has to be when all jobs have ended, and what there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Engine

from _soak.app import line
from _soak.fates import Fate
from corelib import Host, JobState
from corelib.adapters.sqlalchemy import tables
from corelib.domain.job import AttemptOutcome


@frozen
class Entry:
    """A figure, what it has to be, and whether it may be more, as where workers were killed."""

    name: str
    wanted: int
    found: int
    may_be_more: bool = False

    @property
    def balances(self) -> bool:
        """Return whether it is right."""
        return self.found >= self.wanted if self.may_be_more else self.found == self.wanted


def books(host: Host, engine: Engine, fates: Counter[Fate], *, killed: int) -> Sequence[Entry]:
    """Compare the stores with what the numbers of the jobs say."""
    states, outcomes = host.jobs.count(), _outcomes(engine)
    lines, jobs_with_lines = _lines(engine)
    failed = sum(fate.failures * number for fate, number in fates.items() if fate is not Fate.HANGS_ONCE)
    # An attempt that a kill has ended is recorded as stalled, and was not one that failed.
    fewest = failed if not killed else int(failed * 0.95)
    return [
        *(Entry(f"jobs {state.value}", _wanted(fates, state), number) for state, number in states.items()),
        Entry("lines written by jobs", sum(fate.lines * number for fate, number in fates.items()), lines),
        Entry("jobs with a line", lines, jobs_with_lines),
        Entry("attempts that failed", fewest, outcomes[AttemptOutcome.FAILED.value], bool(killed)),
        Entry(
            "attempts timed out",
            0 if killed else fates[Fate.HANGS_ONCE],
            outcomes[AttemptOutcome.TIMED_OUT.value],
            bool(killed),
        ),
        Entry("attempts stalled", 0, outcomes[AttemptOutcome.STALLED.value], bool(killed)),
    ]


def _wanted(fates: Mapping[Fate, int], state: JobState) -> int:
    if state not in (JobState.SUCCEEDED, JobState.DEAD):
        return 0
    return sum(number for fate, number in fates.items() if fate.succeeds is (state is JobState.SUCCEEDED))


def _outcomes(engine: Engine) -> Counter[str]:
    attempt = tables.job_attempt
    with engine.connect() as connection:
        rows = connection.execute(sa.select(attempt.c.outcome, sa.func.count()).group_by(attempt.c.outcome))
        return Counter({row[0]: row[1] for row in rows})


def _lines(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        row = connection.execute(sa.select(sa.func.count(), sa.func.count(sa.distinct(line.c.job)))).one()
    return row[0], row[1]
