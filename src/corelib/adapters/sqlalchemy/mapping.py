"""How an aggregate lies in tables: declared beside the table, derived from the attrs fields where names agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import sqlalchemy as sa
from attrs import field, frozen

from corelib.adapters.sqlalchemy.hierarchy import Subclasses, shape_of_hierarchy
from corelib.adapters.sqlalchemy.parts import CompiledParts, Parts, container_of
from corelib.adapters.sqlalchemy.shape import Leaf, Shape, shape_of, value_shape, wrapped_field
from corelib.adapters.sqlalchemy.storable import has_classes, misfit
from corelib.adapters.sqlalchemy.types import RowVersion
from corelib.domain.fields import Role, roles_of
from corelib.errors import ConfigurationError, MisuseError

VERSION = "version"
IDENTIFIER = "id"


class MappingError(ConfigurationError):
    """A class and its table do not fit; the message names the field and the column."""


@frozen
class AggregateMapping:
    """A checked mapping of one aggregate class; make it with `mapped`."""

    kind: type
    table: sa.Table
    shape: Shape
    parts: Mapping[str, CompiledParts] = field(factory=dict)
    roles: Mapping[Role, tuple[str, ...]] = field(factory=dict)

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        """Return the table of the roots and those of their parts."""
        return (self.table, *(compiled.parts.table for compiled in self.parts.values()))

    @property
    def identifiers(self) -> tuple[sa.Column[object], ...]:
        """Return the columns of the field `id`."""
        return tuple(self.table.c[leaf.column] for leaf in self.shape.at(IDENTIFIER))

    @property
    def identifier(self) -> sa.Column[object]:
        """Return the first, mostly the only column of the field `id`."""
        return self.identifiers[0]

    @property
    def version(self) -> sa.Column[int]:
        """Return the column that counts the changes, from 1."""
        return self.table.c[VERSION]

    @property
    def counts_versions(self) -> bool:
        """Return whether the version is an ordinary number; else the server may make it (see `RowVersion`)."""
        return not isinstance(self.version.type, RowVersion)

    def column_of(self, role: Role) -> sa.Column[object] | None:
        """Return the column of the field with a role, or None."""
        names = self.roles.get(role)
        return self.table.c[self.shape.at(names[0])[0].column] if names else None


def mapped(
    kind: type,
    table: sa.Table,
    *,
    parts: Mapping[str, Parts] | None = None,
    subclasses: Subclasses | None = None,
) -> AggregateMapping:
    """Map an aggregate class to a table, and check that both fit.

    A field takes the column of its own name. A field whose class is an attrs value takes the columns that are named
    after it and its fields: `total: Money` takes `total_amount` and `total_currency`; where it may be None, it is so if
    its first required column is NULL. A value object with a single field may take the column of its own name, as
    `id: OrderId` takes `id`. In a column of the type `sa.JSON` any value lies that the storage's codec can write.
    Enums are stored by value.

    The table needs an integer column `version` (or a `RowVersion`), which the adapter keeps, and as its primary key the
    column or columns of the field `id`.

    Args:
        kind: the attrs class of the aggregate root.
        table: where its instances lie.
        parts: for every field that holds a collection of parts, where those lie.
        subclasses: where the table holds several classes, how they are told apart; `kind` is their base.

    Raises:
        MappingError: for a field without a column, a column without a field, a field for a column that the adapter
            keeps, a key that is missing, or a type that a column cannot hold.
    """
    parts = parts or {}
    _require_columns(kind, table)
    unknown = set(parts) - {f.name for f in attrs.fields(kind)}
    if unknown:
        raise MappingError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}, for which parts are mapped.")
    shape = _checked_shape(kind, table, set(parts), {VERSION}, subclasses)
    _require_key(kind, table, shape)
    owners = sum(leaf.path.split(".")[0] == IDENTIFIER for leaf in shape.leaves)
    compiled = {name: _compiled_parts(kind, name, part, owners) for name, part in parts.items()}
    return AggregateMapping(kind, table, shape, compiled, _checked_roles(kind, table, shape))


def _require_columns(kind: type, table: sa.Table) -> None:
    if not attrs.has(kind):
        raise MappingError(f"{kind.__name__} is not an attrs class.", hint="Put @define above it.")
    if VERSION not in table.c:
        raise MappingError(f"The table {table.name} needs an integer column `{VERSION}`, which counts the changes.")


def _require_key(kind: type, table: sa.Table, shape: Shape) -> None:
    wanted = [leaf.column for leaf in shape.at(IDENTIFIER)]
    found = [column.name for column in table.primary_key]
    if not wanted:
        raise MappingError(f"{kind.__name__} has no field `{IDENTIFIER}`.")
    if wanted != found:
        listed = ", ".join(f"`{name}`" for name in wanted)
        raise MappingError(
            f"The table {table.name} needs the primary key {listed} to hold {kind.__name__}.",
            hint=f"It has: {', '.join(found) or 'none'}.",
        )


def _compiled_parts(kind: type, name: str, part: Parts, owners: int) -> CompiledParts:
    """Check the table of a collection and derive the functions that read and write its rows."""
    if len(part.owner) != owners:
        raise MappingError(
            f"The parts {kind.__name__}.{name} name {len(part.owner)} columns of their owner, whose identifier has "
            f"{owners}.",
            hint="Name one for each, in their order.",
        )
    container = container_of(kind, name)
    if container is None:
        raise MappingError(
            f"{kind.__name__}.{name} is no collection of parts.", hint="Annotate it as list[Part], or set[Part]."
        )
    reserved = {*part.owner, *([part.position] if part.position else [])}
    if part.value is not None:
        shape = _value_shape(part, part.value, reserved)
    else:
        shape = _checked_shape(part.kind, part.table, set(), reserved, offset=len(part.owner))
    return CompiledParts(part, shape, container, _key_places(kind, name, part, shape))


def _value_shape(part: Parts, column: str, reserved: set[str]) -> Shape:
    _require_named(part.table, {*reserved, column})
    shape = value_shape(part.kind, column, offset=len(part.owner))
    _check_leaves(part.kind, part.table, shape.leaves)
    return shape


def _key_places(kind: type, name: str, part: Parts, shape: Shape) -> tuple[int, ...]:
    """Return which columns of a row tell the parts of one owner apart; none where their position does."""
    if not part.key:
        return () if part.position else tuple(range(len(shape.columns)))
    places = [shape.columns.index(leaf.column) for path in part.key for leaf in shape.at(path)]
    if not places:
        raise MappingError(f"The parts {kind.__name__}.{name} have no field {', '.join(part.key)}, named as their key.")
    return tuple(places)


def _checked_shape(
    kind: type,
    table: sa.Table,
    leave_out: set[str],
    reserved: set[str],
    subclasses: Subclasses | None = None,
    *,
    offset: int = 1,
) -> Shape:
    _require_named(table, reserved)
    shape = _shape_of(kind, table, leave_out, subclasses, offset)
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
    _check_leaves(kind, table, shape.leaves)
    return shape


def _require_named(table: sa.Table, names: set[str]) -> None:
    missing = names - set(table.c.keys())
    if missing:
        raise MappingError(
            f"The table {table.name} has no column {', '.join(sorted(missing))}, which its mapping names."
        )


def _check_leaves(kind: type, table: sa.Table, leaves: Sequence[Leaf]) -> None:
    """Make sure that every column can hold its field."""
    for leaf in leaves:
        if leaf.role is Role.ASSIGNED:
            continue
        reason = misfit(leaf, table.c[leaf.column])
        if reason is not None:
            name = f"{kind.__name__}.{leaf.path}".rstrip(".")
            raise MappingError(f"{name}, in the column {table.name}.{leaf.column}, {reason}")


def _checked_roles(kind: type, table: sa.Table, shape: Shape) -> Mapping[Role, tuple[str, ...]]:
    try:
        roles = roles_of(kind)
    except MisuseError as error:
        raise MappingError(error.message) from None
    assigned = roles.get(Role.ASSIGNED)
    if assigned and assigned != (IDENTIFIER,):
        raise MappingError(f"{kind.__name__}.{assigned[0]} is an assigned_field(), which only `{IDENTIFIER}` can be.")
    if assigned and not isinstance(table.c[shape.at(IDENTIFIER)[0].column].type, sa.Integer):
        raise MappingError(f"{kind.__name__}.{IDENTIFIER} is assigned by the store, so its column must be an Integer.")
    return roles


def _shape_of(kind: type, table: sa.Table, leave_out: set[str], subclasses: Subclasses | None, offset: int) -> Shape:
    columns = frozenset(table.c.keys())
    try:
        if subclasses is None:
            return shape_of(kind, columns, leave_out=frozenset(leave_out), offset=offset)
        return shape_of_hierarchy(kind, subclasses, columns, leave_out=frozenset(leave_out), offset=offset)
    except NameError as error:
        raise MappingError(
            f"{kind.__name__} has a field whose class cannot be found: {error}.",
            hint="Import it at the top of the module, not under TYPE_CHECKING.",
        ) from None


def needs_codec(leaf: Leaf, column: sa.Column[object]) -> bool:
    """Return whether a value lies in a JSON column that only a codec can read and write."""
    return isinstance(column.type, sa.JSON) and has_classes(leaf.kind) and wrapped_field(leaf.kind) is None
