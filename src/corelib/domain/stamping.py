"""What a store does with the fields of `corelib.domain.fields`, before it writes and when it looks for aggregates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

import attrs

from corelib.domain.fields import Role, roles_of
from corelib.domain.specification import Comparison, IsNull, Not, Operator, Specification
from corelib.errors import MisuseError, TenantMissing

_FIRST = (Role.CREATED_AT, Role.CREATED_BY)
_LAST = (Role.UPDATED_AT, Role.UPDATED_BY)


def stamp_new(aggregate: object, now: datetime, principal: str | None) -> None:
    """Set the fields that say when and by whom an aggregate was first and last written."""
    _set(aggregate, stamps(type(aggregate), now, principal, roles=_FIRST + _LAST))


def stamp_changed(aggregate: object, now: datetime, principal: str | None) -> None:
    """Set the fields that say when and by whom an aggregate was last written."""
    _set(aggregate, stamps(type(aggregate), now, principal))


def stamps(
    kind: type, now: datetime, principal: str | None, *, roles: tuple[Role, ...] = _LAST
) -> Mapping[str, datetime | str | None]:
    """Return what to write into the stamps of a class, by the names of its fields.

    Args:
        kind: the class.
        now: the instant of the writing.
        principal: of the context in which it happens.
        roles: of the stamps; by default those of the last writing.
    """
    at = (Role.CREATED_AT, Role.UPDATED_AT)
    named = ((role, field_of(kind, role)) for role in roles)
    return {name: now if role in at else principal for role, name in named if name is not None}


def field_of(kind: type, role: Role) -> str | None:
    """Return the name of the field with a role, the first if there are several; None if the class has not opted in."""
    return _field_of(kind, role)


@cache
def _field_of(kind: type, role: Role) -> str | None:
    names = roles_of(kind).get(role) if attrs.has(kind) else None
    return names[0] if names else None


def tenant_for(kind: type, tenant: str | None) -> str | None:
    """Return through whose eyes a class is seen: the tenant of the context, None for classes without tenants.

    Raises:
        TenantMissing: if aggregates of the class belong to tenants, and the context names none.
    """
    if field_of(kind, Role.TENANT) is None:
        return None
    if tenant is None:
        raise TenantMissing(kind.__name__)
    return tenant


def give_to_tenant(aggregate: object, tenant: str | None) -> None:
    """Make the tenant of the context the owner of an aggregate that has none yet.

    Raises:
        TenantMissing: if the context names none.
        MisuseError: if it belongs to another one.
    """
    kind = type(aggregate)
    name, owner = field_of(kind, Role.TENANT), tenant_for(kind, tenant)
    if name is None:
        return
    found = getattr(aggregate, name)
    if found is None:
        _set(aggregate, {name: owner})
    elif found != owner:
        raise MisuseError(
            f"A {kind.__name__} that belongs to another tenant cannot be stored in the context of this one.",
            hint="Leave its tenant out, or run within use_context(Context(..., tenant=...)).",
        )


def presence(kind: type, tenant: str | None, *, removed: bool = False) -> Specification | None:
    """Return the specification of the aggregates that a repository shows; None where that is all.

    Args:
        kind: their class.
        tenant: of the context; of classes with tenants only its own are shown.
        removed: show those that were removed, of classes that keep them, instead of the others.

    Raises:
        TenantMissing: as `tenant_for`.
        MisuseError: if removed ones are asked for, and the class keeps none.
    """
    owner, conditions = tenant_for(kind, tenant), list[Specification]()
    if owner is not None:
        conditions.append(Comparison(str(field_of(kind, Role.TENANT)), Operator.EQUAL, owner))
    removal = removal_of(kind) if removed else field_of(kind, Role.REMOVED_AT)
    if removal is not None:
        conditions.append(Not(IsNull(removal)) if removed else IsNull(removal))
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else conditions[0] & conditions[1]


def removal_of(kind: type) -> str:
    """Return the name of the field that says when an aggregate was removed.

    Raises:
        MisuseError: if the class has none.
    """
    name = field_of(kind, Role.REMOVED_AT)
    if name is None:
        raise MisuseError(
            f"{kind.__name__} has no removal_field(), so what is removed is gone.",
            hint="Declare one to keep removed aggregates.",
        )
    return name


def _set(aggregate: object, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        object.__setattr__(aggregate, name, value)  # frozen aggregates have stamps as well
