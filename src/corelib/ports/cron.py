"""Reading cron expressions."""

from __future__ import annotations

from typing import Protocol

from corelib.domain.occurrences import WallTimes


class CronReader(Protocol):
    """Reads what people write for cron."""

    def read(self, expression: str) -> WallTimes:
        """Return the wall times that an expression names.

        Args:
            expression: minute, hour, day of month, month, day of week; before them seconds, if there are six fields.

        Raises:
            MisuseError: if it is no cron expression; the message tells which field is wrong.
        """
        ...
