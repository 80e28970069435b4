from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")

from attrs import evolve
from tests.support.until import until
from tests.unit.testing.database.scene import NEXT_RUN, OTHER_RUN, PREFIX, RUN, kit_of

from corelib.errors import AlreadyExists, InvalidSetting, LockLost, PermissionDenied, StorageFull
from corelib.testing.database.errors import NotOwned, TemplateFailed
from corelib.testing.database.memory import MemoryDatabase, MemoryProcess, MemorySource, MemoryWorld
from corelib.testing.database.model import Kind, Mark
from corelib.testing.database.planning.names import template_name
from corelib.testing.database.templates import lock_of

BUILDERS = 8


def new_process() -> MemoryProcess:
    return MemoryProcess(MemoryWorld())


def beside(process: MemoryProcess) -> MemoryProcess:
    return MemoryProcess(process.world)


class TestTemplates:
    class WhenThereIsNone:
        def test_builds_it_closed_marked_and_prepared(self) -> None:
            process = new_process()

            template = kit_of(process).template()

            database = process.world.databases[template.name]
            assert not template.hit
            assert database == MemoryDatabase(
                {"country": ["de", "fr"], "orders": []},
                mark=Mark(Kind.TEMPLATE, RUN, template.fingerprint),
                sealed=True,
            )
            assert process.world.prepared == {template.name}

        def test_records_it_before_it_is_made_and_names_it_last(self) -> None:
            process = new_process()

            kit_of(process).template()

            assert process.steps == [
                "registry.record",
                "create",
                "mark",
                "prepare",
                "seal",
                "rename",
                "registry.become_template",
            ]

        def test_tells_how_long_the_source_took(self) -> None:
            template = kit_of(new_process()).template()

            assert 0 < template.build_seconds <= template.seconds

    class WhenThereIsOne:
        def test_takes_it(self) -> None:
            process = new_process()
            built = kit_of(process).template()

            found = kit_of(beside(process), NEXT_RUN).template()

            assert (found.name, found.hit, found.build_seconds) == (built.name, True, 0.0)

        def test_notes_that_it_is_used(self) -> None:
            process = new_process()
            built = kit_of(process).template()
            process.world.clock.advance(timedelta(days=3))

            kit_of(beside(process), NEXT_RUN).template()

            assert process.world.records[built.name].used_at == process.world.clock.now()

    class WhenItWasMadeOfSomethingElse:
        def test_builds_another_for_other_sources(self) -> None:
            process = new_process()
            built = kit_of(process).template()
            source = MemorySource(process.world, {"orders": ()})

            other = kit_of(beside(process), NEXT_RUN, source=source).template()

            assert not other.hit
            assert {*process.world.databases} == {built.name, other.name}

        def test_builds_another_for_another_version_of_the_kit_and_leaves_the_old_one(self) -> None:
            process = new_process()
            built = kit_of(process, version="1.0/1").template()
            before = process.world.databases[built.name]

            other = kit_of(beside(process), NEXT_RUN, version="1.1/1").template()

            assert not other.hit
            assert process.world.databases[built.name] is before

        def test_builds_another_after_an_upgrade_of_the_server(self) -> None:
            process = new_process()
            kit_of(process).template()
            process.world.facts = evolve(process.world.facts, version=(1, 1))

            assert not kit_of(beside(process), NEXT_RUN).template().hit

    class WhenItIsNotWhole:
        def test_builds_it_again_if_it_is_not_prepared(self) -> None:
            process = new_process()
            built = kit_of(process).template()
            process.world.prepared.clear()

            again = kit_of(beside(process), NEXT_RUN).template()

            assert (again.name, again.hit) == (built.name, False)
            assert process.world.prepared == {built.name}

        def test_builds_it_again_if_somebody_dropped_the_database(self) -> None:
            process = new_process()
            built = kit_of(process).template()
            process.world.databases.clear()

            again = kit_of(beside(process), NEXT_RUN).template()

            assert (again.name, again.hit) == (built.name, False)

    class WhenADatabaseOfItsNameIsNotTheKits:
        def test_refuses_one_that_has_no_record(self) -> None:
            process = new_process()
            built = kit_of(process).template()
            process.world.records.clear()

            with pytest.raises(NotOwned, match=f"{built.name}.* the registry of the kit does not know it"):
                kit_of(beside(process), NEXT_RUN).template()

            assert [*process.world.databases] == [built.name]

        def test_refuses_one_that_has_lost_its_mark(self) -> None:
            process = new_process()
            built = kit_of(process).template()
            process.world.databases[built.name].mark = None

            with pytest.raises(NotOwned, match="found was no mark"):
                kit_of(beside(process), NEXT_RUN).template()

            assert [*process.world.databases] == [built.name]

        def test_passes_over_one_that_has_the_name_of_the_build(self) -> None:
            process = new_process()
            foreign = MemoryDatabase({"orders": [1]})
            process.world.databases[f"{PREFIX}_b_{RUN}_1"] = foreign

            kit_of(process).template()

            assert process.world.databases[f"{PREFIX}_b_{RUN}_1"] is foreign

        def test_leaves_one_alone_that_came_just_before_its_own(self) -> None:
            process = new_process()
            foreign = MemoryDatabase({"orders": [1]})
            process.between = lambda: process.world.databases.setdefault(f"{PREFIX}_b_{RUN}_1", foreign)

            with pytest.raises(AlreadyExists):
                kit_of(process).template()

            assert [*process.world.databases.values()] == [foreign]
            assert "drop" not in process.steps
            assert process.world.records == {}

    class WhenItIsToBeRebuilt:
        def test_builds_it_anew_once_in_a_run(self) -> None:
            process = new_process()
            kit_of(process).template()

            first = kit_of(beside(process), NEXT_RUN, rebuild=True).template()
            second = kit_of(beside(process), NEXT_RUN, rebuild=True).template()

            assert (first.hit, second.hit) == (False, True)
            assert process.world.records[first.name].run == NEXT_RUN

    class WhenABuildFails:
        @pytest.mark.parametrize("step", range(7))
        def test_leaves_nothing_whichever_step_it_was(self, step: int) -> None:
            process = new_process()
            process.fail_at(step, StorageFull("The disk is full."))

            with pytest.raises(StorageFull):
                kit_of(process).template()

            assert (process.world.databases, process.world.records, process.world.prepared) == ({}, {}, set())

        def test_gives_back_its_lease_and_its_lock(self) -> None:
            process = new_process()
            process.fail_at(2, StorageFull("The disk is full."))
            kit = kit_of(process)
            with pytest.raises(StorageFull):
                kit.template()

            assert not kit.template().hit

        def test_names_the_source_and_its_error(self) -> None:
            process = new_process()
            source = MemorySource(process.world, then=_raises(RuntimeError("no such table: orders")))

            with pytest.raises(TemplateFailed) as failed:
                kit_of(process, source=source).template()

            assert "tables in memory: RuntimeError: no such table: orders" in str(failed.value)
            assert isinstance(failed.value.__cause__, RuntimeError)
            assert (process.world.databases, process.world.records) == ({}, {})

        def test_tells_no_password_of_the_url_and_chains_no_error_that_has_it(self) -> None:
            process = new_process()
            source = MemorySource(process.world, then=_raises(RuntimeError("cannot log in with s3cret")))

            with pytest.raises(TemplateFailed, match=r"cannot log in with \*\*\*") as failed:
                kit_of(process, source=source).template()

            assert failed.value.__cause__ is None
            assert failed.value.__suppress_context__

        def test_lets_errors_through_that_a_person_has_to_mend(self) -> None:
            process = new_process()
            source = MemorySource(process.world, then=_raises(InvalidSetting("There is no such schema.")))

            with pytest.raises(InvalidSetting):
                kit_of(process, source=source).template()

            assert (process.world.databases, process.world.records) == ({}, {})

        def test_leaves_nothing_when_it_is_interrupted(self) -> None:
            process = new_process()
            source = MemorySource(process.world, then=_raises(KeyboardInterrupt()))

            with pytest.raises(KeyboardInterrupt):
                kit_of(process, source=source).template()

            assert (process.world.databases, process.world.records) == ({}, {})

        def test_raises_its_error_although_cleaning_up_fails_too(self) -> None:
            process = new_process()
            process.fail_at(2, StorageFull("The disk is full."))
            process.fail_at(3, PermissionDenied("You may not drop databases."))

            with pytest.raises(StorageFull):
                kit_of(process).template()

        def test_does_not_keep_the_next_run_from_building(self) -> None:
            process = new_process()
            process.fail_at(2, StorageFull("The disk is full."))
            process.fail_at(3, PermissionDenied("You may not drop databases."))
            with pytest.raises(StorageFull):
                kit_of(process).template()

            template = kit_of(beside(process), NEXT_RUN).template()

            assert [*process.world.databases] == [*process.world.records] == [template.name]

    class WhenTheLockIsLostMeanwhile:
        def test_gives_up_before_it_could_come_into_the_way_of_another(self) -> None:
            process = new_process()
            world = process.world
            source = MemorySource(world, then=lambda: _lose_all_locks(world))

            with pytest.raises(LockLost):
                kit_of(process, source=source).template()

            assert "rename" not in process.steps
            assert (world.databases, world.records, world.prepared) == ({}, {}, set())

        def test_gives_up_before_it_takes_the_name(self) -> None:
            process = new_process()
            kit = kit_of(process)
            process.between = lambda: _lose_all_locks(process.world) if process.steps[-1] == "seal" else None

            with pytest.raises(LockLost):
                kit.template()

            assert "rename" not in process.steps
            assert (process.world.databases, process.world.records, process.world.prepared) == ({}, {}, set())

    class WhenSeveralAskForIt:
        def test_builds_it_once(self) -> None:
            world = MemoryWorld()
            ready = threading.Barrier(BUILDERS)
            built = []
            source = MemorySource(world, then=lambda: built.append(1))

            def ask(_: int) -> bool:
                kit = kit_of(MemoryProcess(world), source=source)
                ready.wait(30)
                return kit.template().hit

            with ThreadPoolExecutor(BUILDERS) as pool:
                hits = list(pool.map(ask, range(BUILDERS)))

            assert sorted(hits) == [False] + [True] * (BUILDERS - 1)
            assert built == [1]
            assert len(world.databases) == len(world.records) == 1

        def test_waits_for_the_one_that_builds_it(self) -> None:
            world = MemoryWorld()
            may_go_on = threading.Event()
            source = MemorySource(world, then=lambda: _wait_for(may_go_on))
            with ThreadPoolExecutor(2) as pool:
                first = pool.submit(kit_of(MemoryProcess(world), RUN, source=source).template)
                until(lambda: world.databases, "the build has begun")
                second = pool.submit(kit_of(MemoryProcess(world), OTHER_RUN, source=source).template)
                may_go_on.set()

                hits = (first.result(30).hit, second.result(30).hit)

            assert hits == (False, True)

        def test_names_the_one_that_takes_too_long(self) -> None:
            world = MemoryWorld()
            may_go_on = threading.Event()
            source = MemorySource(world, then=lambda: _wait_for(may_go_on))
            impatient = kit_of(MemoryProcess(world), OTHER_RUN, build_timeout=timedelta(milliseconds=1))
            with ThreadPoolExecutor(1, thread_name_prefix="slow-builder") as pool:
                first = pool.submit(kit_of(MemoryProcess(world), RUN, source=source).template)
                until(lambda: world.databases, "the build has begun")

                with pytest.raises(TemplateFailed, match=r"is being built by .*slow-builder"):
                    impatient.template()

                may_go_on.set()
                assert not first.result(30).hit


def _lose_all_locks(world: MemoryWorld) -> None:
    for record in world.records.values():
        world.locks.lose(lock_of(template_name(PREFIX, record.fingerprint)))


def _raises(error: BaseException) -> Callable[[], None]:
    def then() -> None:
        raise error

    return then


def _wait_for(event: threading.Event) -> None:
    assert event.wait(30)
