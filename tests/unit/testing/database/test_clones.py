from __future__ import annotations

from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")

from attrs import evolve
from tests.unit.testing.database.scene import NEXT_RUN, PREFIX, RUN, kit_of

from corelib.errors import LockNotAvailable, MisuseError, StorageFull
from corelib.testing.database.clones import Clone
from corelib.testing.database.errors import CannotReset, NotOwned, ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.kit import Kit
from corelib.testing.database.memory import (
    MemoryCleaner,
    MemoryDatabase,
    MemoryProcess,
    MemoryServer,
    MemorySource,
    MemoryWorld,
    memory_room,
)
from corelib.testing.database.model import Kind, Mark, Session
from corelib.testing.database.settings import KitSettings


def new_kit(**settings: object) -> Kit:
    return kit_of(MemoryProcess(MemoryWorld()), **settings)  # type: ignore[arg-type]


def world_of(kit: Kit) -> MemoryWorld:
    world: MemoryWorld = kit.room.server.process.world  # type: ignore[attr-defined]
    return world


def process_of(kit: Kit) -> MemoryProcess:
    process: MemoryProcess = kit.room.server.process  # type: ignore[attr-defined]
    return process


class BlindServer(MemoryServer):
    """May not read the mark of a clone."""

    def mark_of(self, name: str) -> Mark | None:
        return None if "_c_" in name else super().mark_of(name)


def blind_kit() -> Kit:
    process = MemoryProcess(MemoryWorld())
    room = evolve(memory_room(process), server=BlindServer(process))
    return Kit(room, MemorySource(process.world), KitSettings(RUN, prefix=PREFIX))


def kit_without_cleaner() -> Kit:
    def refuse(url: str) -> MemoryCleaner:
        raise CannotReset("orders is a FileTable.")

    process = MemoryProcess(MemoryWorld())
    room = evolve(memory_room(process), open_cleaner=refuse)
    return Kit(room, MemorySource(process.world), KitSettings(RUN, prefix=PREFIX))


class TestKitClone:
    def test_is_like_the_template_and_marked_as_this_runs(self) -> None:
        kit = new_kit(worker="gw3")

        clone = kit.clone()

        database = world_of(kit).at(clone.url)
        assert clone.name == f"{PREFIX}_c_{RUN}_gw3_1"
        assert database.tables == {"country": ["de", "fr"], "orders": []}
        assert database.mark == Mark(Kind.CLONE, RUN, kit.template().fingerprint)
        assert not database.sealed

    def test_is_recorded_before_it_is_made(self) -> None:
        kit = new_kit()
        kit.template()
        before = len(process_of(kit).steps)

        kit.clone()

        assert process_of(kit).steps[before:] == ["registry.record", "clone", "mark"]

    def test_is_leased_while_its_process_lives(self) -> None:
        kit = new_kit()
        clone = kit.clone()
        other = kit_of(MemoryProcess(world_of(kit)), NEXT_RUN)

        with pytest.raises(LockNotAvailable), other.room.registry.lease(clone.name):
            pass

    def test_has_a_name_of_its_own(self) -> None:
        kit = new_kit()

        names = {kit.clone().name for _ in range(3)}

        assert len(names) == 3

    def test_costs_seconds_that_the_figures_tell(self) -> None:
        kit = new_kit()

        clone = kit.clone()

        assert kit.figures.clones == [clone.seconds]
        assert clone.seconds > 0

    def test_shows_no_password(self) -> None:
        assert "s3cret" not in repr(new_kit().clone())

    class WhenItCannotBeMade:
        @pytest.mark.parametrize("step", range(3))
        def test_leaves_nothing_whichever_step_it_was(self, step: int) -> None:
            kit = new_kit()
            template = kit.template().name
            process_of(kit).fail_at(step, StorageFull("The disk is full."))

            with pytest.raises(StorageFull):
                kit.clone()

            assert [*world_of(kit).databases] == [*world_of(kit).records] == [template]

        def test_makes_the_next_one_all_the_same(self) -> None:
            kit = new_kit()
            kit.template()
            process_of(kit).fail_at(1, StorageFull("The disk is full."))
            with pytest.raises(StorageFull):
                kit.clone()

            assert kit.clone().name in world_of(kit).databases

    class WhenItsNameIsTaken:
        def test_takes_the_next_where_somebody_elses_database_has_it(self) -> None:
            kit = new_kit()
            foreign = MemoryDatabase({"orders": [1]})
            world_of(kit).databases[f"{PREFIX}_c_{RUN}_main_1"] = foreign

            clone = kit.clone()

            assert clone.name == f"{PREFIX}_c_{RUN}_main_2"
            assert world_of(kit).databases[f"{PREFIX}_c_{RUN}_main_1"] is foreign

        def test_takes_the_next_where_somebody_else_was_quicker(self) -> None:
            kit = new_kit()
            kit.template()
            foreign = MemoryDatabase({"orders": [1]})
            process_of(kit).between = lambda: world_of(kit).databases.setdefault(f"{PREFIX}_c_{RUN}_main_1", foreign)

            clone = kit.clone()

            assert clone.name == f"{PREFIX}_c_{RUN}_main_2"
            assert world_of(kit).databases[f"{PREFIX}_c_{RUN}_main_1"] is foreign
            assert "drop" not in process_of(kit).steps
            assert f"{PREFIX}_c_{RUN}_main_1" not in world_of(kit).records

    class WhenTheTemplateIsGone:
        def test_has_it_built_again(self) -> None:
            kit = new_kit()
            template = kit.template().name
            del world_of(kit).databases[template]

            clone = kit.clone()

            assert {clone.name, template} == {*world_of(kit).databases}


