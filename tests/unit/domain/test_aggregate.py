from __future__ import annotations

import pytest
from attrs import define, frozen

from corelib.domain.aggregate import Aggregate


@frozen
class Renamed:
    name: str


@define(eq=False)
class Kit(Aggregate):
    id: str
    name: str = "old"

    def rename(self, name: str) -> None:
        self.name = name
        self.record(Renamed(name))


class TestAggregate:
    class WhenItsChangesCausedEvents:
        def test_hands_them_out_in_their_order(self) -> None:
            kit = Kit("K-1")
            kit.rename("a")
            kit.rename("b")

            events = kit.take_events()

            assert events == (Renamed("a"), Renamed("b"))

        def test_hands_them_out_once(self) -> None:
            kit = Kit("K-1")
            kit.rename("a")
            kit.take_events()

            events = kit.take_events()

            assert events == ()

        def test_keeps_them_apart_from_those_of_others(self) -> None:
            kit, other = Kit("K-1"), Kit("K-2")
            kit.rename("a")

            events = other.take_events()

            assert events == ()

        def test_leaves_them_out_of_its_text(self) -> None:
            kit = Kit("K-1")
            kit.rename("a")

            assert repr(kit) == "Kit(id='K-1', name='a')"

    class WhenAnotherHasTheSameFields:
        def test_is_not_the_same(self) -> None:
            kit, other = Kit("K-1"), Kit("K-1")

            assert kit != other
            assert len({kit, other}) == 2

    class WhenItsClassHasSlots:
        def test_takes_no_unknown_attribute(self) -> None:
            kit = Kit("K-1")

            with pytest.raises(AttributeError):
                kit.nmae = "typo"
