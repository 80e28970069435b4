from __future__ import annotations

from corelib.testing.database.planning.graph import components


class TestComponents:
    class WhenArrowsLeadOneWay:
        def test_come_behind_all_that_they_lead_to(self) -> None:
            assert components({"a": "bc", "b": "c", "c": "", "d": "a"}) == [["c"], ["b"], ["a"], ["d"]]

    class WhenArrowsLeadBack:
        def test_hold_all_nodes_of_a_circle(self) -> None:
            found = components({"a": "b", "b": "c", "c": "ad", "d": ""})

            assert [sorted(component) for component in found] == [["d"], ["a", "b", "c"]]

        def test_hold_circles_that_share_a_node(self) -> None:
            found = components({"a": "b", "b": "ac", "c": "b"})

            assert [sorted(component) for component in found] == [["a", "b", "c"]]

        def test_keep_two_circles_apart_between_which_an_arrow_leads_one_way(self) -> None:
            found = components({"a": "bc", "b": "a", "c": "d", "d": "c"})

            assert [sorted(component) for component in found] == [["c", "d"], ["a", "b"]]

        def test_take_an_arrow_of_a_node_to_itself_for_nothing(self) -> None:
            assert components({"a": "a"}) == [["a"]]

    class WhenAChainIsLongerThanTheStack:
        def test_are_found_all_the_same(self) -> None:
            chain = {number: [number + 1] for number in range(20_000)} | {20_000: []}

            assert components(chain)[0] == [20_000]
