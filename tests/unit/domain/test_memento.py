from __future__ import annotations

from attrs import define, field, frozen

from corelib.domain.memento import memento_of


@define(eq=False)
class Line:
    text: str


@frozen
class Total:
    amount: int


@define(eq=False)
class Order:
    id: str
    total: Total
    lines: list[Line] = field(factory=list)
    notes: dict[str, list[str]] = field(factory=dict)
    tags: set[str] = field(factory=set)
    pair: tuple[Line, int] | None = None


class TestMementoOf:
    def test_sets_everything_back_in_place(self) -> None:
        line, spare = Line("a"), Line("x")
        order = Order("1", Total(1), [line, spare], {"de": ["eins"]}, {"t"}, (Line("p"), 1))
        lines, notes, pair = order.lines, order.notes, order.pair
        undo = memento_of(order)

        order.total = Total(2)
        line.text = "b"
        order.lines.pop()
        order.lines.append(Line("c"))
        order.lines = []
        notes["de"].append("zwei")
        notes["en"] = ["one"]
        order.tags.clear()
        assert pair is not None
        pair[0].text = "q"
        order.pair = None
        undo()

        assert (order.total, order.tags, order.notes) == (Total(1), {"t"}, {"de": ["eins"]})
        assert order.lines is lines
        assert order.lines == [line, spare]
        assert (line.text, pair[0].text) == ("a", "p")
        assert order.pair is pair

    def test_can_do_so_again(self) -> None:
        order = Order("1", Total(1), [Line("a")])
        undo = memento_of(order)

        for _ in range(2):
            order.lines[0].text = "b"
            order.lines.clear()
            undo()

            assert [line.text for line in order.lines] == ["a"]
