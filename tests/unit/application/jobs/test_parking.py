from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from tests.support.until import until

from corelib.adapters.memory import ManualClock, MemoryLogger, MemoryStorage
from corelib.adapters.memory.job_store import MemoryJobStore
from corelib.application.jobs.parking import ParkedJobs
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState, NewJob
from corelib.errors import ServerUnreachable

SOON = timedelta(milliseconds=5)


def parked(store: MemoryJobStore, name: str, payload: str = "{}") -> NewJob:
    new = NewJob(id=new_id(), name=name, queue="default", payload=payload, context=Context("c"))
    store.add([new])
    claim = store.claim(new.id)
    assert claim is not None
    store.park(claim, reason="not known")
    return new


def a_store() -> MemoryJobStore:
    return MemoryStorage(ManualClock()).jobs


class TestParkedJobs:
    def test_lets_those_run_that_can_be_read(self) -> None:
        store = a_store()
        readable, unreadable = parked(store, "print", "good"), parked(store, "print", "bad")
        jobs = ParkedJobs(store, ["print"], lambda job: job.payload == "good", MemoryLogger())

        count = jobs.look()

        assert count == 1
        assert [job.id for job in store.list(state=JobState.PENDING)] == [readable.id]
        assert [job.id for job in store.list(state=JobState.PARKED)] == [unreadable.id]

    def test_leaves_those_of_other_names(self) -> None:
        store = a_store()
        parked(store, "shred")

        assert ParkedJobs(store, ["print"], lambda _: True, MemoryLogger()).look() == 0

    def test_takes_any_number(self) -> None:
        store = a_store()
        for _ in range(401):
            parked(store, "print")

        assert ParkedJobs(store, ["print"], lambda _: True, MemoryLogger()).look() == 401

    class WhenItIsStarted:
        def test_looks_at_once_and_says_what_it_found(self) -> None:
            store, log = a_store(), MemoryLogger()
            parked(store, "print")
            jobs = ParkedJobs(store, ["print"], lambda _: True, log, every=timedelta(hours=1))

            jobs.start()
            until(lambda: bool(log.lines), "it has looked")
            jobs.stop()

            assert [(line.event, line.fields["jobs"]) for line in log.lines] == [("parked jobs can be read now", 1)]
            assert "corelib-parked-jobs" not in {thread.name for thread in threading.enumerate()}

        def test_looks_from_time_to_time(self) -> None:
            store = a_store()
            jobs = ParkedJobs(store, ["print"], lambda _: True, MemoryLogger(), every=SOON)
            jobs.start()

            parked(store, "print")

            until(lambda: store.count()[JobState.PENDING] == 1, "it has looked again")
            jobs.stop()

        @pytest.mark.parametrize(
            ("error", "line"),
            [
                (ServerUnreachable("No answer."), ("warning", "parked jobs not looked at")),
                (ZeroDivisionError(), ("error", "looking at parked jobs crashed")),
            ],
            ids=["known", "unexpected"],
        )
        def test_goes_on_after_an_error(self, error: Exception, line: tuple[str, str]) -> None:
            store, log, errors = a_store(), MemoryLogger(), [error]
            parked(store, "print")

            def readable(_: object) -> bool:
                if errors:
                    raise errors.pop()
                return True

            jobs = ParkedJobs(store, ["print"], readable, log, every=SOON)
            jobs.start()

            until(lambda: store.count()[JobState.PENDING] == 1, "it has looked again")
            jobs.stop()

            assert (log.lines[0].level, log.lines[0].event) == line

        def test_can_be_stopped_without_having_been_started(self) -> None:
            ParkedJobs(a_store(), [], lambda _: True, MemoryLogger()).stop()
