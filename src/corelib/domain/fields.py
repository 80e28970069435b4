"""Fields that every store treats alike: a class opts in by declaring one.

They are ordinary attrs fields that may be left out when an object is made; what the store has to do with them stands in
their metadata. All of them are keyword-only.

Example:
    >>> from datetime import datetime
    >>> from uuid import UUID
    >>> from attrs import define
    >>> from corelib.domain.aggregate import Aggregate
    >>> @define(eq=False)
    ... class Patient(Aggregate):
    ...     id: UUID
    ...     insurance_number: str = encrypted_field()
    ...     tenant: str | None = tenant_field()
    ...     created_at: datetime | None = created_at_field()
    ...     created_by: str | None = created_by_field()
    ...     updated_at: datetime | None = updated_at_field()
    ...     updated_by: str | None = updated_by_field()
    ...     removed_at: datetime | None = removal_field()
    >>> sorted(role.name for role in roles_of(Patient))
    ['CREATED_AT', 'CREATED_BY', 'ENCRYPTED', 'REMOVED_AT', 'TENANT', 'UPDATED_AT', 'UPDATED_BY']
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

import attrs

from corelib.errors import MisuseError

ROLE = "corelib_role"
"""Key of the role in a field's metadata."""


class Role(Enum):
    """What a store does with a field."""

    CREATED_AT = "created at"
    CREATED_BY = "created by"
    UPDATED_AT = "updated at"
    UPDATED_BY = "updated by"
    REMOVED_AT = "removed at"
    TENANT = "tenant"
    ENCRYPTED = "encrypted"
    ASSIGNED = "assigned"


def created_at_field() -> Any:  # `Any`, as attrs.field: the annotation of the field is its type
    """Declare the instant at which the aggregate was first written; a `datetime | None`."""
    return _field(Role.CREATED_AT)


def created_by_field() -> Any:
    """Declare the principal of the context in which the aggregate was first written; a `str | None`."""
    return _field(Role.CREATED_BY)


def updated_at_field() -> Any:
    """Declare the instant at which the aggregate was last written, the first time included; a `datetime | None`."""
    return _field(Role.UPDATED_AT)


def updated_by_field() -> Any:
    """Declare the principal of the context in which the aggregate was last written; a `str | None`."""
    return _field(Role.UPDATED_BY)


def removal_field() -> Any:
    """Declare the instant at which the aggregate was removed; a `datetime | None`.

    Removed aggregates stay in the store, unseen, until they are restored.
    """
    return _field(Role.REMOVED_AT)


def tenant_field() -> Any:
    """Declare the tenant to whom the aggregate belongs; a `str | None` that the store fills in from the context.

    Whoever reads or writes such aggregates needs a context with a tenant, and sees those of this tenant alone.
    """
    return _field(Role.TENANT)


def encrypted_field() -> Any:
    """Declare a text that is encrypted where it is stored; a `str` or `str | None`.

    It is left out of the repr, and no specification can look for it.
    """
    return attrs.field(repr=False, kw_only=True, metadata={ROLE: Role.ENCRYPTED})


def assigned_field() -> Any:
    """Declare an identifier that the store assigns when the aggregate is first written; an `int | None`."""
    return _field(Role.ASSIGNED)


def _field(role: Role) -> Any:
    return attrs.field(default=None, kw_only=True, metadata={ROLE: role})


@cache
def roles_of(kind: type) -> Mapping[Role, tuple[str, ...]]:
    """Return the names of the fields of an attrs class by their role; only `Role.ENCRYPTED` may have several.

    Raises:
        MisuseError: if two fields have the same role.
    """
    found: dict[Role, tuple[str, ...]] = {}
    for field in attrs.fields(kind):
        role = field.metadata.get(ROLE)
        if role is None:
            continue
        if role in found and role is not Role.ENCRYPTED:
            raise MisuseError(f"{kind.__name__} has two fields for {role.value!r}: {found[role][0]} and {field.name}.")
        found[role] = (*found.get(role, ()), field.name)
    return found
