from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.scene import NEXT_RUN, PREFIX, RUN, kit_of, with_bystanders

from corelib.errors import InvalidSetting, PermissionDenied, StorageFull, UnknownScheme
from corelib.testing.database.errors import NotAllowed, NotOwned
from corelib.testing.database.kit import open_kit
from corelib.testing.database.memory import MemoryProcess, MemorySource, MemoryWorld
from corelib.testing.database.settings import Keep, KitSettings

SETTINGS = KitSettings(RUN)


class TestKitClose:
    def test_drops_its_clones_and_leaves_the_template(self) -> None:
        process = MemoryProcess(MemoryWorld())
        kit = kit_of(process)
        kit.clone()
        kit.clone().reset("test_a")

        kit.close()

        assert [*process.world.databases] == [*process.world.records] == [kit.template().name]

    def test_reaps_what_dead_runs_have_left(self) -> None:
        world = MemoryWorld()
        dead = MemoryProcess(world)
        name = kit_of(dead).clone().name
        dead.kill()
        kit = kit_of(MemoryProcess(world), NEXT_RUN)

        kit.close()

        assert kit.figures.dropped == [name]
        assert name not in world.databases

    def test_leaves_clones_that_are_kept(self) -> None:
        process = MemoryProcess(MemoryWorld())
        kit = kit_of(process, keep=Keep.FAILED)
        kept, other = kit.clone(), kit.clone()
        kept.keep("test_a failed")

        kit.close()

        assert kept.name in process.world.databases
        assert other.name not in process.world.databases

    def test_keeps_every_clone_that_is_left_where_all_are_to_be_kept(self) -> None:
        process = MemoryProcess(MemoryWorld())
        kit = kit_of(process, keep="always")
        noted, unnoted, dropped = kit.clone("worker gw0"), kit.clone(), kit.clone()
        dropped.drop()

        kit.close()

        notes = [process.world.records[name].note for name in (noted.name, unnoted.name)]
        assert notes == ["worker gw0", "kept by --db-keep=always"]
        assert dropped.name not in process.world.databases

    def test_touches_nothing_of_anybody_else(self) -> None:
        world = MemoryWorld()
        others = with_bystanders(world)

        with kit_of(MemoryProcess(world)) as kit:
            kit.clone()

        assert others.now() == others.before

    def test_does_nothing_the_second_time(self) -> None:
        process = MemoryProcess(MemoryWorld())
        kit = kit_of(process)
        kit.clone()
        kit.close()
        before = list(process.steps)

        kit.close()

        assert process.steps == before

    class WhenAClonesEndFails:
        def test_tries_the_others_and_that_one_again_and_raises_it(self) -> None:
            process = MemoryProcess(MemoryWorld())
            kit = kit_of(process)
            first, second = kit.clone(), kit.clone()
            process.fail_at(0, PermissionDenied("You may not drop databases."))

            with pytest.raises(PermissionDenied):
                kit.close()

            assert {first.name, second.name} & {*process.world.databases} == set()

        def test_leaves_nothing_when_it_was_interrupted(self) -> None:
            process = MemoryProcess(MemoryWorld())
            kit = kit_of(process)
            clone = kit.clone()
            process.fail_at(0, KeyboardInterrupt())

            with pytest.raises(KeyboardInterrupt):
                kit.close()

            assert clone.name not in process.world.databases
            assert clone.name not in process.world.records

        def test_refuses_to_drop_what_is_not_its_own(self) -> None:
            process = MemoryProcess(MemoryWorld())
            kit = kit_of(process)
            clone = kit.clone()
            process.world.at(clone.url).mark = None

            with pytest.raises(NotOwned):
                kit.close()

            assert clone.name in process.world.databases


class TestKit:
    def test_asks_for_nothing_before_it_has_to(self) -> None:
        process = MemoryProcess(MemoryWorld())

        kit = kit_of(process)

        assert process.steps == []
        assert (kit.figures.product, kit.figures.cloner) == ("Memory 1.0", "copy in memory")

    def test_looks_for_the_template_once(self) -> None:
        process = MemoryProcess(MemoryWorld())
        kit = kit_of(process)

        first, second = kit.template(), kit.template()

        assert first is second is kit.figures.template

    def test_raises_what_keeps_a_clone_from_being_made(self) -> None:
        process = MemoryProcess(MemoryWorld())
        kit = kit_of(process)
        kit.template()
        process.fail_at(1, StorageFull("The disk is full."))

        with pytest.raises(StorageFull):
            kit.clone()

        assert "rename" not in process.steps[8:]


class TestKitSettings:
    def test_keeps_nothing_by_default(self) -> None:
        assert KitSettings(RUN).keep is Keep.NEVER

    def test_refuses_a_prefix_that_cannot_begin_a_name(self) -> None:
        with pytest.raises(InvalidSetting, match="cannot begin names"):
            KitSettings(RUN, prefix="no good")

    def test_keep_their_options_whatever_becomes_of_the_mapping(self) -> None:
        told = {"timezone": "UTC"}
        settings = KitSettings(RUN, options=told)

        told["timezone"] = "Asia/Tokyo"

        assert settings.options == {"timezone": "UTC"}
        assert hash(settings) == hash(KitSettings(RUN))

    @pytest.mark.parametrize("name", ["keep_for", "template_lifetime", "build_timeout"])
    def test_refuses_a_time_that_is_not_positive(self, name: str) -> None:
        with pytest.raises(InvalidSetting, match=f"The {name} .* is 0:00:00, which is not positive"):
            KitSettings(RUN, **{name: timedelta(0)})  # type: ignore[arg-type]

    @pytest.mark.parametrize("name", ["keep", "identity", "reset_by"])
    def test_refuses_a_word_that_it_does_not_know(self, name: str) -> None:
        with pytest.raises(InvalidSetting, match=r"'sometimes'.*Use one of: "):
            KitSettings(RUN, **{name: "sometimes"})  # type: ignore[arg-type]


class TestOpenKit:
    def test_refuses_a_server_elsewhere_before_it_connects(self) -> None:
        with pytest.raises(NotAllowed, match=r"db\.example\.test"):
            open_kit("postgresql://db.example.test/orders", MemorySource(MemoryWorld()), SETTINGS)

    def test_refuses_a_name_that_looks_like_production(self) -> None:
        with pytest.raises(NotAllowed, match="looks like production"):
            open_kit("postgresql://localhost/orders_prod", MemorySource(MemoryWorld()), SETTINGS)

    def test_lists_the_engines_where_it_has_no_room_for_one(self) -> None:
        with pytest.raises(UnknownScheme, match=r"'oracle'.*mssql, postgresql, sqlite"):
            open_kit("oracle://localhost/orders", MemorySource(MemoryWorld()), SETTINGS)

    def test_opens_a_folder_of_sqlite(self, tmp_path: Path) -> None:
        (tmp_path / "tables").mkdir()
        (tmp_path / "tables" / "1.sql").write_text("CREATE TABLE orders (id INTEGER PRIMARY KEY)", encoding="utf-8")
        from corelib.testing.database.sources import ScriptsSource

        settings = KitSettings(RUN, prefix=PREFIX)
        with open_kit(f"sqlite:///{tmp_path}/", ScriptsSource(tmp_path / "tables"), settings) as kit:
            clone = kit.clone()
            outcome = clone.reset("test_a")

        assert list(outcome.emptied) == []
        assert clone.name not in [file.stem for file in tmp_path.iterdir()]
        assert kit.template().name in [file.stem for file in tmp_path.iterdir()]
