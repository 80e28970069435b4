"""What the tables of known errors are made of; each engine has a table of its own."""

from __future__ import annotations

from typing import NamedTuple

from corelib.adapters.sqlalchemy.failures import brief
from corelib.errors import (
    AuthenticationFailed,
    CorelibError,
    DatabaseMissing,
    IntegrityViolation,
    PermissionDenied,
    ReadOnlyStore,
    SchemaMissing,
    ServerUnreachable,
    StatementTimeout,
    StorageFull,
)


class Known(NamedTuple):
    """What an engine's number or code means.

    Args:
        kind: the error of corelib.
        text: what happened, a clause without its full stop.
        source: the page of the vendor's documentation that lists it.
        hint: what to do next; by default what one does about errors of that kind.
    """

    kind: type[CorelibError]
    text: str
    source: str
    hint: str = ""


HINTS: dict[type[CorelibError], str] = {
    AuthenticationFailed: "Check user and password of the database URL.",
    DatabaseMissing: "Create it with CREATE DATABASE, or correct its name in the URL.",
    PermissionDenied: "Grant the right to the user of the database URL.",
    ReadOnlyStore: "Send changes to the primary.",
    SchemaMissing: "Create the tables first.",
    ServerUnreachable: "Check host and port, and that the server runs.",
    StatementTimeout: "Make the statement quicker, or allow it more time.",
    StorageFull: "Make room on the server's disk, or raise its quota.",
}


def error_of(
    known: Known, cause: BaseException, *, number: int | None = None, constraint: str | None = None
) -> CorelibError:
    """Return the error for a known failure; the driver's own words follow in brackets."""
    prefix = "" if number is None else f"error {number}: "
    message = f"{known.text} ({prefix}{brief(cause)})."
    hint = known.hint or HINTS.get(known.kind, "")
    if issubclass(known.kind, IntegrityViolation):
        return known.kind(message, hint=hint, constraint=constraint)
    return known.kind(message, hint=hint)
