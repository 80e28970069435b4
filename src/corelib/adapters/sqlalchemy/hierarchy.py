"""Several classes in one table, told apart by a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
from attrs import evolve, field, frozen

from corelib.adapters.sqlalchemy.shape import Leaf, Shape, shape_of
from corelib.errors import ConfigurationError, PersistentFailure


def _at_least_one(_: object, attribute: attrs.Attribute[Mapping[str, type]], value: Mapping[str, type]) -> None:
    if not value:
        raise ConfigurationError(f"Subclasses need at least one entry in {attribute.name}.")


@frozen
class Subclasses:
    """The classes of a hierarchy that lie in one table.

    Args:
        column: name of the column that tells them apart.
        classes: the class for each value of that column; each is the mapped class or derives from it.

    Example: `Subclasses("kind", {"card": CardPayment, "invoice": InvoicePayment})`
    """

    column: str
    classes: Mapping[str, type] = field(validator=_at_least_one)


def shape_of_hierarchy(
    base: type, subclasses: Subclasses, columns: frozenset[str], *, leave_out: frozenset[str], offset: int
) -> Shape:
    """Derive one shape whose rows have the columns of all classes; those that a class has not are NULL in its rows.

    Raises:
        ConfigurationError: if a class does not derive from the base.
    """
    for kind in subclasses.classes.values():
        if not issubclass(kind, base):
            raise ConfigurationError(f"{kind.__name__} does not derive from {base.__name__}, in whose table it lies.")
    own = columns - {subclasses.column}
    shapes = {tag: shape_of(kind, own, leave_out=leave_out) for tag, kind in subclasses.classes.items()}
    missing = tuple(name for shape in shapes.values() for name in shape.without_column)
    if missing or subclasses.column not in columns:
        return evolve(next(iter(shapes.values())), without_column=missing or (subclasses.column,))
    leaves = _united(subclasses, shapes)
    names = tuple(leaf.column for leaf in leaves)
    first = next(iter(shapes.values()))
    places = [offset + names.index(name) for name in first.columns]
    dump = _Dumping(subclasses, shapes, names)
    return Shape(
        names,
        _Loading(subclasses, shapes, names, offset),
        dump,
        lambda aggregate: dict(zip(names, dump(aggregate), strict=True)),
        leaves,
        identify=lambda row: first.identify([row[place] for place in places]),
        key=first.key,
    )


def _united(subclasses: Subclasses, shapes: Mapping[str, Shape]) -> tuple[Leaf, ...]:
    """Return all columns; those that not every class has must be able to be NULL."""
    found: dict[str, Leaf] = {}
    for shape in shapes.values():
        for leaf in shape.leaves:
            found.setdefault(leaf.column, leaf)
    everywhere = set.intersection(*(set(shape.columns) for shape in shapes.values()))
    leaves = [leaf if name in everywhere else evolve(leaf, optional=True) for name, leaf in found.items()]
    return (*leaves, Leaf(subclasses.column, f"<{subclasses.column}>", str, optional=False))


class _Loading:
    """Builds an instance of the class that the row names."""

    def __init__(self, subclasses: Subclasses, shapes: Mapping[str, Shape], names: Sequence[str], offset: int) -> None:
        self._tag = offset + names.index(subclasses.column)
        self._column = subclasses.column
        self._loads = {
            tag: (shape.load, [offset + names.index(name) for name in shape.columns]) for tag, shape in shapes.items()
        }

    def __call__(self, row: Sequence[object], *parts: object) -> object:
        tag = row[self._tag]
        if tag not in self._loads:
            raise PersistentFailure(
                f"The database holds {tag!r} in the column {self._column}, for which no class is mapped.",
                hint=f"Known are: {', '.join(self._loads)}.",
            )
        load, places = self._loads[tag]
        return load([row[place] for place in places], *parts)


class _Dumping:
    """Returns the values of an instance in the order of all columns."""

    def __init__(self, subclasses: Subclasses, shapes: Mapping[str, Shape], names: Sequence[str]) -> None:
        self._names = names
        self._column = subclasses.column
        self._dumps = {kind: (tag, shapes[tag]) for tag, kind in subclasses.classes.items()}

    def __call__(self, aggregate: object) -> tuple[object, ...]:
        if type(aggregate) not in self._dumps:
            raise ConfigurationError(
                f"{type(aggregate).__name__} is mapped to no table.",
                hint=f"Mapped are: {', '.join(kind.__name__ for kind in self._dumps)}.",
            )
        tag, shape = self._dumps[type(aggregate)]
        values = dict(zip(shape.columns, shape.dump(aggregate), strict=True))
        values[self._column] = tag
        return tuple(values.get(name) for name in self._names)