class TestCloneReset:
    def test_empties_what_has_rows(self) -> None:
        kit = new_kit()
        clone = kit.clone()
        world_of(kit).at(clone.url).tables["orders"].append(1)

        outcome = clone.reset("test_a")

        assert list(outcome.emptied) == ["orders"]
        assert world_of(kit).at(clone.url).tables == {"country": ["de", "fr"], "orders": []}
        assert len(kit.figures.resets) == 1

    def test_reports_changed_reference_data(self) -> None:
        kit = new_kit()
        clone = kit.clone()
        world_of(kit).at(clone.url).tables["country"].append("xx")

        with pytest.raises(ReferenceDataChanged, match=r"test_a has changed reference data.* in country"):
            clone.reset("test_a")

    def test_reports_a_leaked_transaction_and_empties_all_the_same(self) -> None:
        kit = new_kit()
        clone = kit.clone()
        database = world_of(kit).at(clone.url)
        database.sessions.append(Session(7, "pytest"))
        database.tables["orders"].append(1)

        with pytest.raises(TransactionLeaked, match=r"test_a has left a transaction open: session 7 \(pytest\)"):
            clone.reset("test_a")

        assert (database.tables["orders"], database.sessions) == ([], [])

    class WhenTheDatabaseIsNotThisRuns:
        def test_refuses_one_whose_mark_cannot_be_read(self) -> None:
            kit = blind_kit()

            with pytest.raises(NotOwned, match="found was no mark"):
                kit.clone()

            assert kit.figures.clones == []

        def test_refuses_one_that_somebody_has_marked_as_his_meanwhile(self) -> None:
            kit = new_kit()
            clone = kit.clone()
            database = world_of(kit).at(clone.url)
            database.tables["orders"].append("his")
            database.mark = Mark(Kind.CLONE, NEXT_RUN, "f")

            with pytest.raises(NotOwned, match=f"found was the mark of the clone of run {NEXT_RUN}"):
                clone.reset("test_a")

            assert database.tables["orders"] == ["his"]

    class WhenItWasMadeForOneTest:
        def test_says_so(self) -> None:
            clone = new_kit().clone(resettable=False)

            with pytest.raises(MisuseError, match=r"without the plan for it.*resettable=True"):
                clone.reset("test_a")

    class WhenATableCannotBeEmptied:
        def test_leaves_nothing_of_the_clone(self) -> None:
            kit = kit_without_cleaner()

            with pytest.raises(CannotReset):
                kit.clone()

            assert [*world_of(kit).databases] == [*world_of(kit).records] == [kit.template().name]

    class WhenItWasDropped:
        def test_says_so(self) -> None:
            clone = new_kit().clone()
            clone.drop()

            with pytest.raises(MisuseError, match="was dropped"):
                clone.reset("test_a")


