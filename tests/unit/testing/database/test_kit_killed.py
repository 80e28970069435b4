from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.scene import NEXT_RUN, PREFIX, RUN, kit_of, with_bystanders

from corelib.testing.database.kit import Kit
from corelib.testing.database.memory import Killed, MemoryProcess, MemoryWorld
from corelib.testing.database.model import Kind

Run = Callable[[MemoryProcess], object]


def whole_run(process: MemoryProcess) -> None:
    """A run as the plugin makes it, with a clone that is kept and one that is not."""
    kit = kit_of(process)
    kit.reap()
    kit.clone().reset("test_a")
    kit.clone().reset("test_b")
    kit.close()


def rebuilding_run(process: MemoryProcess) -> None:
    kit_of(MemoryProcess(process.world), NEXT_RUN).template()
    with kit_of(process, rebuild=True) as kit:
        kit.clone()


def run_with_failing_migration(process: MemoryProcess) -> None:
    process.fail_at(2, RuntimeError("no such table"))
    with suppress(RuntimeError):
        kit_of(process).template()


def reaping_run(process: MemoryProcess) -> None:
    """A run that finds what others have left: a clone, an old template, a half-made build."""
    crashed = MemoryProcess(process.world)
    kit_of(crashed, NEXT_RUN).clone()
    process.world.clock.advance(timedelta(days=8))
    half = MemoryProcess(process.world)
    half.die_after(4)
    with suppress(Killed):
        kit_of(half, NEXT_RUN, version="3.0/1").template()
    crashed.kill()
    kit_of(process).close()


def steps_of(run: Run) -> int:
    process = MemoryProcess(MemoryWorld())
    run(process)
    return len(process.steps)


def each_moment_of(*runs: Run) -> list[object]:
    return [
        pytest.param(run, number, id=f"{run.__name__}-{number}") for run in runs for number in range(steps_of(run) + 1)
    ]


def good_run(world: MemoryWorld) -> Kit:
    with kit_of(MemoryProcess(world), NEXT_RUN) as kit:
        kit.clone().reset("test_c")
    return kit


class TestKit:
    class WhenARunIsKilledAfterAnyStep:
        @pytest.mark.parametrize(
            ("run", "steps"), each_moment_of(whole_run, rebuilding_run, run_with_failing_migration, reaping_run)
        )
        def test_leaves_after_the_next_good_run_nothing_but_the_template(self, run: Run, steps: int) -> None:
            world = MemoryWorld()
            doomed = MemoryProcess(world)
            doomed.die_after(steps)
            with suppress(Killed):
                run(doomed)

            kit = good_run(world)

            template = kit.template().name
            assert [*world.databases] == [template]
            assert {record.name: record.kind for record in world.records.values()} == {template: Kind.TEMPLATE}
            assert world.prepared == {template}
            assert kit.figures.left == {}

        @pytest.mark.parametrize(
            ("run", "steps"), each_moment_of(whole_run, rebuilding_run, run_with_failing_migration)
        )
        def test_touches_nothing_of_anybody_else(self, run: Run, steps: int) -> None:
            world = MemoryWorld()
            others = with_bystanders(world)
            doomed = MemoryProcess(world)
            doomed.die_after(steps)
            with suppress(Killed):
                run(doomed)

            good_run(world)

            assert others.now() == others.before

        @pytest.mark.parametrize(("run", "steps"), each_moment_of(whole_run))
        def test_reaper_alone_leaves_nothing_but_a_template_that_is_whole(self, run: Run, steps: int) -> None:
            world = MemoryWorld()
            doomed = MemoryProcess(world)
            doomed.die_after(steps)
            with suppress(Killed):
                run(doomed)

            kit_of(MemoryProcess(world), NEXT_RUN).reap()

            assert {*world.databases} == {*world.records} == world.prepared
            assert all(record.kind is Kind.TEMPLATE for record in world.records.values())

    class WhenTheServerStillMakesADatabaseForADeadProcess:
        def test_waits_for_it_and_drops_it(self) -> None:
            world = MemoryWorld()
            doomed = MemoryProcess(world)
            name = kit_of(doomed).clone().name
            world.making[name] = (3, world.databases.pop(name))
            doomed.kill()

            dropped = kit_of(MemoryProcess(world), NEXT_RUN).reap()

            assert dropped == [name]
            assert name not in {*world.databases, *world.records, *world.making}

    class WhenAnotherRunHasTheSameNumbers:
        def test_gives_a_clone_the_next_free_name(self) -> None:
            world = MemoryWorld()
            first = kit_of(MemoryProcess(world), RUN).clone()

            second = kit_of(MemoryProcess(world), RUN).clone()

            assert (first.name, second.name) == (f"{PREFIX}_c_{RUN}_main_1", f"{PREFIX}_c_{RUN}_main_2")
