"""What the suite of `corelib.domain.fields` keeps in stores: a class with every role, and one that opts into a few."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import define, evolve, frozen

from corelib.domain.aggregate import Aggregate
from corelib.domain.fields import (
    assigned_field,
    created_at_field,
    created_by_field,
    encrypted_field,
    removal_field,
    tenant_field,
    updated_at_field,
    updated_by_field,
)
from corelib.domain.identifiers import new_id


@frozen
class Visit:
    """A part of a patient."""

    reason: str


@define(eq=False)
class Patient(Aggregate):
    """An aggregate with every role but the assigned identifier."""

    id: UUID
    name: str
    visits: list[Visit]
    insurance_number: str = encrypted_field()
    diagnosis: str | None = encrypted_field()
    tenant: str | None = tenant_field()
    created_at: datetime | None = created_at_field()
    created_by: str | None = created_by_field()
    updated_at: datetime | None = updated_at_field()
    updated_by: str | None = updated_by_field()
    removed_at: datetime | None = removal_field()


@frozen
class Remark:
    """A part of a ticket."""

    text: str


@define(eq=False)
class Ticket(Aggregate):
    """An aggregate whose identifier the store assigns, and that opts into two stamps."""

    title: str
    remarks: list[Remark]
    id: int | None = assigned_field()
    created_at: datetime | None = created_at_field()
    updated_by: str | None = updated_by_field()


PATIENT = Patient(UUID(int=0), "", [], insurance_number="756.9217.0769.85", diagnosis=None)


def a_patient(**fields: object) -> Patient:
    """Return a new patient, unlike any other; `fields` replace what he has by default."""
    own: dict[str, Any] = {"id": new_id(), "name": "Ada", "visits": [], **fields}
    return evolve(PATIENT, **own)


def a_ticket(title: str = "Printer jams", *remarks: str) -> Ticket:
    """Return a new ticket without an identifier."""
    return Ticket(title=title, remarks=[Remark(text) for text in remarks])
