from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.adapters.memory.job_event_log import MemoryJobEventLog
from corelib.application.jobs.event_stream import PORTION, JobEventStream
from corelib.domain.identifiers import new_id
from corelib.domain.job_event_record import StoredJobEvent
from corelib.domain.job_events import JobDead, JobEvent
from corelib.errors import JobEventsPurged, TransientFailure

AT_ONCE = timedelta(0)


def dead(attempt: int) -> JobEvent:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return JobDead(job_id=new_id(), name="n", queue="q", attempt=attempt, at=now, correlation_id="c")


def log_of(count: int) -> MemoryJobEventLog:
    log = MemoryStorage(ManualClock()).job_events
    log.add(dead(attempt) for attempt in range(count))
    return log


def attempts(stored: Sequence[StoredJobEvent]) -> list[int]:
    return [each.event.attempt for each in stored]


class StammeringLog:
    """Fails each time before it answers, and gets another event while it is asked."""

    def __init__(self, sound: MemoryJobEventLog) -> None:
        self._sound = sound
        self._fails = True

    def read(self, *, after: str | None = None, limit: int = 100) -> Sequence[StoredJobEvent]:
        self._fails = not self._fails
        if not self._fails:
            self._sound.add([dead(99)])
            raise TransientFailure("The connection is lost.")
        return self._sound.read(after=after, limit=limit)


class TestJobEventStream:
    class WhenItIsRead:
        def test_returns_a_portion(self) -> None:
            stream = JobEventStream(log_of(5))

            first = stream.read(limit=2)

            assert attempts(first) == [0, 1]
            assert attempts(stream.read(after=first[-1].cursor)) == [2, 3, 4]

        def test_tells_where_the_end_is(self) -> None:
            stream = JobEventStream(log_of(5))

            assert stream.read(after=stream.end()) == []

    class WhenItIsFollowed:
        def test_goes_through_what_is_there_in_portions(self) -> None:
            count = 2 * PORTION + 3
            stream = JobEventStream(log_of(count))

            assert attempts(list(islice(stream.follow(poll=AT_ONCE), count))) == list(range(count))

        def test_waits_for_what_comes(self) -> None:
            log = log_of(1)
            following = JobEventStream(log).follow(poll=AT_ONCE)
            next(following)
            threading.Thread(target=lambda: log.add([dead(7)])).start()

            assert next(following).event.attempt == 7

        def test_begins_behind_a_cursor(self) -> None:
            stream = JobEventStream(log_of(3))
            cursor = stream.read(limit=1)[0].cursor

            assert attempts(list(islice(stream.follow(after=cursor), 2))) == [1, 2]

        def test_ends_when_it_is_told_to(self) -> None:
            stopping = threading.Event()
            following = JobEventStream(log_of(1)).follow(stopping=stopping)
            next(following)
            stopping.set()

            assert list(following) == []

        def test_asks_again_if_the_store_does_not_answer(self) -> None:
            stream = JobEventStream(StammeringLog(log_of(1)))

            assert attempts(list(islice(stream.follow(poll=AT_ONCE), 3))) == [0, 99, 99]

        def test_tells_that_it_has_missed_some(self) -> None:
            log = log_of(3)
            cursor = log.read(limit=1)[0].cursor
            log.purge(older_than=timedelta(days=-99999), limit=2)

            with pytest.raises(JobEventsPurged):
                next(JobEventStream(log).follow(after=cursor))
