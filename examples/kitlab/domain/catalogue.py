"""Who may order, and what there is to order."""

from __future__ import annotations

from attrs import define

from corelib import Aggregate


@define(eq=False)
class Practitioner(Aggregate):
    """Somebody who orders kits for their users; `id` as `PR-0042`."""

    id: str
    name: str
    email: str
    active: bool


@define(eq=False)
class KitType(Aggregate):
    """A laboratory test kit; `id` is its code, as `GUT-01`."""

    id: str
    name: str
    active: bool
