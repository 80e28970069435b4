from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

from attrs import evolve

from corelib import JobState, new_id
from corelib.adapters.memory.job_table import JobTable, Row
from corelib.domain.context import Context
from corelib.domain.job import Job

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_job(**changes: object) -> Job:
    plain = Job(
        id=new_id(),
        name="n",
        queue="q",
        payload="{}",
        context=Context("c"),
        state=JobState.PENDING,
        attempts=0,
        max_attempts=1,
        timeout=timedelta(minutes=1),
        enqueued_at=NOON,
        due_at=NOON,
    )
    return evolve(plain, **changes)  # type: ignore[arg-type]


def added(table: JobTable, **changes: object) -> Row:
    row = Row(a_job(**changes), None, None)
    table[row.job.id] = row
    return row


def pending(table: JobTable, queue: str = "q") -> Sequence[Row]:
    return list(table.pending(queue))


class TestJobTable:
    class WhenPendingJobsAreAskedFor:
        def test_those_of_higher_priority_come_first_then_those_due_for_longer(self) -> None:
            table = JobTable()
            late = added(table, due_at=NOON + timedelta(seconds=1))
            early = added(table)
            best = added(table, priority=5, due_at=NOON + timedelta(days=1))

            found = pending(table)

            assert found == [best, early, late]

        def test_those_of_other_queues_and_states_are_not_there(self) -> None:
            table = JobTable()
            added(table, queue="other")
            added(table, state=JobState.RUNNING)

            found = pending(table)

            assert found == []

        def test_one_who_stops_early_takes_nothing_away(self) -> None:
            table = JobTable()
            rows = [added(table) for _ in range(3)]

            with closing(table.pending("q")) as best:
                first = list(islice(best, 1))

            assert first == rows[:1]
            assert pending(table) == rows

    class WhenAJobChanges:
        def test_it_is_found_in_its_new_state_only(self) -> None:
            table = JobTable()
            row = added(table)

            row.job = evolve(row.job, state=JobState.RUNNING)

            assert pending(table) == []
            assert table.in_state(JobState.RUNNING) == [row]
            assert (table.number(JobState.PENDING), table.number(JobState.RUNNING, "q")) == (0, 1)

        def test_it_is_pending_once_however_often_it_came_back(self) -> None:
            table = JobTable()
            row = added(table)

            for _ in range(3):
                row.job = evolve(row.job, state=JobState.RUNNING)
                row.job = evolve(row.job, state=JobState.PENDING)

            assert pending(table) == [row]

        def test_it_moves_to_its_new_place(self) -> None:
            table = JobTable()
            first, second = added(table), added(table)

            first.job = evolve(first.job, due_at=NOON + timedelta(hours=1))

            assert pending(table) == [second, first]

    class WhenAJobIsRemoved:
        def test_it_is_found_nowhere(self) -> None:
            table = JobTable()
            row = added(table)

            del table[row.job.id]

            assert (pending(table), table.in_state(JobState.PENDING), len(table)) == ([], [], 0)

    class WhenManyThingsHappen:
        def test_says_what_a_look_through_all_rows_says(self) -> None:
            table, chance = JobTable(), Random(7)
            rows = [added(table, priority=chance.randrange(3)) for _ in range(30)]

            for _ in range(500):
                row = chance.choice(rows)
                state = chance.choice([JobState.PENDING, JobState.RUNNING, JobState.SUCCEEDED])
                due = NOON + timedelta(seconds=chance.randrange(5))
                row.job = evolve(row.job, state=state, due_at=due)
                with closing(table.pending("q")) as best:
                    list(islice(best, chance.randrange(4)))

            waiting = [row for row in rows if row.job.state is JobState.PENDING]
            waiting.sort(key=lambda row: (-row.job.priority, row.job.due_at, row.job.id))
            assert pending(table) == waiting
