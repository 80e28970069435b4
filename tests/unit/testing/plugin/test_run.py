from __future__ import annotations

import itertools
from datetime import datetime

import pytest

pytest.importorskip("sqlalchemy")

from attrs import define, evolve, field

from corelib.testing.database.errors import CannotReset, ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.kit import Kit
from corelib.testing.database.memory import MemoryDatabase, MemoryProcess, MemorySource, MemoryWorld, memory_room
from corelib.testing.database.memory.cloner import MemoryCleaner
from corelib.testing.database.model import Identity, ResetOutcome, Session
from corelib.testing.database.settings import Keep, KitSettings
from corelib.testing.plugin.case import Case, WorkerDatabase, isolation_on
from corelib.testing.plugin.figures import Figures, KeptFigure, ResetFigure
from corelib.testing.plugin.marking import DatabaseUse, Reset
from corelib.testing.plugin.run import DatabaseRun

RUN = "0123456789ab"


@define
class StrictCleaner(MemoryCleaner):
    """Refuses a table that the template has not, as those of real servers do."""

    def reset(self, test: str, *, identity: Identity) -> ResetOutcome:
        if "made by the test" in self.database.tables:
            raise CannotReset("There is a table that the plan does not know.")
        return super().reset(test, identity=identity)


@define
class Scene:
    """A worker on a server in memory; each look at the clock takes a second."""

    keep: Keep = Keep.NEVER
    world: MemoryWorld = field(factory=MemoryWorld)
    figures: Figures = field(factory=Figures)

    def run(self) -> DatabaseRun:
        process = MemoryProcess(self.world)
        room = evolve(memory_room(process), open_cleaner=lambda url: StrictCleaner(self.world.at(url)))
        kit = Kit(room, MemorySource(self.world), KitSettings(RUN, keep=self.keep))
        seconds = itertools.count()
        return DatabaseRun(kit, "pytest main", self.keep, self.figures, clock=lambda: float(next(seconds)))

    def clones(self) -> list[str]:
        return sorted(name for name in self.world.databases if "_c_" in name)

    def of(self, case: Case) -> MemoryDatabase:
        return self.world.at(case.database.clone.url)


def use(reset: Reset) -> DatabaseUse:
    return DatabaseUse(reset)


def write(database: MemoryDatabase) -> None:
    database.tables["orders"].append("an order")


