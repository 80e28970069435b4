"""Which jobs a host runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from corelib.application.jobs.description import JobDescription, description_of
from corelib.errors import UnboundHandler, UnknownJob


class JobRegistry:
    """The job descriptions of one host, by name.

    Raises:
        UnboundHandler: if two jobs have the same name.
    """

    def __init__(self, handlers: Iterable[Callable[..., object]] = ()) -> None:
        self._by_name: dict[str, JobDescription] = {}
        for handler in handlers:
            description = description_of(handler)
            if description.name in self._by_name:
                raise UnboundHandler(
                    f"Two jobs are named {description.name!r}.", hint="Give one of them another name: @job(name=...)."
                )
            self._by_name[description.name] = description

    def __iter__(self) -> Iterator[JobDescription]:
        return iter(self._by_name.values())

    @property
    def queues(self) -> tuple[str, ...]:
        """Return the names of all queues, sorted."""
        return tuple(sorted({description.queue for description in self._by_name.values()}))

    def named(self, name: str) -> JobDescription:
        """Return the description of a stored job's name.

        Raises:
            UnknownJob: if this host has none of that name.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownJob(
                f"This host has no job named {name!r}.", hint=f"It has: {', '.join(sorted(self._by_name)) or 'none'}."
            ) from None

    def description(self, handler: Callable[..., object]) -> JobDescription:
        """Return the description of a function, if this host runs it.

        Raises:
            MisuseError: if the function is not described by `@job`.
            UnboundHandler: if it is not registered here.
        """
        description = description_of(handler)
        if self._by_name.get(description.name) is not description:
            raise UnboundHandler(
                f"The job {description.name!r} is not registered with this host.", hint="Add it to the jobs of the App."
            )
        return description
