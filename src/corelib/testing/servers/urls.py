"""Server URLs as text: their scheme, and how to show them without their secret."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

HIDDEN = "***"

_SECRET_PARAMETER = re.compile(r"(?i)([?&;](?:password|passwd|pwd|sslpassword|odbc_connect)=)([^&;]*)")


def scheme_of(url: str) -> str:
    """Return the scheme without the driver: `mssql` of `mssql+pyodbc://...`; empty when there is none."""
    scheme, separator, _ = url.partition("://")
    return scheme.partition("+")[0].lower() if separator else ""


def without_password(url: str) -> str:
    """Return the URL with every password in it replaced by `***`, fit for printing."""
    start, end = _password_span(url)
    hidden = url[:start] + HIDDEN + url[end:] if start < end else url
    return _SECRET_PARAMETER.sub(rf"\g<1>{HIDDEN}", hidden)


def without_secrets(text: str, url: str) -> str:
    """Return a text, as a driver's message, in which the passwords of `url` are replaced by `***`."""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _secrets(url: str) -> set[str]:
    start, end = _password_span(url)
    raw = [url[start:end], *(found[1] for found in _SECRET_PARAMETER.findall(url))]
    spellings = {spelling for text in raw for spelling in (text, unquote(text), unquote_plus(text))}
    spellings |= {found[1] for text in spellings for found in _SECRET_PARAMETER.findall(";" + text)}
    return spellings - {""}


def _password_span(url: str) -> tuple[int, int]:
    """Return where the password stands in a URL, an empty span when there is none.

    Urllib is no help: it refuses some of the very URLs that an error message has to show. The last `@` before the query
    ends the password, as the drivers read it; a password with a bare `?` in it still is hidden as a whole.
    """
    after_scheme = url.find("://") + 3
    if after_scheme < 3:
        return 0, 0
    query = url.find("?", after_scheme)
    end = url.rfind("@", after_scheme, query if query >= 0 else len(url))
    if end < 0:
        end = url.rfind("@", after_scheme)
    colon = url.find(":", after_scheme, end) if end >= 0 else -1
    return (colon + 1, end) if colon >= 0 else (0, 0)
