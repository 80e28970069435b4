from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("hypothesis")

from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.testing.database.scene import DEAD_RUN, NEXT_RUN, OTHER_RUN, PREFIX, kit_of, with_bystanders

from corelib.testing.database.dropping import Dropper
from corelib.testing.database.kit import Kit
from corelib.testing.database.memory import MemoryDatabase, MemoryProcess, MemoryRegistry, MemoryWorld, memory_room
from corelib.testing.database.model import Kind, OwnedDatabase
from corelib.testing.database.planning.names import build_name, template_name
from corelib.testing.database.reaper import Reaper

WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)
REAPERS = 6
FINGERPRINT = "0123456789abcdef" * 4


def reaper_of(process: MemoryProcess, *, patience: float = 30.0) -> Reaper:
    room = memory_room(process)
    return Reaper(room, Dropper(room, PREFIX, patience, pause=lambda _: None), WEEK)


def killed_with_clone(world: MemoryWorld, run: str = DEAD_RUN, **settings: object) -> str:
    """Return the name of a clone whose process is dead."""
    process = MemoryProcess(world)
    name = kit_of(process, run, **settings).clone().name  # type: ignore[arg-type]
    process.kill()
    return name


@frozen
class Past:
    """What one process did before the reaper came."""

    run: str
    version: str
    clones: int
    keeps: bool
    lives: bool


@frozen
class Came:
    """The databases that a process made; its kit, lest its leases end."""

    kit: Kit
    wanted: list[str]
    unwanted: list[str]


def come_and_go(world: MemoryWorld, past: Past) -> Came:
    process = MemoryProcess(world)
    kit = kit_of(process, past.run, version=past.version)
    template = kit.template().name
    clones = [kit.clone() for _ in range(past.clones)]
    for clone in clones:
        if past.keeps:
            clone.keep("test_a")
    if not past.lives:
        process.kill()
    names = [clone.name for clone in clones]
    is_wanted = past.keeps or past.lives
    return Came(kit, [template, *(names if is_wanted else [])], [] if is_wanted else names)


@frozen
class SlowRegistry(MemoryRegistry):
    """Was asked some time ago what is expired."""

    found: Sequence[OwnedDatabase]

    def expired(self, prefix: str, *, templates_after: timedelta) -> Sequence[OwnedDatabase]:
        return self.found


PASTS = st.lists(
    st.builds(
        Past,
        st.sampled_from([DEAD_RUN, OTHER_RUN]),
        st.sampled_from(["1.0/1", "0.9/1"]),
        st.integers(0, 2),
        st.booleans(),
        st.booleans(),
    ),
    max_size=5,
)


