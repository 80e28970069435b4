"""Messages that are sent to the core."""

from __future__ import annotations

from typing import Generic, TypeVar

R = TypeVar("R")


class Command(Generic[R]):
    """Base of a command: an attrs value that asks the core to change something and is answered by an `R`.

    Example:
        >>> from attrs import frozen
        >>> @frozen
        ... class RenameKit(Command[None]):
        ...     kit_id: str
        ...     name: str
    """

    __slots__ = ()
