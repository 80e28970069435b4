"""The kit's mark as a text, for engines that keep a comment or a file beside a database."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import cast

from corelib.testing.database.model import Kind, Mark

_FORMAT = "corelib_test_database"
_VERSION = 1
_FOR_PEOPLE = (
    "Made by the database test kit of corelib for automated tests. Nothing in it is worth keeping: "
    "the kit drops it without asking."
)


def text_of(mark: Mark) -> str:
    """Return a mark as JSON, in ASCII, with a sentence for people who come across it."""
    return json.dumps(
        {
            _FORMAT: _VERSION,
            "about": _FOR_PEOPLE,
            "kind": mark.kind.value,
            "run": mark.run,
            "fingerprint": mark.fingerprint,
        }
    )


def mark_in(text: str | None) -> Mark | None:
    """Return the mark that a text is; None for any other text, and for the mark of a newer kit."""
    with suppress(ValueError, RecursionError):
        parts: object = json.loads(text or "")
        if isinstance(parts, dict):
            return _mark_of(cast("dict[str, object]", parts))
    return None


def _mark_of(parts: dict[str, object]) -> Mark | None:
    """Return the mark; raises ValueError for a kind that there is not."""
    run, fingerprint = parts.get("run"), parts.get("fingerprint")
    if parts.get(_FORMAT) != _VERSION or not isinstance(run, str) or not isinstance(fingerprint, str):
        return None
    return Mark(Kind(parts.get("kind")), run, fingerprint)