class TestDatabaseRun:
    class WhenTestsDelete:
        def test_gives_all_the_same_database_and_each_an_empty_one(self) -> None:
            scene = Scene()
            run = scene.run()
            first = run.begin("test_1", use(Reset.DELETE))
            write(scene.of(first))
            run.end(first)

            second = run.begin("test_2", use(Reset.DELETE))

            assert second.url == first.url
            assert scene.of(second).tables["orders"] == []

        def test_counts_its_resets(self) -> None:
            scene = Scene()
            run = scene.run()
            case = run.begin("test_1", use(Reset.DELETE))
            write(scene.of(case))

            run.end(case)

            assert scene.figures.resets == [ResetFigure("test_1", 1000.0, 1)]

    class WhenATestIsRolledBack:
        def test_deletes_nothing(self) -> None:
            scene = Scene()
            run = scene.run()

            run.end(run.begin("test_1", use(Reset.ROLLBACK)))

            assert scene.figures.resets == []

    class WhenATestHasACloneOfItsOwn:
        def test_drops_it(self) -> None:
            scene = Scene()
            run = scene.run()
            worker = run.current().clone.name

            case = run.begin("test_1", use(Reset.CLONE))
            during = scene.clones()
            run.end(case)

            assert len(during) == 2
            assert scene.clones() == [worker]

    class WhenATestWantsNoReset:
        @pytest.mark.parametrize("next_one", [Reset.DELETE, Reset.ROLLBACK])
        def test_cleans_up_before_the_next_that_wants_one(self, next_one: Reset) -> None:
            scene = Scene()
            run = scene.run()
            for name in ("test_1", "test_2"):
                case = run.begin(name, use(Reset.NONE))
                write(scene.of(case))
                run.end(case)

            case = run.begin("test_3", use(next_one))

            assert scene.of(case).tables["orders"] == []
            assert [each.test for each in scene.figures.resets] == ["test_1, test_2"]

        def test_leaves_it_as_it_is_for_others_that_want_none(self) -> None:
            scene = Scene()
            run = scene.run()
            first = run.begin("test_1", use(Reset.NONE))
            write(scene.of(first))
            run.end(first)

            second = run.begin("test_2", use(Reset.NONE))

            assert scene.of(second).tables["orders"] == ["an order"]

        def test_blames_nobody_for_what_it_has_done(self) -> None:
            scene = Scene()
            run = scene.run()
            first = run.begin("test_1", use(Reset.NONE))
            scene.of(first).tables["country"].clear()
            run.end(first)

            second = run.begin("test_2", use(Reset.DELETE))

            assert scene.of(second).tables["country"] == ["de", "fr"]

    class WhenATestChangesReferenceData:
        def test_fails_it_and_goes_on_with_a_new_clone(self) -> None:
            scene = Scene()
            run = scene.run()
            case = run.begin("test_1", use(Reset.DELETE))
            scene.of(case).tables["country"].clear()

            with pytest.raises(ReferenceDataChanged, match="test_1"):
                run.end(case)

            assert run.current().clone.name != case.database.clone.name
            assert scene.clones() == [run.current().clone.name]

        def test_keeps_the_clone_if_failed_ones_are_kept(self) -> None:
            scene = Scene(Keep.FAILED)
            run = scene.run()
            case = run.begin("test_1", use(Reset.DELETE))
            scene.of(case).tables["country"].clear()

            with pytest.raises(ReferenceDataChanged):
                run.end(case)

            assert case.is_kept
            assert [each.test for each in scene.figures.kept] == ["test_1"]

    class WhenATestMakesATable:
        def test_fails_it_and_goes_on_with_a_new_clone(self) -> None:
            scene = Scene()
            run = scene.run()
            case = run.begin("test_1", use(Reset.DELETE))
            scene.of(case).tables["made by the test"] = []

            with pytest.raises(CannotReset):
                run.end(case)

            assert run.current().clone.name != case.database.clone.name

    class WhenATestLeavesATransactionOpen:
        def test_fails_it_and_goes_on_with_the_same_clone(self) -> None:
            scene = Scene()
            run = scene.run()
            case = run.begin("test_1", use(Reset.DELETE))
            scene.of(case).sessions.append(Session(7, since=datetime(2026, 1, 1)))  # noqa: DTZ001 - shown only

            with pytest.raises(TransactionLeaked, match="test_1 has left a transaction open: session 7"):
                run.end(case)

            assert run.begin("test_2", use(Reset.DELETE)).url == case.url

    class WhenATestFails:
        @pytest.mark.parametrize("reset", [Reset.DELETE, Reset.NONE, Reset.CLONE])
        @pytest.mark.parametrize("keep", [Keep.FAILED, Keep.ALWAYS])
        def test_keeps_its_database_and_gives_the_next_one_another(self, reset: Reset, keep: Keep) -> None:
            scene = Scene(keep)
            run = scene.run()
            case = run.begin("test_1", use(reset))
            write(scene.of(case))
            case.failed = True

            run.end(case)

            name = case.database.clone.name
            assert scene.of(case).tables["orders"] == ["an order"]
            assert run.begin("test_2", use(Reset.DELETE)).database.clone.name != name
            assert scene.figures.kept == [KeptFigure(name, f"memory://user:***@localhost/{name}", "test_1")]

        def test_tells_where_it_is_without_the_password(self) -> None:
            run = Scene(Keep.FAILED).run()

            case = run.begin("test_1", use(Reset.DELETE))

            name = case.database.clone.name
            assert case.kept_text() == (
                f"The database of this test is kept: {name}, at memory://user:***@localhost/{name}"
            )

        def test_keeps_none_if_none_is_to_be_kept(self) -> None:
            scene = Scene(Keep.NEVER)
            run = scene.run()
            case = run.begin("test_1", use(Reset.CLONE))
            case.failed = True

            run.end(case)

            assert scene.figures.kept == []

    class WhenItIsClosed:
        def test_leaves_no_clone(self) -> None:
            scene = Scene()
            run = scene.run()
            run.end(run.begin("test_1", use(Reset.DELETE)))

            run.close()

            assert scene.clones() == []

        def test_keeps_the_last_one_if_all_are_kept(self) -> None:
            scene = Scene(Keep.ALWAYS)
            run = scene.run()
            run.end(run.begin("test_1", use(Reset.DELETE)))

            run.close()

            assert scene.clones() == [kept.name for kept in scene.figures.kept]

        def test_tells_what_looks_like_its_own_and_was_left_alone(self) -> None:
            scene = Scene()
            stranger = f"corelib_test_c_{RUN}_gw0_1"
            scene.world.databases[stranger] = MemoryDatabase()

            scene.run().close()

            assert [told.partition(":")[0] for told in scene.figures.left] == [stranger]

        def test_does_nothing_if_no_test_has_used_a_database(self) -> None:
            scene = Scene()

            scene.run().close()

            assert scene.world.databases == {}


class TestWorkerDatabase:
    def test_is_another_one_after_a_test_has_spoilt_it(self) -> None:
        scene = Scene(Keep.FAILED)
        run = scene.run()
        database = WorkerDatabase(run.current)
        before = database.name
        case = run.begin("test_1", use(Reset.DELETE))
        case.failed = True

        run.end(case)

        assert database.name != before
        assert database.url.endswith(database.name)


class TestIsolationOn:
    @pytest.mark.parametrize(
        ("engine", "level", "wanted"),
        [
            ("postgresql", "SNAPSHOT", "REPEATABLE READ"),
            ("postgresql", "SERIALIZABLE", "SERIALIZABLE"),
            ("mssql", "SNAPSHOT", "SNAPSHOT"),
            ("mssql", None, None),
            ("sqlite", "SERIALIZABLE", None),
        ],
    )
    def test_is_the_level_as_the_engine_has_it(self, engine: str, level: str | None, wanted: str | None) -> None:
        assert isolation_on(engine, level) == wanted
