"""In which order tables are emptied."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from corelib.testing.database.planning.catalogue import ForeignKey, Table


@frozen
class Step:
    """Tables that are emptied together, since foreign keys lead from each of them to every other.

    Args:
        tables: by name; mostly there is one.
        cyclic_keys: the foreign keys between two different ones of them. An engine that checks after each statement has
            to be told to leave these unchecked meanwhile. A key from a table to itself is not among them: a DELETE of
            all rows keeps it.
    """

    tables: Sequence[Table]
    cyclic_keys: Sequence[ForeignKey] = ()


@frozen
class ResetPlan:
    """How a clone is emptied.

    Args:
        steps: children before their parents.
        reference: the tables that stay, since the template has rows in them, by name.
    """

    steps: Sequence[Step]
    reference: Sequence[Table] = ()
