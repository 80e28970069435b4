"""Errors of brokers' clients become corelib errors here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from dramatiq.errors import DramatiqError

from corelib.errors import AuthenticationFailed, ConfigurationError, ServerUnreachable

# Names, not classes: the clients are optional and must not be imported to catch their errors.
_REFUSED = {
    "ProbableAuthenticationError",
    "ProbableAccessDeniedError",
    "AuthenticationError",
    "AuthorizationError",
    "NoPermissionError",
}


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raise corelib errors for whatever a broker's client raises within the block."""
    try:
        yield
    except ConfigurationError:
        raise
    except Exception as error:
        if not _from_client(error):
            raise
        raise _classified(error, url) from error


def _from_client(error: BaseException) -> bool:
    module = type(error).__module__.partition(".")[0]
    return isinstance(error, DramatiqError | OSError) or module in {"pika", "redis"}


def _classified(error: BaseException, url: str) -> ConfigurationError:
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.hostname or 'localhost'}:{parts.port or 'default port'}"
    names = {kind.__name__ for cause in _chain(error) for kind in type(cause).__mro__}
    if names & _REFUSED or "NOAUTH" in str(error) or "ACCESS_REFUSED" in str(error):
        return AuthenticationFailed(
            f"The broker at {where} refuses the login ({type(error).__name__}).",
            hint="Check user, password and virtual host of the broker URL.",
        )
    return ServerUnreachable(
        f"The broker at {where} does not answer ({type(error).__name__}).",
        hint="Check host and port, and that the broker runs.",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        yield from (part for part in current.args if isinstance(part, BaseException))
        current = current.__cause__ or current.__context__
