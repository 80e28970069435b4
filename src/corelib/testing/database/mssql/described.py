"""What a reset has to know of a template beyond its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from corelib.testing.database.planning.catalogue import Catalogue, Counter, TableName


@frozen
class Column:
    """A column of reference data, as far as a digest of its rows needs it.

    Args:
        name: as the catalogue has it.
        type_name: of the system; the empty string for types of the common language runtime, as hierarchyid.
    """

    name: str
    type_name: str


@frozen
class Reference:
    """A table whose rows stay.

    Args:
        name: with its schema.
        columns: those that can be read.
        rows: how many the template has.
        in_memory: whether it is memory-optimized.
    """

    name: TableName
    columns: Sequence[Column]
    rows: int
    in_memory: bool = False


@frozen
class Policy:
    """A security policy that is on, and hides rows from a reset or keeps them from being deleted.

    Args:
        name: with its schema.
        predicates: tables with what decides about their rows, as the catalogue has it.
        not_for_replication: whether agents of replication pass it by.
    """

    name: TableName
    predicates: frozenset[tuple[TableName, str]]
    not_for_replication: bool = False


@frozen
class Described:
    """What the catalogue of a database says.

    Args:
        catalogue: tables and foreign keys; histories of temporal tables are not among the tables, since they are
            emptied with their owners.
        retention: of temporal tables that have one, as `6 MONTH`.
        reference: the tables with rows, and the histories with rows.
        shapes: a digest of the columns and check constraints of each table.
        sequences: all of them, but those that are used up; the column of each is empty.
        policies: in whose way a reset is.
        has_policies: whether there are any security policies.
    """

    catalogue: Catalogue
    retention: Mapping[TableName, str] = field(factory=dict)
    reference: Sequence[Reference] = ()
    shapes: Mapping[TableName, bytes] = field(factory=dict)
    sequences: Sequence[Counter] = ()
    policies: Sequence[Policy] = ()
    has_policies: bool = False
