"""The codec over a strict cattrs converter."""

from __future__ import annotations

import json
from typing import NoReturn, TypeVar

from cattrs import Converter
from cattrs.errors import StructureHandlerNotFoundError

from corelib.adapters.cattrs.hooks import strict_converter
from corelib.adapters.cattrs.problems import problems_of
from corelib.errors import Problem, ValidationFailed

T = TypeVar("T")


class CattrsCodec:
    """Keeps the contract of `corelib.ports.codec.Codec`.

    Args:
        converter: a converter with the host's own hooks; by default a strict one of its own.
    """

    def __init__(self, converter: Converter | None = None) -> None:
        self._converter = converter or strict_converter()

    def structure(self, raw: object, kind: type[T]) -> T:
        """Build a `kind` from raw data."""
        try:
            return self._converter.structure(raw, kind)
        except Exception as error:
            raise ValidationFailed(kind.__name__, problems_of(error)) from error

    def decode(self, text: str | bytes, kind: type[T]) -> T:
        """Build a `kind` from JSON text."""
        try:
            raw = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ValidationFailed(
                kind.__name__, [Problem("", f"is not JSON ({_brief(error)})", "not_json")]
            ) from error
        return self.structure(raw, kind)

    def encode(self, value: object) -> str:
        """Return compact JSON text."""
        try:
            raw = self._converter.unstructure(value)
            text = json.dumps(raw, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            text.encode()  # fails where a text has half of a surrogate pair
        except (AttributeError, TypeError, ValueError, RecursionError, StructureHandlerNotFoundError) as error:
            problem = Problem("", f"is not writable as JSON ({_brief(error)})")
            raise ValidationFailed(type(value).__name__, [problem]) from error
        return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _brief(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
