"""Collections of parts: where they lie, and what has to be written when one has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args, get_origin

import attrs
import sqlalchemy as sa
from attrs import field, frozen

from corelib.adapters.sqlalchemy.shape import Shape
from corelib.errors import AlreadyExists

Row = tuple[object, ...]
CONTAINERS = (list, tuple, set, frozenset)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@frozen
class Parts:
    """A collection that belongs to an aggregate, in a table of its own: a `list`, a `tuple`, a `set` or a `frozenset`.

    By default its parts are values, told apart by their position. With `key` they are entities: a part that changes its
    place keeps its row. Without `position` the collection has no order; without both, all columns are the key.

    Args:
        kind: the attrs class of the parts, or the class of plain values.
        table: where they lie.
        owner: name of the column that holds the aggregate's identifier, or names where that has several columns.
        position: name of the column that holds the place in the list, from 0; None for a collection without order.
        key: name of the field that tells the parts of one aggregate apart, or names.
        value: name of the column for plain values, as the texts of a `list[str]`.
    """

    kind: type
    table: sa.Table
    owner: tuple[str, ...] = field(converter=_names)
    position: str | None = "position"
    key: tuple[str, ...] = field(default=(), converter=_names)
    value: str | None = None


@frozen
class CompiledParts:
    """Parts with the functions that read and write their rows.

    Args:
        parts: as declared.
        shape: of one part.
        container: makes the collection.
        key_places: which columns of a row are the key; none where the position is.
    """

    parts: Parts
    shape: Shape
    container: Callable[[Iterable[Any]], object] = list
    key_places: tuple[int, ...] = ()

    @property
    def table(self) -> sa.Table:
        """Return where they lie."""
        return self.parts.table

    @property
    def owner(self) -> sa.Column[object]:
        """Return the first, mostly the only column that holds the aggregate's identifier."""
        return self.owners[0]

    @property
    def owners(self) -> tuple[sa.Column[object], ...]:
        """Return the columns that hold the aggregate's identifier."""
        return tuple(self.parts.table.c[name] for name in self.parts.owner)

    @property
    def position(self) -> sa.Column[object] | None:
        """Return the column that holds the place in the list, or None."""
        return None if self.parts.position is None else self.parts.table.c[self.parts.position]

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the names of the columns that tell the parts of one owner apart."""
        if self.parts.position is not None and not self.key_places:
            return (self.parts.position,)
        return tuple(self.shape.columns[place] for place in self.key_places)

    def dump(self, collection: Iterable[object]) -> list[Row]:
        """Return the rows of a collection; of one without order, in an order that is always the same."""
        rows = [self.shape.dump(part) for part in collection]
        return rows if self.parts.position else sorted(rows, key=repr)

    def row(self, owner: object, place: int, row: Row) -> dict[str, object]:
        """Return a row with the columns that tell where it belongs."""
        owners = owner if len(self.parts.owner) > 1 else (owner,)
        values = dict(zip(self.shape.columns, row, strict=True))
        values.update(zip(self.parts.owner, owners, strict=True))  # type: ignore[call-overload]
        if self.parts.position is not None:
            values[self.parts.position] = place
        return values


@frozen
class PartChanges:
    """What has to be written for one changed collection.

    Args:
        deleted: keys of rows that are gone.
        updated: keys, and the columns that changed with their new values.
        inserted: places and rows that are new.
    """

    deleted: Sequence[Row]
    updated: Sequence[tuple[Row, dict[str, object]]]
    inserted: Sequence[tuple[int, Row]]


def changes_of(part: CompiledParts, old: Sequence[Row], new: Sequence[Row]) -> PartChanges:
    """Return what leads from one list of rows to another.

    Raises:
        AlreadyExists: if two parts have the same key.
    """
    before = _by_key(part, old)
    after = _by_key(part, new)
    updated = []
    for key, (place, row) in after.items():
        if key not in before:
            continue
        was_at, was = before[key]
        changed = differences(part.shape.columns, was, row)
        if part.key_places and part.parts.position is not None and was_at != place:
            changed[part.parts.position] = place
        if changed:
            updated.append((key, changed))
    return PartChanges(
        deleted=[key for key in before if key not in after],
        updated=updated,
        inserted=[entry for key, entry in after.items() if key not in before],
    )


def _by_key(part: CompiledParts, rows: Sequence[Row]) -> dict[Row, tuple[int, Row]]:
    if not part.key_places:
        return {(place,): (place, row) for place, row in enumerate(rows)}
    found = {tuple(row[i] for i in part.key_places): (place, row) for place, row in enumerate(rows)}
    if len(found) != len(rows):
        raise AlreadyExists(f"Two parts in the table {part.parts.table.name} have the same {', '.join(part.keys)}.")
    return found


def differences(columns: Sequence[str], before: Row, after: Row) -> dict[str, object]:
    """Return the columns whose values differ, with their new values."""
    return {name: new for name, old, new in zip(columns, before, after, strict=True) if old != new}


def container_of(kind: type, name: str) -> Callable[[Iterable[Any]], object] | None:
    """Return the class of the collection in a field, or None if the field holds none."""
    attrs.resolve_types(kind)
    annotation = attrs.fields_dict(kind)[name].type
    origin = get_origin(annotation)
    return origin if origin in CONTAINERS and get_args(annotation) else None
