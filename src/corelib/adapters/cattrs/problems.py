"""From cattrs' nested errors to a flat list of problems with field paths."""

from __future__ import annotations

from collections.abc import Iterator

from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)

from corelib.errors import Problem, ValidationFailed

LONGEST_REASON = 300
LONGEST_NAME = 60
"""Names that come from the input, as those of unknown fields, may have any length."""


def problems_of(error: BaseException) -> list[Problem]:
    """Return every problem of a structuring error, in the order of the fields."""
    return list(_walk(error, ""))


def _walk(error: BaseException, path: str) -> Iterator[Problem]:
    if isinstance(error, BaseValidationError):
        for part in error.exceptions:
            yield from _walk(part, _extended(path, part))
    elif isinstance(error, ForbiddenExtraKeysError):
        for name in sorted(map(str, error.extra_fields)):
            yield Problem(_joined(path, name[:LONGEST_NAME]), "is not a known field", "unknown_field")
    elif isinstance(error, ValidationFailed):
        for problem in error.problems:
            yield Problem(_joined(path, problem.path) if problem.path else path, problem.reason, problem.code)
    elif isinstance(error, KeyError) and error.args == (path.rpartition(".")[2],):
        yield Problem(path, "is missing", "missing")
    else:
        yield Problem(path, _reason(error), "wrong_type" if isinstance(error, TypeError) else "invalid")


def _extended(path: str, part: BaseException) -> str:
    for note in getattr(part, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return _joined(path, note.name)
        if isinstance(note, IterableValidationNote):
            return f"{path}[{str(note.index)[:LONGEST_NAME]}]"
    return path


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _reason(error: BaseException) -> str:
    """Take the first argument only: attrs' validators add the attribute and the value, which may be long."""
    text = str(error.args[0]) if error.args else type(error).__name__
    return text[:LONGEST_REASON]
