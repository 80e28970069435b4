"""No secret of a URL gets into a diagnosis."""

from __future__ import annotations

from urllib.parse import unquote_plus

from sqlalchemy.engine import URL

from corelib.adapters.sqlalchemy.secrets import SECRET_PARAMETERS, without_secrets
from corelib.application.log_fields import HIDDEN, hide_password


def shown(url: URL) -> str:
    """Return a URL as it may be shown."""
    return hide_password(without_secrets(url).render_as_string(hide_password=True))


def scrubbed(text: str, url: URL) -> str:
    """Return a text, as a driver's message, without the passwords of a URL."""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return hide_password(text)


def _secrets(url: URL) -> set[str]:
    values = [url.password or ""]
    for name, value in url.query.items():
        if name.lower() in SECRET_PARAMETERS:
            values += [value] if isinstance(value, str) else value
    values += [part.partition("=")[2] for value in values for part in value.split(";") if _is_password(part)]
    return {spelling.strip() for value in values for spelling in (value, unquote_plus(value))} - {""}


def _is_password(part: str) -> bool:
    return part.partition("=")[0].strip().lower() in SECRET_PARAMETERS
