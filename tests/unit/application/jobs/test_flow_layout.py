from __future__ import annotations

import pytest
from attrs import frozen

from corelib.application.jobs.flow_layout import FlowLayout
from corelib.domain.flow_steps import Flow, Step, always, chain, group, step
from corelib.domain.identifiers import new_id
from corelib.errors import MisuseError


@frozen
class Name:
    name: str


def work(payload: Name) -> None: ...


def named(name: str) -> Step:
    return step(work, Name(name))


def places(flow: Flow) -> dict[str, tuple[int | None, int | None, bool]]:
    """Where each step waits, where it leads to, and whether it runs always."""
    layout = FlowLayout(new_id())
    layout.lay(flow)
    return {
        each.payload.name: (place.waits_at, place.leads_to, place.always)
        for each, place in layout.places
        if isinstance(each.payload, Name)
    }


class TestFlowLayout:
    class WhenAFlowIsOneStep:
        def test_lets_it_begin_at_once(self) -> None:
            assert places(named("a")) == {"a": (None, None, False)}

    class WhenAFlowIsAChain:
        def test_puts_a_gate_between_two_steps(self) -> None:
            flow = chain(named("a"), named("b"), named("c"))

            assert places(flow) == {"a": (None, 0, False), "b": (0, 1, False), "c": (1, None, False)}

        def test_counts_a_chain_within_it_as_its_own_steps(self) -> None:
            assert places(chain(named("a"), chain(named("b"), named("c")))) == {
                "a": (None, 0, False),
                "b": (0, 1, False),
                "c": (1, None, False),
            }

        def test_passes_over_members_without_steps(self) -> None:
            flow = chain(group(), named("a"), group(), chain(), always(group()), named("b"), group())

            assert places(flow) == {"a": (None, 0, False), "b": (0, None, False)}

    class WhenAFlowIsAGroup:
        def test_lets_all_begin_at_once(self) -> None:
            assert places(group(named("a"), named("b"))) == {"a": (None, None, False), "b": (None, None, False)}

        def test_lets_all_lead_to_the_gate_of_what_comes_then(self) -> None:
            flow = group(named("a"), named("b"), then=named("c"))

            assert places(flow) == {"a": (None, 0, False), "b": (None, 0, False), "c": (0, None, False)}

        def test_puts_one_gate_between_two_groups(self) -> None:
            flow = chain(group(named("a"), named("b")), group(named("c"), named("d")))

            assert set(places(flow).values()) == {(None, 0, False), (0, None, False)}

        def test_lets_the_last_of_a_chain_within_it_lead_on(self) -> None:
            flow = chain(named("a"), group(chain(named("b"), named("c")), named("d")), named("e"))

            assert places(flow) == {
                "a": (None, 0, False),
                "b": (0, 2, False),
                "c": (2, 1, False),
                "d": (0, 1, False),
                "e": (1, None, False),
            }

        def test_lets_what_comes_then_begin_at_once_if_it_has_no_member(self) -> None:
            assert places(group(then=named("a"))) == {"a": (None, None, False)}

    class WhenAMemberRunsAlways:
        def test_is_that_alone(self) -> None:
            flow = chain(named("a"), always(named("b")), named("c"))

            assert [each[2] for each in places(flow).values()] == [False, True, False]

        def test_is_every_member_of_a_group(self) -> None:
            flow = chain(named("a"), always(group(named("b"), named("c"))))

            assert [each[2] for each in places(flow).values()] == [False, True, True]

        def test_is_the_first_of_a_chain(self) -> None:
            flow = chain(named("a"), always(chain(named("b"), named("c"))))

            assert [each[2] for each in places(flow).values()] == [False, True, False]

        def test_changes_nothing_where_nothing_comes_before(self) -> None:
            assert places(always(named("a"))) == {"a": (None, None, False)}

    class WhenAMemberIsNoFlow:
        @pytest.mark.parametrize("make", [chain, group, always])
        def test_is_refused(self, make: object) -> None:
            assert callable(make)
            with pytest.raises(MisuseError, match="made of steps"):
                make(work)
