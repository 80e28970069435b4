"""The few aggregates and values that random sequences are about: few, so that units of work meet."""

from __future__ import annotations

from uuid import UUID

from corelib.testing.contracts.samples import Depot, Parcel

UNITS = ("A", "B", "C")
PARCELS = ("P1", "P2", "P3")
DEPOTS = ("D1", "D2")
LABELS = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8")
CITIES = ("Bern", "Basel")


def kind_of(name: str) -> type[Parcel | Depot]:
    """Return the class of an aggregate: P is a parcel, D a depot."""
    return Parcel if name in PARCELS else Depot


def identifier_of(name: str) -> object:
    """Return the identifier of an aggregate, the same in every world."""
    return UUID(int=PARCELS.index(name) + 1) if name in PARCELS else name


def name_of(aggregate: Parcel | Depot) -> str:
    """Return the name of an aggregate."""
    return PARCELS[aggregate.id.int - 1] if isinstance(aggregate, Parcel) else aggregate.id
