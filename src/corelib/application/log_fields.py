"""What every log line carries, and what none may carry."""

from __future__ import annotations

import re
from collections.abc import Mapping

from corelib.application.context import current_context

_SECRET = re.compile(r"passw(or)?d|pwd|secret|token|authorization|api_?key|credential", re.IGNORECASE)
# The last @ before the query ends a password, as clients read it; one with a bare ? in it is hidden as a whole.
_PASSWORD_IN_URL = re.compile(r"(?P<start>://[^\s:/@?]*):(?:[^\s?]*|\S*)@")
_SECRET_PARAMETER = re.compile(r"(?i)(?P<start>[?&;](?:password|passwd|pwd|sslpassword|odbc_connect)=)[^\s&;]*")
HIDDEN = "***"


def context_fields() -> dict[str, str]:
    """Return the fields of the current context that are set."""
    context = current_context()
    if context is None:
        return {}
    fields = {
        "correlation_id": context.correlation_id,
        "causation_id": context.causation_id,
        "principal": context.principal,
        "tenant": context.tenant,
    }
    return {name: value for name, value in fields.items() if value is not None}


def without_secrets(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields with the values of secret ones, and passwords inside URLs, replaced."""
    return {name: HIDDEN if _SECRET.search(name) else _hide_in_text(value) for name, value in fields.items()}


def hide_password(text: str) -> str:
    """Return a text with the password of every URL in it replaced.

    Example:
        >>> hide_password("amqp://guest:guest@localhost/")
        'amqp://guest:***@localhost/'
    """
    return _SECRET_PARAMETER.sub(rf"\g<start>{HIDDEN}", _PASSWORD_IN_URL.sub(rf"\g<start>:{HIDDEN}@", text))


def _hide_in_text(value: object) -> object:
    return hide_password(value) if isinstance(value, str) and "://" in value else value
