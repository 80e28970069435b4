from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.fakes import Stopwatch

from corelib.application.jobs.run import JobRun, StopSignal
from corelib.domain.identifiers import new_id
from corelib.errors import JobCancelled


class TestJobRun:
    def test_has_the_same_idempotency_key_in_every_attempt(self) -> None:
        job_id = new_id()

        keys = {JobRun(job_id, attempt, 3).idempotency_key for attempt in (1, 2, 3)}

        assert keys == {str(job_id)}

    def test_has_another_key_than_other_jobs(self) -> None:
        assert JobRun(new_id(), 1, 1).idempotency_key != JobRun(new_id(), 1, 1).idempotency_key

    class WhenItIsToStop:
        def test_says_so(self) -> None:
            stop = StopSignal()
            run = JobRun(new_id(), 1, 1, stop=stop)

            before = run.cancelled()
            stop.give("somebody cancelled the job")

            assert (before, run.cancelled()) == (False, True)

        def test_raises_when_it_is_checked(self) -> None:
            stop = StopSignal()
            run = JobRun(new_id(), 1, 1, stop=stop)
            run.check_cancelled()
            stop.give("its time is up")
            stop.give("another reason")

            with pytest.raises(JobCancelled, match=r"is to stop: its time is up\.$"):
                run.check_cancelled()

        def test_waits_no_longer(self) -> None:
            stop = StopSignal()
            run = JobRun(new_id(), 1, 1, stop=stop)

            before = run.wait(timedelta(0))
            stop.give("its time is up")

            assert (before, run.wait(timedelta(hours=1))) == (False, True)

    class WhenItsTimeIsLimited:
        def test_tells_how_much_is_left(self) -> None:
            clock = Stopwatch()
            run = JobRun(new_id(), 1, 1, timeout=timedelta(minutes=1), now=clock)
            clock.seconds = 45

            before = run.time_left()
            clock.seconds = 70

            assert (before, run.time_left()) == (timedelta(seconds=15), timedelta(0))

        def test_tells_none_without_a_limit(self) -> None:
            assert JobRun(new_id(), 1, 1).time_left() is None
