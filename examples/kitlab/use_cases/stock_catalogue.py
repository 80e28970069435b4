"""Filling the catalogue."""

from __future__ import annotations

from attrs import field, frozen

from corelib import Command, UnitOfWork
from kitlab.domain.catalogue import KitType, Practitioner
from kitlab.domain.texts import check_email, check_name


@frozen
class PractitionerEntry:
    """A practitioner as the catalogue's file has it."""

    id: str = field(validator=check_name)
    name: str = field(validator=check_name)
    email: str = field(validator=check_email)
    active: bool


@frozen
class KitEntry:
    """A kit type as the catalogue's file has it."""

    code: str = field(validator=check_name)
    name: str = field(validator=check_name)
    active: bool


@frozen
class StockCatalogue(Command[int]):
    """Add the practitioners and kit types that are not there yet; answered by how many were added."""

    practitioners: list[PractitionerEntry]
    kit_types: list[KitEntry]


def stock_catalogue(command: StockCatalogue, uow: UnitOfWork) -> int:
    """Add what is new."""
    practitioners = uow.repository(Practitioner, str)
    kit_types = uow.repository(KitType, str)
    known_people = {entry.id for entry in practitioners.find_many([entry.id for entry in command.practitioners])}
    known_kits = {entry.id for entry in kit_types.find_many([entry.code for entry in command.kit_types])}
    new_practitioners = [entry for entry in command.practitioners if entry.id not in known_people]
    new_kit_types = [entry for entry in command.kit_types if entry.code not in known_kits]
    practitioners.add_many(Practitioner(new.id, new.name, new.email, new.active) for new in new_practitioners)
    kit_types.add_many(KitType(new.code, new.name, new.active) for new in new_kit_types)
    return len(new_practitioners) + len(new_kit_types)
