"""Payloads of older versions are brought up to the present one, step by step, when they are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from corelib.errors import MisuseError, PayloadTooNew, Problem, ValidationFailed

JsonObject = dict[str, object]
Upcaster = Callable[[JsonObject], JsonObject]
"""Makes the JSON object of the next version of that of one version."""

NO_UPCASTERS: Mapping[int, Upcaster] = MappingProxyType({})


def check_upcasters(name: str, version: int, upcast: Mapping[int, Upcaster]) -> None:
    """Make sure that upcasters lead from the oldest version they know to the present one.

    Raises:
        MisuseError: if one is missing or leads nowhere.
    """
    if upcast and sorted(upcast) != list(range(max(1, min(upcast)), version)):
        raise MisuseError(
            f"The job {name} of version {version} has upcasters for the versions {sorted(upcast)}.",
            hint=f"Give one for each version from the oldest that may be stored to {version - 1}.",
        )


def upcasted(text: str, *, name: str, stored: int, version: int, upcast: Mapping[int, Upcaster]) -> str:
    """Return the JSON text of a payload in the present version.

    Args:
        text: as it is stored.
        name: of the job, for messages.
        stored: version of the text.
        version: the present one.
        upcast: by version, what makes the next one of it.

    Raises:
        PayloadTooNew: if the text is of a version to come.
        ValidationFailed: if there is no upcaster for its version, or one of them fails.
    """
    if stored > version:
        raise PayloadTooNew(name, version=stored, known=version)
    if stored == version:
        return text
    raw = _object_of(text, name)
    for step in range(stored, version):
        if step not in upcast:
            raise _unreadable(name, f"is of version {stored}, and nothing leads from version {step} to {step + 1}")
        try:
            raw = upcast[step](raw)
        except Exception as error:
            raise _unreadable(name, f"failed in the upcaster of version {step} ({type(error).__name__})") from error
    try:
        return json.dumps(raw, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise _unreadable(name, f"is no JSON after its upcasters ({type(error).__name__})") from error


def _object_of(text: str, name: str) -> JsonObject:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, "is not JSON", "not_json") from error
    if not isinstance(raw, dict):
        raise _unreadable(name, "must be an object", "wrong_type")
    return raw


def _unreadable(name: str, reason: str, code: str = "invalid") -> ValidationFailed:
    return ValidationFailed(f"The payload of the job {name}", [Problem("", reason, code)])
