"""The logger over structlog, with a configuration of its own: structlog's global one stays as the host left it."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from corelib.application.log_fields import context_fields, without_secrets


class StructlogLogger:
    """Writes one line for each event, as JSON or, for people, as aligned text.

    Args:
        stream: where to; by default standard error.
        json: one JSON object a line; otherwise readable text.
        level: the lowest level that is written, as `logging.INFO`.
    """

    def __init__(self, stream: TextIO | None = None, *, json: bool = True, level: int = logging.INFO) -> None:
        last: Processor
        if json:
            tail: list[Processor] = [structlog.processors.format_exc_info]
            last = structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
        else:
            # Not the default of structlog, which shows local variables where rich is installed, secrets among them.
            tail = []
            last = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        self._logger: FilteringBoundLogger = structlog.wrap_logger(
            structlog.WriteLogger(stream or sys.stderr),
            processors=[
                _with_context,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                *tail,
                last,
                _encodable,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            cache_logger_on_first_use=True,
        )

    def debug(self, event: str, **fields: object) -> None:
        """Write a debug line."""
        self._logger.debug(event, **fields)

    def info(self, event: str, **fields: object) -> None:
        """Write an info line."""
        self._logger.info(event, **fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write a warning line."""
        self._logger.warning(event, **fields)

    def error(self, event: str, error: BaseException | None = None, **fields: object) -> None:
        """Write an error line."""
        self._logger.error(event, exc_info=error, **fields)


def _with_context(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the fields of the context and hide secrets; the error stays as it is for the renderer."""
    error = event.pop("exc_info", None)
    shown: EventDict = {**context_fields(), **without_secrets(event)}
    if error is not None:
        shown["exc_info"] = error
    return shown


def _encodable(_: WrappedLogger, __: str, line: EventDict) -> str:
    """Escape halves of surrogate pairs, which a broken input may hold and no file takes; also right within JSON."""
    return str(line).encode(errors="backslashreplace").decode()
