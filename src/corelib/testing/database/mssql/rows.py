"""Rows as a server answers them, with the types that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol, cast

from attrs import frozen


@frozen
class Row:
    """A row of a result.

    Args:
        values: by the name of the column.
    """

    values: Mapping[str, object]

    def number(self, column: str) -> int:
        """Return a whole number, of a bit and of a decimal too; 0 where the column is NULL, or is not there."""
        return int(cast("int | Decimal", self.values.get(column) or 0))

    def has(self, column: str) -> bool:
        """Return whether the column is there, and not NULL."""
        return self.values.get(column) is not None

    def flag(self, column: str) -> bool:
        """Return whether a bit is set; a column that an older version does not have is not."""
        return bool(self.values.get(column))

    def text(self, column: str) -> str:
        """Return a text; the empty one for NULL, or where the column is not there."""
        return str(self.values.get(column) or "")

    def time(self, column: str) -> datetime | None:
        """Return a date and time, or None."""
        return cast("datetime | None", self.values.get(column))

    def binary(self, column: str) -> bytes:
        """Return bytes; none for NULL."""
        return bytes(cast("bytes", self.values.get(column) or b""))


Result = Sequence[Row]


class Batches(Protocol):
    """A connection that runs batches in autocommit mode, and serves nothing else."""

    def run(self, batch: str) -> Sequence[Result]:
        """Send a batch, and return the results that have columns, after the last one has arrived.

        Raises:
            CorelibError: for the first error of the batch.
        """
        ...

    def close(self) -> None:
        """Close the connection; never raises."""
        ...
