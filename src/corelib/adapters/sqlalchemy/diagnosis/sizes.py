"""Room on disks."""

from __future__ import annotations

from corelib.adapters.sqlalchemy.diagnosis.model import Judgement, failure, ok, warning

GIB = 1024**3
SCARCE_BYTES = 5 * GIB
TOO_LITTLE_BYTES = GIB
_ADVICE = "Make room there, or give the server a larger disk: a full one stops every write."


def room(available: int, total: int, place: str) -> Judgement:
    """Judge the room that is left on a volume, all in bytes."""
    found = f"{available / GIB:.1f} of {total / GIB:.1f} GiB free on {place}"
    if available < TOO_LITTLE_BYTES:
        return failure(found, _ADVICE)
    return warning(found, _ADVICE) if available < SCARCE_BYTES else ok(found)
