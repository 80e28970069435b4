"""A logger that keeps its lines."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from attrs import frozen

from corelib.application.log_fields import context_fields, without_secrets


@frozen
class LogLine:
    """One line: its level, the event's name, and its fields, those of the context included."""

    level: str
    event: str
    fields: Mapping[str, object]
    error: BaseException | None = None


class MemoryLogger:
    """Keeps every line in `lines`, oldest first."""

    def __init__(self) -> None:
        self._lines: list[LogLine] = []
        self._lock = threading.Lock()

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """Return the lines written so far."""
        with self._lock:
            return tuple(self._lines)

    def debug(self, event: str, **fields: object) -> None:
        """Keep a debug line."""
        self._keep("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Keep an info line."""
        self._keep("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Keep a warning line."""
        self._keep("warning", event, fields)

    def error(self, event: str, error: BaseException | None = None, **fields: object) -> None:
        """Keep an error line."""
        self._keep("error", event, fields, error)

    def _keep(self, level: str, event: str, fields: dict[str, object], error: BaseException | None = None) -> None:
        line = LogLine(level, event, {**context_fields(), **without_secrets(fields)}, error)
        with self._lock:
            self._lines.append(line)
