"""Log lines through the standard library's logging."""

from __future__ import annotations

import json
import logging

from corelib.application.log_fields import context_fields, without_secrets


class StandardLogger:
    """Writes `event {"field": ...}` to a logger of the standard library; the host configures where that goes.

    Args:
        name: of the logger.
    """

    def __init__(self, name: str = "corelib") -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: object) -> None:
        """Write a debug line."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Write an info line."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write a warning line."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, error: BaseException | None = None, **fields: object) -> None:
        """Write an error line."""
        self._write(logging.ERROR, event, fields, error)

    def _write(self, level: int, event: str, fields: dict[str, object], error: BaseException | None = None) -> None:
        if self._logger.isEnabledFor(level):
            shown = {**context_fields(), **without_secrets(fields)}
            self._logger.log(level, "%s %s", event, json.dumps(shown, default=str, ensure_ascii=False), exc_info=error)
