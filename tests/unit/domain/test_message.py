from __future__ import annotations

from attrs import frozen

from corelib.domain.message import Command


@frozen
class Rename(Command[None]):
    name: str


class TestCommand:
    def test_is_a_value(self) -> None:
        assert Rename("a") == Rename("a")
        assert Rename("a") != Rename("b")

    def test_leaves_room_for_slots(self) -> None:
        command = Rename("a")

        assert not hasattr(command, "__dict__")
