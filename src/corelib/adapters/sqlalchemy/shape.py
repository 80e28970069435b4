"""From an attrs class to two plain functions: a row into an instance, an instance into a row.

The functions are written as source text once and compiled, as cattrs does with its hooks: what runs for every row is
then one expression without loops or look-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Union, get_args, get_origin
from uuid import UUID

import attrs
from attrs import field, frozen

from corelib.errors import PersistentFailure

NOT_STORED = {"_events"}
UNCHANGEABLE = (str, int, float, Decimal, bytes, UUID, date, time, timedelta)
"""Classes of values that need no copy to be compared later; bool and datetime are among their subclasses."""


@frozen
class Shape:
    """How a class lies in columns.

    Args:
        columns: names of the columns, in the order in which rows are read and written.
        load: builds an instance from a row; further arguments are the collections of parts, by position.
        dump: returns the values of an instance in the order of `columns`.
        without_column: fields for which the table has no column; the other members are of no use then.
    """

    columns: tuple[str, ...]
    load: Callable[..., object]
    dump: Callable[[object], tuple[object, ...]]
    without_column: tuple[str, ...] = ()


@frozen
class _Leaf:
    """One column: how its value is taken from an instance, `{}` standing for the instance's expression."""

    column: str
    getter: str


class _Members(dict[object, object]):
    """The members of an enum by value; a stored value that is none of them is an error that names both."""

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__({member.value: member for member in kind})
        self._kind = kind

    def __missing__(self, value: object) -> object:
        raise PersistentFailure(
            f"The database holds {value!r}, which is no {self._kind.__name__}.",
            hint=f"Known are: {', '.join(str(known) for known in self if known is not None)}.",
        )


@frozen
class _Source:
    """What has been written so far."""

    known: frozenset[str]
    leaves: list[_Leaf] = field(factory=list)
    names: dict[str, object] = field(factory=dict)
    missing: list[str] = field(factory=list)

    def name(self, value: object) -> str:
        """Make a value reachable from the source text."""
        name = f"n{len(self.names)}"
        self.names[name] = value
        return name


def shape_of(kind: type, columns: frozenset[str], *, leave_out: frozenset[str] = frozenset()) -> Shape:
    """Derive the functions for a class.

    Args:
        kind: an attrs class.
        columns: names that the table has.
        leave_out: fields that hold collections of parts, which `load` takes as further arguments.
    """
    source = _Source(columns)
    parts = [f.name for f in _stored(kind) if f.name in leave_out]
    expression = _build(kind, "", "a", source, parts)
    if source.missing:
        return Shape((), _unusable, _unusable, tuple(source.missing))
    arguments = ", ".join(["r", *(f"p{index}" for index in range(len(parts)))])
    values = "".join(f"{leaf.getter}, " for leaf in source.leaves)
    text = f"def load({arguments}):\n    return {expression}\n\ndef dump(a):\n    return ({values})\n"
    made: dict[str, Callable[..., object]] = {}
    exec(compile(text, f"<mapping of {kind.__qualname__}>", "exec"), dict(source.names), made)  # noqa: S102 - own text
    return Shape(tuple(leaf.column for leaf in source.leaves), made["load"], made["dump"])  # type: ignore[arg-type]


def _stored(kind: type) -> Sequence[attrs.Attribute[object]]:
    attrs.resolve_types(kind)
    return [f for f in attrs.fields(kind) if f.name not in NOT_STORED]


def _build(kind: type, prefix: str, path: str, source: _Source, parts: Sequence[str] = ()) -> str:
    """Write the call that makes a `kind`, and note the columns it reads."""
    arguments = []
    for attribute in _stored(kind):
        if attribute.name in parts:
            expression = f"p{parts.index(attribute.name)}"
        else:
            expression = _field(attribute, prefix, f"{path}.{attribute.name}", source)
        if attribute.init:
            arguments.append(f"{attribute.alias}={expression}")
        else:
            source.missing.append(f"{attribute.name} (it is no argument of the class, so it could not be read back)")
    return f"{source.name(kind)}({', '.join(arguments)})"


def _field(attribute: attrs.Attribute[object], prefix: str, path: str, source: _Source) -> str:
    """Write the expression that reads one field from a row."""
    column = f"{prefix}{attribute.alias or attribute.name}"
    kind, optional = _without_none(attribute.type)
    if column not in source.known and not optional and isinstance(kind, type) and attrs.has(kind):
        return _build(kind, f"{column}_", path, source)
    if column not in source.known:
        source.missing.append(column)
        return "None"
    read = f"r[{len(source.leaves)}]"
    if isinstance(kind, type) and issubclass(kind, Enum):
        members = _Members(kind)
        getter = f"{path}.value"
        if optional:
            members[None] = None
            getter = f"None if {path} is None else {getter}"
        source.leaves.append(_Leaf(column, getter))
        return f"{source.name(members)}[{read}]"
    if isinstance(kind, type) and issubclass(kind, UNCHANGEABLE):
        source.leaves.append(_Leaf(column, path))
        return read
    copied = source.name(deepcopy)
    source.leaves.append(_Leaf(column, f"{copied}({path})"))
    return f"{copied}({read})"


def _without_none(kind: object) -> tuple[object, bool]:
    """Return the class of an annotation `X | None` and True; any other annotation as it is, and False."""
    if get_origin(kind) in {Union, UnionType}:
        others = [entry for entry in get_args(kind) if entry is not NoneType]
        if len(others) == 1:
            return others[0], True
    return kind, False


def _unusable(*_: object) -> tuple[object, ...]:
    raise AssertionError("a shape with missing columns was used")
