"""For whom the kits are, once they have an account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import define

from corelib import Aggregate


@define(eq=False)
class User(Aggregate):
    """Somebody with an account; `email` is in lower case, and nobody else's."""

    id: UUID
    name: str
    email: str
    registered_at: datetime
