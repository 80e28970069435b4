"""How an aggregate lies in tables: declared beside the table, derived from the attrs fields where names agree."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import sqlalchemy as sa
from attrs import field, frozen

from corelib.adapters.sqlalchemy.shape import Shape, shape_of
from corelib.errors import ConfigurationError

VERSION = "version"


class MappingError(ConfigurationError):
    """A class and its table do not fit; the message names the field and the column."""


@frozen
class Parts:
    """An ordered collection of values that belongs to an aggregate, in a table of its own.

    Args:
        kind: the attrs class of the parts.
        table: its primary key is the owner's identifier and the position.
        owner: name of the column that holds the aggregate's identifier.
        position: name of the column that holds the place in the list, from 0.
    """

    kind: type
    table: sa.Table
    owner: str
    position: str = "position"


@frozen
class CompiledParts:
    """Parts with the functions that read and write their rows."""

    parts: Parts
    shape: Shape

    @property
    def owner(self) -> sa.Column[object]:
        """Return the column that holds the aggregate's identifier."""
        return self.parts.table.c[self.parts.owner]

    @property
    def position(self) -> sa.Column[object]:
        """Return the column that holds the place in the list."""
        return self.parts.table.c[self.parts.position]


@frozen
class AggregateMapping:
    """A checked mapping of one aggregate class; make it with `mapped`."""

    kind: type
    table: sa.Table
    shape: Shape
    parts: Mapping[str, CompiledParts] = field(factory=dict)

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        """Return the table of the roots and those of their parts."""
        return (self.table, *(compiled.parts.table for compiled in self.parts.values()))

    @property
    def identifier(self) -> sa.Column[object]:
        """Return the column of the field `id`."""
        return self.table.c["id"]

    @property
    def version(self) -> sa.Column[int]:
        """Return the column that counts the changes, from 1."""
        return self.table.c[VERSION]


def mapped(kind: type, table: sa.Table, *, parts: Mapping[str, Parts] | None = None) -> AggregateMapping:
    """Map an aggregate class to a table, and check that both fit.

    A field takes the column of its own name. A field whose class is an attrs value takes the columns that are named
    after it and its fields: `total: Money` takes `total_amount` and `total_currency`. Enums are stored by value. The
    table needs a primary key `id` and an integer column `version`, which the adapter keeps.

    Args:
        kind: the attrs class of the aggregate root.
        table: where its instances lie.
        parts: for every field that holds a list of parts, where those lie.

    Raises:
        MappingError: for a field without a column, a column without a field, a field for a column that the adapter
            keeps, or a key that is missing.
    """
    parts = parts or {}
    _require_columns(kind, table)
    unknown = set(parts) - {f.name for f in attrs.fields(kind)}
    if unknown:
        raise MappingError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}, for which parts are mapped.")
    shape = _checked_shape(kind, table, leave_out=set(parts), reserved={VERSION})
    compiled = {
        name: CompiledParts(part, _checked_shape(part.kind, part.table, set(), {part.owner, part.position}))
        for name, part in parts.items()
    }
    return AggregateMapping(kind, table, shape, compiled)


def _require_columns(kind: type, table: sa.Table) -> None:
    if not attrs.has(kind):
        raise MappingError(f"{kind.__name__} is not an attrs class.", hint="Put @define above it.")
    if [column.name for column in table.primary_key] != ["id"]:
        raise MappingError(f"The table {table.name} needs a primary key of one column, `id`, to hold {kind.__name__}.")
    if VERSION not in table.c:
        raise MappingError(f"The table {table.name} needs an integer column `{VERSION}`, which counts the changes.")


def _checked_shape(kind: type, table: sa.Table, leave_out: set[str], reserved: set[str]) -> Shape:
    missing = reserved - set(table.c.keys())
    if missing:
        raise MappingError(
            f"The table {table.name} has no column {', '.join(sorted(missing))}, which its mapping names."
        )
    shape = _shape_of(kind, table, leave_out)
    if shape.without_column:
        raise MappingError(
            f"The table {table.name} has no column for {kind.__name__}.{shape.without_column[0]}.",
            hint=f"It has: {', '.join(table.c.keys())}.",
        )
    if kept := reserved & set(shape.columns):
        raise MappingError(
            f"{kind.__name__} has a field for the column {table.name}.{min(kept)}, which the adapter keeps itself.",
            hint="Rename the field.",
        )
    spare = set(table.c.keys()) - set(shape.columns) - reserved
    if spare:
        raise MappingError(
            f"{kind.__name__} has no field for the column {table.name}.{min(spare)}.",
            hint="Add the field, or take the column out of the mapped table.",
        )
    return shape


def _shape_of(kind: type, table: sa.Table, leave_out: set[str]) -> Shape:
    try:
        return shape_of(kind, frozenset(table.c.keys()), leave_out=frozenset(leave_out))
    except NameError as error:
        raise MappingError(
            f"{kind.__name__} has a field whose class cannot be found: {error}.",
            hint="Import it at the top of the module, not under TYPE_CHECKING.",
        ) from None
