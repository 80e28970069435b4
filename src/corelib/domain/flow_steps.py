"""Flows as a host writes them down: `chain`, `group` and `always` over `step`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import frozen

from corelib.errors import MisuseError


@frozen
class Step:
    """One job of a flow; `step` makes it."""

    handler: Callable[..., object]
    payload: object
    delay: timedelta = timedelta(0)
    at: datetime | None = None
    priority: int | None = None
    unique_key: str | None = None


@frozen
class Chain:
    """Members that follow one another; `chain` makes it."""

    members: tuple[Flow, ...]


@frozen
class Group:
    """Members side by side; `group` makes it."""

    members: tuple[Flow, ...]


@frozen
class Always:
    """A member that runs whatever became of what is before it; `always` makes it."""

    member: Flow


Flow = Step | Chain | Group | Always
"""What `chain`, `group`, `always` and `step` return, nested at will."""


def step(
    handler: Callable[..., object],
    payload: object,
    *,
    delay: timedelta = timedelta(0),
    at: datetime | None = None,
    priority: int | None = None,
    unique_key: str | None = None,
) -> Step:
    """Return one job of a flow.

    Args:
        handler: a function that `@job` describes.
        payload: what it takes.
        delay: how long to wait, counted from the moment when its turn has come.
        at: the instant to wait for, instead; if its turn comes later, it does not wait.
        priority: from -100 to 100; by default that of `@job`.
        unique_key: as with `JobQueue.enqueue`. A flow waits for its own jobs only: if there is another job with the
            key, `JobExists` is raised, whatever the rule of the job says.
    """
    return Step(handler, payload, delay, at, priority, unique_key)


def chain(*members: Flow) -> Chain:
    """Return a flow whose members run one after the other, each once the one before has succeeded.

    After a member that has failed for good, the rest is cancelled, but for what is `always` run. Once somebody has
    retried what failed, the rest waits for it again.

    Example:
        >>> chain().members
        ()
    """
    return Chain(_checked(members))


def group(*members: Flow, then: Flow | None = None) -> Group | Chain:
    """Return a flow whose members run side by side; 10,000 of them are well.

    Args:
        members: none are allowed as well: what comes after them then has nothing to wait for.
        then: runs once, when all members have succeeded. `always(...)` around it lets it run once all of them have
            ended, whatever became of them; it sees by `JobRun.children` which have failed.

    Example: `group(*(step(convert, Video(name)) for name in names), then=always(step(report, Report(names))))`
    """
    side_by_side = Group(_checked(members))
    return side_by_side if then is None else Chain(_checked((side_by_side, then)))


def always(member: Flow) -> Always:
    """Return a member that runs when what is before it has ended, whatever became of that.

    Without it, a member is cancelled if one of the jobs before it has failed for good, is cancelled or deleted.
    Within a chain it is for what comes after the first member; elsewhere it changes nothing.
    """
    (checked,) = _checked((member,))
    return Always(checked)


def _checked(members: tuple[Flow, ...]) -> tuple[Flow, ...]:
    for member in members:
        if not isinstance(member, Step | Chain | Group | Always):
            raise MisuseError(
                f"A flow is made of steps, not of a {type(member).__name__}.", hint="Write step(handler, payload)."
            )
    return members
