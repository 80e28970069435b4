"""From an attrs class to plain functions: a row into an instance, an instance into a row.

The functions are written as source text once and compiled, as cattrs does with its hooks: what runs for every row is
then one expression without loops or look-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

import attrs
from attrs import field, frozen

from corelib.domain.fields import ROLE, Role
from corelib.errors import PersistentFailure

NOT_STORED = {"_events"}
IDENTIFIER = "id"
UNCHANGEABLE = (str, int, float, Decimal, bytes, UUID, date, time, timedelta)
"""Classes of values that need no copy to be compared later; bool and datetime are among their subclasses."""


@frozen
class Leaf:
    """One column of a shape.

    Args:
        column: its name.
        path: of the field, dots leading into value objects.
        kind: the field's annotation without `None`.
        optional: whether the field, or a value object on the way to it, may be None.
        role: what the store does with the field.
    """

    column: str
    path: str
    kind: object
    optional: bool
    role: Role | None = None


@frozen
class Shape:
    """How a class lies in columns.

    Args:
        columns: names of the columns, in the order in which rows are read and written.
        load: builds an instance from a row; further arguments are the collections of parts, by position.
        dump: returns the values of an instance in the order of `columns`.
        record: returns them by the names of the columns, in the same order.
        leaves: what is known of each column, in the same order.
        identify: builds the identifier from a row.
        key: returns the column values of an identifier: the value itself, or a tuple where there are several columns.
        without_column: fields for which the table has no column; the other members are of no use then.
    """

    columns: tuple[str, ...]
    load: Callable[..., Any]
    dump: Callable[[Any], tuple[object, ...]]
    record: Callable[[Any], dict[str, object]]
    leaves: tuple[Leaf, ...] = ()
    identify: Callable[[Sequence[object]], object] = field(default=lambda row: row[0])
    key: Callable[[Any], object] = field(default=lambda identifier: identifier)
    without_column: tuple[str, ...] = ()

    def at(self, path: str) -> tuple[Leaf, ...]:
        """Return the columns of the field at a path: several for a value object, none for an unknown field."""
        return tuple(leaf for leaf in self.leaves if leaf.path == path or leaf.path.startswith(f"{path}."))


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
    """What has been written so far.

    Args:
        known: names of the table's columns.
        offset: where the first column stands in a row.
        leaves: the columns in use.
        getters: for each of them, how its value is taken from an instance.
        names: what the source text refers to.
        missing: fields without a column.
    """

    known: frozenset[str]
    offset: int
    leaves: list[Leaf] = field(factory=list)
    getters: list[str] = field(factory=list)
    names: dict[str, object] = field(factory=dict)
    missing: list[str] = field(factory=list)

    def name(self, value: object) -> str:
        """Make a value reachable from the source text."""
        name = f"n{len(self.names)}"
        self.names[name] = value
        return name

    def take(self, leaf: Leaf, getter: str) -> str:
        """Note a column and return the expression that reads it."""
        self.leaves.append(leaf)
        self.getters.append(getter)
        return f"r[{self.offset + len(self.leaves) - 1}]"


@frozen
class _Place:
    """Where a field lies within the class that is mapped.

    Args:
        expression: reads it from an instance.
        prefix: of the columns of its own fields.
        path: from the class on, ending with a dot where it is not empty.
        guards: expressions on the way to it that may be None, outermost first.
    """

    expression: str
    prefix: str = ""
    path: str = ""
    guards: tuple[str, ...] = ()

    def guarded(self, expression: str) -> str:
        """Return an expression that is None where something on the way is."""
        for guard in reversed(self.guards):
            expression = f"(None if {guard} is None else {expression})"
        return expression


def shape_of(kind: type, columns: frozenset[str], *, leave_out: frozenset[str] = frozenset(), offset: int = 0) -> Shape:
    """Derive the functions for a class.

    Args:
        kind: an attrs class.
        columns: names that the table has.
        leave_out: fields that hold collections of parts, which `load` takes as further arguments.
        offset: how many other values precede the columns in the rows that `load` and `identify` get.
    """
    source = _Source(columns, offset)
    parts = [f.name for f in _stored(kind) if f.name in leave_out]
    expression = _build(kind, _Place("a"), source, parts)
    if source.missing:
        return Shape((), _unusable, _unusable, _unusable, without_column=tuple(source.missing))
    arguments = ", ".join(["r", *(f"p{index}" for index in range(len(parts)))])
    made = _compiled(f"def load({arguments}):\n    return {expression}\n\n{_writing(source)}", source.names, kind)
    columns_in_use = tuple(leaf.column for leaf in source.leaves)
    identify, key = _identity(kind, source)
    return Shape(
        columns_in_use, made["load"], made["dump"], made["record"], tuple(source.leaves), identify=identify, key=key
    )


def value_shape(kind: type, column: str, *, offset: int = 0) -> Shape:
    """Derive the functions for plain values in one column, as the texts of a `list[str]`."""
    source = _Source(frozenset({column}), offset)
    read = _leaf(Leaf(column, "", kind, optional=False), "a", source)
    made = _compiled(f"def load(r):\n    return {read}\n\n{_writing(source)}", source.names, kind)
    return Shape((column,), made["load"], made["dump"], made["record"], tuple(source.leaves))


def _identity(kind: type, source: _Source) -> tuple[Callable[..., object], Callable[[Any], object]]:
    """Write the functions that turn a row into an identifier, and an identifier into column values."""
    attribute = next((f for f in _stored(kind) if f.name == IDENTIFIER), None)
    if attribute is None:
        return (lambda row: row[0]), (lambda identifier: identifier)
    first = next(i for i, leaf in enumerate(source.leaves) if leaf.path.split(".")[0] == IDENTIFIER)
    own = _Source(source.known, source.offset + first)
    read = _field(attribute, _Place("a"), own)
    getters = [getter.replace(f"a.{IDENTIFIER}", "i", 1) for getter in own.getters]
    key = getters[0] if len(getters) == 1 else _tuple(getters)
    made = _compiled(f"def identify(r):\n    return {read}\n\ndef key(i):\n    return {key}\n", own.names, kind)
    return made["identify"], made["key"]


def _compiled(text: str, names: Mapping[str, object], kind: type) -> dict[str, Callable[..., Any]]:
    made: dict[str, Callable[..., Any]] = {}
    exec(compile(text, f"<mapping of {kind.__qualname__}>", "exec"), dict(names), made)  # noqa: S102 - own text
    return made


def _tuple(expressions: Sequence[str]) -> str:
    return f"({''.join(f'{expression}, ' for expression in expressions)})"


def _writing(source: _Source) -> str:
    """Write the functions that turn an instance into a row: as a tuple, and by the names of the columns."""
    pairs = zip(source.leaves, source.getters, strict=True)
    record = ", ".join(f"{leaf.column!r}: {getter}" for leaf, getter in pairs)
    return f"def dump(a):\n    return {_tuple(source.getters)}\n\ndef record(a):\n    return {{{record}}}\n"


def _stored(kind: type) -> Sequence[attrs.Attribute[object]]:
    attrs.resolve_types(kind)
    return [f for f in attrs.fields(kind) if f.name not in NOT_STORED]


def _build(kind: type, place: _Place, source: _Source, parts: Sequence[str] = ()) -> str:
    """Write the call that makes a `kind`, and note the columns it reads."""
    arguments = []
    for attribute in _stored(kind):
        is_part = attribute.name in parts
        expression = f"p{parts.index(attribute.name)}" if is_part else _field(attribute, place, source)
        if attribute.init:
            arguments.append(f"{attribute.alias}={expression}")
        else:
            source.missing.append(f"{attribute.name} (it is no argument of the class, so it could not be read back)")
    return f"{source.name(kind)}({', '.join(arguments)})"


def _field(attribute: attrs.Attribute[object], place: _Place, source: _Source) -> str:
    """Write the expression that reads one field from a row."""
    column = f"{place.prefix}{attribute.alias or attribute.name}"
    expression = f"{place.expression}.{attribute.name}"
    path = f"{place.path}{attribute.name}"
    kind, optional = without_none(attribute.type)
    if column not in source.known and isinstance(kind, type) and attrs.has(kind):
        guards = (*place.guards, expression) if optional else place.guards
        return _embedded(kind, _Place(expression, f"{column}_", f"{path}.", guards), source, optional=optional)
    if column not in source.known:
        source.missing.append(column)
        return "None"
    leaf = Leaf(column, path, kind, optional or bool(place.guards), attribute.metadata.get(ROLE))
    return _leaf(leaf, expression, source, place, optional=optional)


def _embedded(kind: type, place: _Place, source: _Source, *, optional: bool) -> str:
    """Write the expression for a value object; one that may be None is so where its first required column is NULL."""
    before = len(source.leaves)
    built = _build(kind, place, source)
    if not optional:
        return built
    required = {f.name for f in _stored(kind) if not without_none(f.type)[1]}
    depth = place.path.count(".")
    for index, leaf in enumerate(source.leaves[before:], start=before):
        if leaf.path.split(".")[depth] in required:
            return f"(None if r[{source.offset + index}] is None else {built})"
    source.missing.append(
        f"{place.path.rstrip('.')} (all fields of {kind.__name__} may be None, so None and an empty one look alike)"
    )
    return "None"


def _leaf(leaf: Leaf, expression: str, source: _Source, place: _Place | None = None, *, optional: bool = False) -> str:
    """Write the expression that reads one column, and the one that writes it."""
    place = place or _Place("")
    kind = leaf.kind
    if isinstance(kind, type) and issubclass(kind, Enum):
        members = _Members(kind)
        getter = f"{expression}.value"
        if optional:
            members[None] = None
            getter = f"(None if {expression} is None else {getter})"
        read = source.take(leaf, place.guarded(getter))
        return f"{source.name(members)}[{read}]"
    if isinstance(kind, type) and issubclass(kind, UNCHANGEABLE):
        return source.take(leaf, place.guarded(expression))
    if (wrapped := wrapped_field(kind)) is not None:
        getter = f"{expression}.{wrapped.name}"
        if optional:
            getter = f"(None if {expression} is None else {getter})"
        read = source.take(leaf, place.guarded(getter))
        made = f"{source.name(kind)}({read})"
        return f"(None if {read} is None else {made})" if optional else made
    copied = source.name(deepcopy)
    read = source.take(leaf, f"{copied}({place.guarded(expression)})")
    return f"{copied}({read})"


def wrapped_field(kind: object) -> attrs.Attribute[object] | None:
    """Return the only field of a class that wraps one plain value, as `class OrderId: value: UUID`; else None."""
    if not isinstance(kind, type) or not attrs.has(kind):
        return None
    fields = _stored(kind)
    if len(fields) != 1 or not fields[0].init or not isinstance(fields[0].type, type):
        return None
    plain = issubclass(fields[0].type, UNCHANGEABLE) and not issubclass(fields[0].type, Enum)
    return fields[0] if plain and not fields[0].kw_only else None


def plain(value: object) -> object:
    """Return what a column takes for a value: of an enum its value, of a wrapped value what is within."""
    if isinstance(value, Enum):
        return value.value
    wrapped = wrapped_field(type(value))
    return value if wrapped is None else getattr(value, wrapped.name)


def without_none(kind: object) -> tuple[object, bool]:
    """Return the class of an annotation `X | None` and True; any other annotation as it is, and False."""
    if get_origin(kind) in {Union, UnionType}:
        others = [entry for entry in get_args(kind) if entry is not NoneType]
        if len(others) == 1:
            return others[0], True
    return kind, False


def _unusable(*_: object) -> Any:
    raise AssertionError("a shape with missing columns was used")
