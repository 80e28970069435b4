"""Text and raw data into checked values, and back."""

from __future__ import annotations

from typing import Protocol, TypeVar

T = TypeVar("T")


class Codec(Protocol):
    """Reads attrs classes from JSON-like data and writes them as JSON text.

    What `encode` writes, `decode` reads back as an equal value: attrs classes nested at will, str, int, float, bool,
    None, Decimal (exact), UUID, date, datetime with offset, timedelta, enums, lists, tuples and dicts of these.
    """

    def structure(self, raw: object, kind: type[T]) -> T:
        """Build a `kind` from raw data (what `json.loads` gives).

        Reading is strict: no text is taken for a number, no number for a text, no unknown field is dropped, and no
        datetime without an offset is accepted. Validators of attrs fields are asked.

        Raises:
            ValidationFailed: with every problem that was found and its field path, as `lines[1].quantity`.
        """
        ...

    def decode(self, text: str | bytes, kind: type[T]) -> T:
        """Build a `kind` from JSON text.

        Raises:
            ValidationFailed: as in `structure`; text that is not JSON is a problem of the whole (an empty path).
        """
        ...

    def encode(self, value: object) -> str:
        """Return compact JSON text of an attrs instance.

        Raises:
            ValidationFailed: if a part of the value has a type that cannot be written and read back.
        """
        ...