class TestCloneKeep:
    def test_lets_it_outlive_its_run_for_a_time(self) -> None:
        kit = new_kit(keep_for=timedelta(hours=3))
        clone = kit.clone()
        clone.keep("test_a failed")
        kit.close()
        later = kit_of(MemoryProcess(world_of(kit)), NEXT_RUN)

        world_of(kit).clock.advance(timedelta(hours=2, minutes=59))
        kept = later.reap()
        world_of(kit).clock.advance(timedelta(minutes=1))
        dropped = later.reap()

        assert (list(kept), list(dropped)) == ([], [clone.name])

    def test_notes_for_whose_sake(self) -> None:
        kit = new_kit()
        clone = kit.clone()

        clone.keep("test_a failed")

        assert world_of(kit).records[clone.name].note == "test_a failed"

    def test_takes_a_time_of_its_own(self) -> None:
        kit = new_kit()
        clone = kit.clone()

        clone.keep("test_a failed", timedelta(hours=1))

        assert world_of(kit).records[clone.name].keep_until == world_of(kit).clock.now() + timedelta(hours=1)

    def test_is_refused_for_one_that_was_dropped(self) -> None:
        clone = new_kit().clone()
        clone.drop()

        with pytest.raises(MisuseError, match="was dropped"):
            clone.keep("test_a failed")


class TestCloneDrop:
    def test_leaves_nothing_of_it(self) -> None:
        kit = new_kit()
        clone = kit.clone()

        clone.drop()

        assert [*world_of(kit).databases] == [*world_of(kit).records] == [kit.template().name]

    def test_gives_back_the_lease(self) -> None:
        kit = new_kit()
        clone = kit.clone()
        clone.drop()

        with kit.room.registry.lease(clone.name) as lease:
            assert lease

    def test_does_nothing_the_second_time(self) -> None:
        kit = new_kit()
        clone = kit.clone()
        clone.drop()
        before = list(process_of(kit).steps)

        clone.drop()

        assert process_of(kit).steps == before

    def test_drops_one_that_was_reset_and_one_that_is_kept(self) -> None:
        kit = new_kit()
        clone = kit.clone()
        clone.reset("test_a")
        clone.keep("test_a failed")

        clone.drop()

        assert clone.name not in world_of(kit).databases

    @pytest.mark.parametrize("mark", [None, Mark(Kind.CLONE, NEXT_RUN, "f"), Mark(Kind.TEMPLATE, RUN, "f")])
    def test_refuses_a_database_that_is_not_this_runs(self, mark: Mark | None) -> None:
        kit = new_kit()
        clone: Clone = kit.clone()
        world_of(kit).at(clone.url).mark = mark

        with pytest.raises(NotOwned):
            clone.drop()

        assert clone.name in world_of(kit).databases

    def test_leaves_one_that_was_taken_to_its_owner_for_good(self) -> None:
        kit = new_kit()
        clone = kit.clone()
        world_of(kit).at(clone.url).mark = None
        with pytest.raises(NotOwned):
            clone.drop()

        kit.close()
        kit_of(MemoryProcess(world_of(kit)), NEXT_RUN).reap()

        assert clone.name in world_of(kit).databases
        assert clone.name not in world_of(kit).records

    def test_leaves_the_record_of_somebody_else_alone(self) -> None:
        kit = new_kit()
        clone = kit.clone()
        his = evolve(world_of(kit).records[clone.name], run=NEXT_RUN)
        world_of(kit).records[clone.name] = his

        with pytest.raises(NotOwned):
            clone.drop()

        assert world_of(kit).records[clone.name] == his


class TestCloneIsLeased:
    def test_is_true_as_long_as_the_lease_is_held(self) -> None:
        assert new_kit().clone().is_leased

    class WhenTheServerHasEndedTheSessionOfTheLease:
        def test_is_false(self) -> None:
            kit = new_kit()
            clone = kit.clone()

            world_of(kit).leases.lose(clone.name)

            assert not clone.is_leased

        @pytest.mark.parametrize("keep", [True, False])
        def test_is_no_error_at_the_end(self, keep: bool) -> None:
            kit = new_kit(keep="always" if keep else "never")
            clone = kit.clone()
            world_of(kit).leases.lose(clone.name)

            kit.close()

            assert (clone.name in world_of(kit).databases) is keep
