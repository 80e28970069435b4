"""The single kit on its way to the user and back to the laboratory."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from attrs import define

from corelib import Aggregate


class KitStatus(Enum):
    """Stage of a kit."""

    SHIPPED = "shipped"
    RECEIVED = "received"
    ACCEPTED = "accepted"


class KitNotExpected(Exception):
    """Something was to happen to a kit that cannot happen at its stage."""


@define(eq=False)
class Kit(Aggregate):
    """A kit with the barcode `id`, as `KIT-000001`, that belongs to an order."""

    id: str
    order_id: str
    kit_code: str
    status: KitStatus = KitStatus.SHIPPED
    received_at: datetime | None = None

    def receive(self, at: datetime) -> None:
        """Note that the sample has come back to the laboratory."""
        self._expect(KitStatus.SHIPPED)
        self.status = KitStatus.RECEIVED
        self.received_at = at

    def accept(self) -> None:
        """Note that the sample can be analysed: the user's health information is there."""
        self._expect(KitStatus.RECEIVED)
        self.status = KitStatus.ACCEPTED

    def _expect(self, status: KitStatus) -> None:
        if self.status is not status:
            raise KitNotExpected(f"kit {self.id} is {self.status.value}, not {status.value}")
