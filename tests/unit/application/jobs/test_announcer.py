from __future__ import annotations

from collections.abc import Sequence

from tests.unit.fakes import BrokenTransport

from corelib.adapters.memory import MemoryLogger, MemoryTransport
from corelib.application.jobs.announcer import MOST_AT_ONCE, Announcer
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobRef


class CrashingTransport(MemoryTransport):
    def send(self, refs: Sequence[JobRef]) -> None:
        raise ZeroDivisionError


class TestAnnouncer:
    def test_sends_the_refs_in_their_order(self) -> None:
        transport = MemoryTransport()
        refs = [JobRef(new_id(), "a"), JobRef(new_id(), "b")]

        Announcer(transport, MemoryLogger()).announce(refs)

        assert [transport.take(), transport.take(), transport.take()] == [*refs, None]

    class WhenOneCommitHasManyJobs:
        def test_wakes_as_many_threads_of_each_queue_as_make_sense(self) -> None:
            transport = MemoryTransport()
            refs = [JobRef(new_id(), name) for name in ["a"] * (MOST_AT_ONCE + 1) + ["b"]]

            Announcer(transport, MemoryLogger()).announce(refs)

            assert list(iter(transport.take, None)) == [*refs[:MOST_AT_ONCE], refs[-1]]

    class WhenThereIsNothingToAnnounce:
        def test_does_not_ask_the_broker(self) -> None:
            log = MemoryLogger()

            Announcer(BrokenTransport(), log).announce([])

            assert log.lines == ()

    class WhenTheBrokerIsDown:
        def test_warns_and_goes_on(self) -> None:
            log = MemoryLogger()

            Announcer(BrokenTransport(), log).announce([JobRef(new_id(), "a")])

            (line,) = log.lines
            assert (line.level, line.event) == ("warning", "jobs not announced")
            assert line.fields == {"jobs": 1, "reason": "The broker does not answer."}

    class WhenTheClientFailsInAWayThatNobodyKnows:
        def test_warns_and_goes_on(self) -> None:
            log = MemoryLogger()

            Announcer(CrashingTransport(), log).announce([JobRef(new_id(), "a")])

            assert [(line.level, line.event) for line in log.lines] == [("warning", "jobs not announced")]
