"""Whether a test changed reference data, which a revert brings back anyway."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from corelib.errors import PersistentFailure, SchemaMismatch
from corelib.testing.database.mssql.described import Described, Policy, Reference
from corelib.testing.database.mssql.reference_sql import digests
from corelib.testing.database.mssql.row_security import unfiltered
from corelib.testing.database.mssql.rows import Batches

Digest = tuple[int, int]
"""The number of rows, and the sum of their hashes."""


class ReferenceData:
    """Remembers the tables that have rows in the template.

    Args:
        described: what the catalogue says of the clone.
        batches: the connection to the clone, while it is as its template is.
    """

    def __init__(self, described: Described, batches: Batches) -> None:
        self._tables = described.reference
        self._policies = described.policies
        self._before = _read(self._tables, self._policies, batches)

    def changed(self, batches: Batches) -> list[str]:
        """Return the tables whose rows are different now; also those that were dropped, or cannot be read as before.

        Raises:
            RowLocked: if a transaction that is still open has changed one.
        """
        known = list(zip(self._tables, self._before, strict=True))
        try:
            now = _read(self._tables, self._policies, batches)
        except (PersistentFailure, SchemaMismatch):
            return [str(table.name) for table, before in known if before not in self._lone(table, batches)]
        return [str(table.name) for (table, before), after in zip(known, now, strict=True) if after != before]

    def _lone(self, table: Reference, batches: Batches) -> list[Digest]:
        """Return what can be read of one table, also if the test has dropped the policies that hide its rows."""
        found = []
        for policies in (self._policies, ()):
            with suppress(PersistentFailure, SchemaMismatch):
                found += _read([table], policies, batches)
        return found


def _read(tables: Sequence[Reference], policies: Sequence[Policy], batches: Batches) -> list[Digest]:
    if not tables:
        return []
    (rows,) = batches.run(unfiltered(policies, digests(tables)))
    found = {row.number("number"): (row.number("quantity"), row.number("digest")) for row in rows}
    return [found[number] for number in range(len(tables))]