class TestReaper:
    class WhenAProcessWasKilled:
        def test_drops_its_clone_and_forgets_it(self) -> None:
            world = MemoryWorld()
            name = killed_with_clone(world)

            reaped = reaper_of(MemoryProcess(world)).reap()

            assert (reaped.dropped, reaped.left) == ([name], {})
            assert name not in {*world.databases, *world.records}

        def test_forgets_a_record_whose_database_was_never_made(self) -> None:
            world = MemoryWorld()
            name = killed_with_clone(world)
            del world.databases[name]

            reaper_of(MemoryProcess(world)).reap()

            assert name not in world.records

    class WhenAProcessLives:
        def test_leaves_its_clone(self) -> None:
            world = MemoryWorld()
            kit = kit_of(MemoryProcess(world), OTHER_RUN)
            clone = kit.clone()

            reaped = reaper_of(MemoryProcess(world)).reap()

            assert (reaped.dropped, reaped.left) == ([], {})
            assert clone.name in world.databases

        def test_leaves_its_own_as_well(self) -> None:
            process = MemoryProcess(MemoryWorld())
            kit = kit_of(process)
            clone = kit.clone()

            assert list(kit.reap()) == []
            assert clone.name in process.world.databases

    class WhenATemplateIsOld:
        @pytest.mark.parametrize(("age", "stays"), [(WEEK - MOMENT, True), (WEEK, False)])
        def test_drops_it_with_what_was_prepared_after_its_time(self, age: timedelta, *, stays: bool) -> None:
            world = MemoryWorld()
            name = kit_of(MemoryProcess(world), DEAD_RUN).template().name
            world.clock.advance(age)

            reaper_of(MemoryProcess(world)).reap()

            assert {*world.databases} == {*world.records} == world.prepared == ({name} if stays else set())

        def test_leaves_it_while_somebody_holds_its_lock(self) -> None:
            world = MemoryWorld()
            built = threading.Event()
            go_on = threading.Event()
            name = kit_of(MemoryProcess(world), DEAD_RUN).template().name
            world.clock.advance(WEEK)
            holder = memory_room(MemoryProcess(world))

            def hold() -> None:
                with holder.server.locks.hold(f"corelib test template {name}"):
                    built.set()
                    assert go_on.wait(30)

            with ThreadPoolExecutor(1) as pool:
                held = pool.submit(hold)
                assert built.wait(30)
                reaped = reaper_of(MemoryProcess(world)).reap()
                go_on.set()
                held.result(30)

            assert (reaped.dropped, [*world.databases]) == ([], [name])

        def test_leaves_one_that_a_run_has_asked_for_meanwhile(self) -> None:
            world = MemoryWorld()
            name = kit_of(MemoryProcess(world), DEAD_RUN).template().name
            world.clock.advance(WEEK)
            process = MemoryProcess(world)
            registry = SlowRegistry(process, memory_room(process).registry.expired(PREFIX, templates_after=WEEK))
            room = evolve(memory_room(process), registry=registry)
            kit_of(MemoryProcess(world), NEXT_RUN).template()

            reaped = Reaper(room, Dropper(room, PREFIX), WEEK).reap()

            assert [record.name for record in registry.found] == [name]
            assert (reaped.dropped, [*world.databases]) == ([], [name])

    class WhenTheServerStillMakesADatabase:
        def test_waits_until_it_is_there(self) -> None:
            world = MemoryWorld()
            name = killed_with_clone(world)
            world.making[name] = (3, world.databases.pop(name))

            reaped = reaper_of(MemoryProcess(world)).reap()

            assert reaped.dropped == [name]
            assert name not in {*world.databases, *world.records}

        def test_leaves_it_to_the_next_if_that_takes_too_long(self) -> None:
            world = MemoryWorld()
            name = killed_with_clone(world)
            world.making[name] = (10**9, world.databases.pop(name))

            reaped = reaper_of(MemoryProcess(world), patience=0).reap()

            assert reaped.dropped == []
            assert "the server still makes it" in reaped.left[name]
            assert name in world.records

    class WhenADatabaseIsNotWhatItsRecordSays:
        def test_reports_it_and_drops_the_others(self) -> None:
            world = MemoryWorld()
            first, second = killed_with_clone(world), killed_with_clone(world, OTHER_RUN)
            world.databases[first] = MemoryDatabase(mark=world.databases[second].mark)

            reaped = reaper_of(MemoryProcess(world)).reap()

            assert reaped.dropped == [second]
            assert "found was the mark of the clone" in reaped.left[first]
            assert first in world.databases

    class WhenADatabaseHasNoRecord:
        def test_reports_what_looks_like_the_kits_and_leaves_it(self) -> None:
            world = MemoryWorld()
            world.databases |= {
                f"{PREFIX}_c_{DEAD_RUN}_main_1": MemoryDatabase(),
                f"{PREFIX}_eu_c_{DEAD_RUN}_main_1": MemoryDatabase(),
                f"{PREFIX}_by_hand": MemoryDatabase(),
            }
            before = {*world.databases}

            kit = kit_of(MemoryProcess(world), NEXT_RUN)
            kit.reap()

            assert [*kit.figures.left] == [f"{PREFIX}_c_{DEAD_RUN}_main_1"]
            assert {*world.databases} == before

        def test_reports_none_that_has_one(self) -> None:
            world = MemoryWorld()
            kit = kit_of(MemoryProcess(world), OTHER_RUN)
            kit.clone()

            assert reaper_of(MemoryProcess(world)).strangers() == []

    class WhenAnotherPrefixBeginsLikeItsOwn:
        def test_leaves_its_databases_to_its_own_reaper(self) -> None:
            world = MemoryWorld()
            name = killed_with_clone(world, prefix=f"{PREFIX}_eu")

            reaped = reaper_of(MemoryProcess(world)).reap()

            assert (reaped.dropped, reaped.left) == ([], {})
            assert name in world.databases

    class WhenSeveralReapAtOnce:
        def test_drops_everything_once_and_nothing_else(self) -> None:
            world = MemoryWorld()
            others = with_bystanders(world)
            dead = {killed_with_clone(world) for _ in range(10)}
            ready = threading.Barrier(REAPERS)

            def reap(_: int) -> list[str]:
                reaper = reaper_of(MemoryProcess(world))
                ready.wait(30)
                reaped = reaper.reap()
                assert reaped.left == {}
                return reaped.dropped

            with ThreadPoolExecutor(REAPERS) as pool:
                dropped = [name for names in pool.map(reap, range(REAPERS)) for name in names]
            dropped += reap_again(world)

            assert sorted(dropped) == sorted(dead)
            assert others.now() == others.before

    class WhenItComesBetweenAnyTwoStepsOfARun:
        def test_does_not_disturb_it(self) -> None:
            world = MemoryWorld()
            reaped: list[str] = []
            process = MemoryProcess(
                world, between=lambda: reaped.extend(reaper_of(MemoryProcess(world)).reap().dropped)
            )

            with kit_of(process) as kit:
                clone = kit.clone()
                clone.reset("test_a")
                records = {*world.records}

            assert reaped == []
            assert records == {kit.template().name, clone.name}
            assert [*world.databases] == [*world.records] == [kit.template().name]

    class WhenABuildIsLeft:
        def test_leaves_a_template_that_somebody_else_has_built_since(self) -> None:
            world = MemoryWorld()
            template = kit_of(MemoryProcess(world), DEAD_RUN).template()
            build = left_build(world, template.fingerprint)

            reaped = reaper_of(MemoryProcess(world)).reap()

            assert reaped.dropped == [build]
            assert {*world.databases} == {*world.records} == world.prepared == {template.name}

        def test_leaves_a_database_that_has_the_name_of_its_template_but_not_its_mark(self) -> None:
            world = MemoryWorld()
            build = left_build(world, FINGERPRINT)
            foreign = MemoryDatabase({"orders": [1]})
            world.databases[template_name(PREFIX, FINGERPRINT)] = foreign

            reaped = reaper_of(MemoryProcess(world)).reap()

            assert reaped.dropped == [build]
            assert [*world.databases.values()] == [foreign]

    class WhenManyProcessesWereThere:
        @given(PASTS)
        def test_drops_exactly_what_no_living_process_uses_and_nobody_keeps(self, pasts: list[Past]) -> None:
            world = MemoryWorld()
            others = with_bystanders(world)
            came = [come_and_go(world, past) for past in pasts]

            reaped = reaper_of(MemoryProcess(world)).reap()

            assert sorted(reaped.dropped) == sorted(name for each in came for name in each.unwanted)
            assert {name for each in came for name in each.wanted} <= {*world.databases}
            assert others.now() == others.before


def left_build(world: MemoryWorld, fingerprint: str) -> str:
    """Return the name of a build whose process is dead."""
    room = memory_room(MemoryProcess(world))
    name = build_name(PREFIX, DEAD_RUN, 1)
    room.registry.record(name, Kind.BUILD, run=DEAD_RUN, fingerprint=fingerprint)
    room.server.create(name)
    return name


def reap_again(world: MemoryWorld) -> list[str]:
    """Drop what a reaper passed over while another one held it."""
    return reaper_of(MemoryProcess(world)).reap().dropped
