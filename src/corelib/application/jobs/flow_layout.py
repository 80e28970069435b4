"""From a flow as it was written down to jobs with places: between two members of a chain lies a gate."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from attrs import define, field

from corelib.application.jobs.enqueuing import Enqueuing, Wanted
from corelib.domain.flow import NewFlow
from corelib.domain.flow_place import FlowPlace
from corelib.domain.flow_steps import Always, Chain, Flow, Group, Step
from corelib.domain.identifiers import new_id
from corelib.errors import MisuseError


@define
class FlowLayout:
    """Gives each step of a flow its place.

    Every job waits at one gate at most and leads to one at most. That is enough for chains and groups nested at will: a
    gate between two groups holds back all jobs of the second until all of the first have ended.

    Args:
        flow_id: of the flow.
        gates: how many there are so far; they are numbered from 0.
        places: of the steps so far, in the order in which they were written down.
    """

    flow_id: UUID
    gates: int = 0
    places: list[tuple[Step, FlowPlace]] = field(factory=list)

    def lay(self, flow: Flow, *, waits_at: int | None = None, leads_to: int | None = None) -> None:
        """Place the steps of a flow between two gates."""
        self._lay(flow, waits_at, leads_to, always=False)

    def new_gate(self) -> int:
        """Return the number of a gate that was not there before."""
        self.gates += 1
        return self.gates - 1

    def _lay(self, flow: Flow, waits_at: int | None, leads_to: int | None, *, always: bool) -> None:
        match flow:
            case Step():
                place = FlowPlace(self.flow_id, len(self.places), waits_at, leads_to, always and waits_at is not None)
                self.places.append((flow, place))
            case Always(member):
                self._lay(member, waits_at, leads_to, always=True)
            case Group(members):
                for member in members:
                    self._lay(member, waits_at, leads_to, always=always)
            case Chain(members):
                self._lay_chain(members, waits_at, leads_to, always=always)

    def _lay_chain(
        self, members: tuple[Flow, ...], waits_at: int | None, leads_to: int | None, *, always: bool
    ) -> None:
        filled = [member for member in members if any(_steps(member))]
        for number, member in enumerate(filled, 1):
            after = leads_to if number == len(filled) else self.new_gate()
            self._lay(member, waits_at, after, always=always)
            waits_at, always = after, False


def new_flow(flow: Flow, enqueuing: Enqueuing) -> NewFlow:
    """Return a flow as a store takes it.

    Raises:
        MisuseError: if it has no step.
        CorelibError: as `JobQueue.enqueue` does.
    """
    layout = FlowLayout(new_id())
    layout.lay(flow)
    return _made(layout, enqueuing)


def added_flow(flow: Flow, enqueuing: Enqueuing) -> NewFlow:
    """Return jobs that are added to a flow for a job that waits for them: all of them lead to the gate 0 at last.

    Raises:
        CorelibError: as `new_flow` does.
    """
    layout = FlowLayout(new_id())
    layout.lay(flow, leads_to=layout.new_gate())
    return _made(layout, enqueuing)


def _made(layout: FlowLayout, enqueuing: Enqueuing) -> NewFlow:
    if not layout.places:
        raise MisuseError("A flow without steps was to be enqueued.", hint="Leave it out where there is nothing to do.")
    jobs = [enqueuing.job(step.handler, step.payload, _wanted(step), place) for step, place in layout.places]
    return NewFlow(layout.flow_id, jobs)


def _wanted(step: Step) -> Wanted:
    return Wanted(step.delay, step.at, step.priority, step.unique_key)


def _steps(flow: Flow) -> Iterator[bool]:
    """Yield True for each step."""
    match flow:
        case Step():
            yield True
        case Always(member):
            yield from _steps(member)
        case Chain(members) | Group(members):
            for member in members:
                yield from _steps(member)
