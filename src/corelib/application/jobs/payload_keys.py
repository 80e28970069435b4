"""Keys that are made of payloads: of unique jobs, and of jobs that are limited together."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from corelib.errors import MisuseError

By = str | Sequence[str] | Callable[..., object] | None


def chosen_of(job: str, payload: object, text: str, by: By, *, purpose: str) -> str:
    """Return what of a payload is the key, as JSON text: fields as they are stored, in the order of the rule.

    Args:
        job: name of the job.
        payload: as its handler takes it.
        text: the same as JSON.
        by: names of fields, or a function of the payload; None for the whole of it.
        purpose: what the key is for, as it stands after "The job x is ".

    Raises:
        MisuseError: if the payload has no such field.
    """
    if callable(by):
        return json.dumps(by(payload), default=str, sort_keys=True)
    raw = json.loads(text)
    if by is None:
        return json.dumps(raw, sort_keys=True)
    names = [by] if isinstance(by, str) else list(by)
    missing = [field for field in names if field not in raw]
    if missing:
        raise MisuseError(
            f"The job {job} is {purpose} by {missing[0]!r}, which its payload does not have.",
            hint=f"It has: {', '.join(sorted(raw))}.",
        )
    return json.dumps([raw[field] for field in names], sort_keys=True)
