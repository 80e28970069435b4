"""Handlers are plain functions: their annotations say which message they take and which ports they need."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import get_args, get_origin, get_type_hints

from attrs import frozen

from corelib.application.jobs.batch import JobBatch
from corelib.errors import UnboundHandler


@frozen
class BoundHandler:
    """A handler with its ports supplied; what differs from call to call is passed to `invoke`.

    Args:
        name: qualified name, for logs and messages.
        message: the class of the first parameter.
    """

    name: str
    message: type
    _function: Callable[..., object]
    _ports: Mapping[str, object]
    _per_call: Mapping[str, type]

    def wants(self, kind: type) -> bool:
        """Return whether a parameter asks for something that belongs to the call."""
        return kind in self._per_call.values()

    def invoke(self, message: object, supplied: Mapping[type, object]) -> object:
        """Call the handler with a message and with what belongs to this call (as the unit of work)."""
        arguments = {name: supplied[kind] for name, kind in self._per_call.items()}
        return self._function(message, **self._ports, **arguments)


def message_class(handler: Callable[..., object]) -> type:
    """Return the class that the first parameter of a handler is annotated with.

    Raises:
        UnboundHandler: if there is no parameter or no class in its annotation.
    """
    first = next(iter(_parameters(handler).items()), None)
    if first is not None and get_origin(first[1]) is JobBatch:
        first = first[0], get_args(first[1])[0]
    if first is None or first[1] is object or not isinstance(first[1], type):
        raise UnboundHandler(
            f"{_name(handler)} does not say which message it takes.",
            hint="Annotate its first parameter with the message's class.",
        )
    return first[1]


def takes_batch(handler: Callable[..., object]) -> bool:
    """Return whether the first parameter of a handler is a batch of payloads."""
    return get_origin(next(iter(_parameters(handler).values()), None)) is JobBatch


def bind(handler: Callable[..., object], ports: Mapping[type, object], per_call: Collection[type]) -> BoundHandler:
    """Supply a handler with the ports that its parameters are annotated with.

    Args:
        handler: a function (or an object with `__call__`) whose first parameter is the message.
        ports: what the host has, by the class or protocol under which handlers ask for it.
        per_call: classes of what each call brings along, as the unit of work.

    Raises:
        UnboundHandler: if a parameter asks for something that is in neither.
    """
    message = message_class(handler)
    from_host: dict[str, object] = {}
    from_call: dict[str, type] = {}
    for name, wanted in list(_parameters(handler).items())[1:]:
        if wanted in per_call:
            from_call[name] = wanted
        elif wanted in ports:
            from_host[name] = ports[wanted]
        else:
            known = ", ".join(sorted(kind.__name__ for kind in (*per_call, *ports)))
            raise UnboundHandler(
                f"{_name(handler)} asks for {name}: {getattr(wanted, '__name__', wanted)}, which nobody supplies.",
                hint=f"It supplies: {known}. Add it to the services of the App.",
            )
    return BoundHandler(_name(handler), message, handler, from_host, from_call)


def _name(handler: Callable[..., object]) -> str:
    owner = handler if hasattr(handler, "__qualname__") else type(handler)
    return f"{owner.__module__}.{owner.__qualname__}"


def _parameters(handler: Callable[..., object]) -> dict[str, type]:
    """Map parameter names to resolved annotations; a parameter with a default but no known class is left alone."""
    function = handler if inspect.isroutine(handler) else type(handler).__call__
    try:
        hints = get_type_hints(function)
    except NameError as error:
        raise UnboundHandler(
            f"An annotation of {_name(handler)} cannot be resolved: {error}.",
            hint="Import the class at run time, not only under TYPE_CHECKING.",
        ) from error
    parameters = inspect.signature(handler).parameters.values()
    return {p.name: hints.get(p.name, object) for p in parameters if p.default is inspect.Parameter.empty}
