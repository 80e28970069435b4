from __future__ import annotations

from attrs import define

from corelib.application import open_units


@define(eq=False)
class Unit:
    is_open: bool = True


class TestAnyOpen:
    def test_is_false_before_a_unit_of_work_was_entered(self) -> None:
        assert not open_units.any_open()

    class WhenOneWasEntered:
        def test_is_true_until_it_is_left(self) -> None:
            unit = Unit()

            open_units.enter(unit)
            within = open_units.any_open()
            open_units.leave(unit)

            assert within
            assert not open_units.any_open()

        def test_is_false_once_it_has_ended_by_itself(self) -> None:
            unit = Unit()
            open_units.enter(unit)

            unit.is_open = False

            assert not open_units.any_open()
            open_units.leave(unit)

    class WhenItsBlockIsNeverLeft:
        def test_is_false_once_nobody_knows_it_any_more(self) -> None:
            forgotten = Unit()
            open_units.enter(forgotten)

            del forgotten

            assert not open_units.any_open()
