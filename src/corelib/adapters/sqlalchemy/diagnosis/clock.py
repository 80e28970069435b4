"""Whether server and machine agree on the time."""

from __future__ import annotations

from datetime import UTC, datetime

from corelib.adapters.sqlalchemy.diagnosis.model import Judgement, failure, ok, unknown, warning
from corelib.adapters.sqlalchemy.diagnosis.session import Judge, Session

NOTICEABLE_SECONDS = 2.0
WRONG_SECONDS = 60.0
_ADVICE = "Let both machines take their time from a time server (NTP): schedules, tokens and logs depend on it."


def clock(statement: str) -> Judge:
    """Return the check that asks for the server's time in UTC by a statement.

    The server is asked in the middle of the round trip, as far as one can know.
    """

    def judge(session: Session) -> Judgement:
        session.rows(statement)  # the connection is made and warm, so that the round trip is short
        before = datetime.now(UTC)
        told = next(iter(session.row(statement)), None)
        after = datetime.now(UTC)
        if not isinstance(told, datetime):
            return unknown(f"the server told no time, but {told!r}")
        utc = told.replace(tzinfo=UTC) if told.tzinfo is None else told
        return _judged((utc - (before + (after - before) / 2)).total_seconds())

    return judge


def _judged(ahead: float) -> Judgement:
    apart = abs(ahead)
    if apart < NOTICEABLE_SECONDS:
        return ok(f"less than {NOTICEABLE_SECONDS:.0f} s from this machine's")
    found = f"{apart:.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    return failure(found, _ADVICE) if apart >= WRONG_SECONDS else warning(found, _ADVICE)
