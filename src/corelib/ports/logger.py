"""Structured log lines."""

from __future__ import annotations

from typing import Protocol


class Logger(Protocol):
    """Writes log lines that are an event name with fields.

    Every line also carries the fields of the current context (`correlation_id`, and `causation_id`, `principal` and
    `tenant` where they are set), whoever writes it. Values of fields whose name says that they are secret
    (password, token, secret, authorization) are replaced before they are written.
    """

    def debug(self, event: str, **fields: object) -> None:
        """Write a line for those who look for a fault."""
        ...

    def info(self, event: str, **fields: object) -> None:
        """Write a line about the ordinary course of things."""
        ...

    def warning(self, event: str, **fields: object) -> None:
        """Write a line about something that went wrong and was mended."""
        ...

    def error(self, event: str, error: BaseException | None = None, **fields: object) -> None:
        """Write a line about something that somebody must look at, with the traceback of `error`."""
        ...
