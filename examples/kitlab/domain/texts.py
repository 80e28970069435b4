"""What texts from outside may contain."""

from __future__ import annotations

import re
import unicodedata

from attrs import Attribute

LONGEST_NAME = 200
LONGEST_NOTE = 2000

# Letters of right-to-left scripts are welcome in names; characters that turn the direction of what follows are not,
# since they make a name read as another one.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")


def check_name(_: object, __: Attribute[str], value: str) -> None:
    """Accept a name for people to read: not empty, at most 200 characters, no control characters."""
    _check_text(value, LONGEST_NAME)
    if not value.strip():
        raise ValueError("must not be empty")


def check_note(_: object, __: Attribute[str | None], value: str | None) -> None:
    """Accept a note of at most 2,000 characters without control characters but line breaks and tabs."""
    if value is not None:
        _check_text(value, LONGEST_NOTE, allowed="\n\t")


def check_email(_: object, __: Attribute[str], value: str) -> None:
    """Accept an e-mail address that can be written to."""
    local = value.partition("@")[0]
    if len(value) > LONGEST_NAME or not _EMAIL.fullmatch(value) or ".." in local or local[0] == "." or local[-1] == ".":
        raise ValueError(f"is not an e-mail address: {value[:60]!r}")


def _check_text(value: str, longest: int, allowed: str = "") -> None:
    if len(value) > longest:
        raise ValueError(f"must have at most {longest} characters, not {len(value)}")
    control = next((c for c in value if unicodedata.category(c) == "Cc" and c not in allowed), None)
    if control is not None:
        raise ValueError(f"contains the control character U+{ord(control):04X}")
    if turning := _TURNING.search(value):
        raise ValueError(f"contains U+{ord(turning[0]):04X}, which turns the direction of writing")
