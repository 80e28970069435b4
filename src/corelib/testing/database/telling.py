"""Errors of migrations as one line, without secrets."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import StatementError

from corelib.adapters.sqlalchemy.failures import brief
from corelib.errors import CorelibError
from corelib.testing.servers.urls import without_secrets


def told(error: BaseException) -> str:
    """Return what an error says, in a line: of a driver's, neither the statement nor its parameters."""
    if isinstance(error, CorelibError):
        return str(error)
    cause = error.orig if isinstance(error, StatementError) and error.orig else error
    return f"{type(cause).__name__}: {brief(cause)}"


def cause_without_secrets(error: BaseException, url: str) -> BaseException | None:
    """Return an error to be chained as the cause of another; None if a traceback of it would show a secret of a URL."""
    texts = [str(each) for each in _chain(error)]
    return error if all(without_secrets(text, url) == text for text in texts) else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
