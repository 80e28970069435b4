"""Cron expressions, read by cronsim without a time zone: zones are the domain's matter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from attrs import frozen
from cronsim import CronSim, CronSimError

from corelib.errors import MisuseError

_ANY = datetime(2026, 1, 1)  # noqa: DTZ001 - a wall time


class CronsimReader:
    """Keeps the contract of `corelib.ports.cron.CronReader`."""

    def read(self, expression: str) -> CronsimWallTimes:
        """Read an expression."""
        try:
            CronSim(expression, _ANY)
        except CronSimError as error:
            raise MisuseError(
                f"{expression!r} is no cron expression: {str(error).lower()}.",
                hint='Write minute, hour, day of month, month and day of week, as "0 2 * * *".',
            ) from None
        return CronsimWallTimes(expression)


@frozen
class CronsimWallTimes:
    """Keeps the contract of `corelib.domain.occurrences.WallTimes`."""

    expression: str

    def after(self, wall: datetime) -> Iterator[datetime]:
        """Go forward."""
        return CronSim(self.expression, wall)

    def until(self, wall: datetime) -> Iterator[datetime]:
        """Go back, beginning with the wall time itself: cronsim includes the second of which a fraction is over."""
        return CronSim(self.expression, wall.replace(microsecond=1), reverse=True)
