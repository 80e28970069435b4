"""RabbitMQ: only one that is named, since no wheel brings it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module

from corelib.testing.servers.model import Missing, Server, UnusableError
from corelib.testing.servers.named import found_by_name, named_server

VARIABLE = "CORELIB_TEST_RABBITMQ_URL"
SCHEMES = ("amqp", "amqps")

_LOGIN_SECONDS = 5


def engine_of(url: str) -> str:
    """Log in and return the product; pika shows the version nowhere in public.

    Raises:
        UnusableError: it did not answer, refused the login, or pika is not installed.
    """
    try:
        pika = import_module("pika")
    except ImportError as error:
        raise UnusableError("pika is not installed, run: pip install 'corelib[rabbitmq]'") from error
    try:
        parameters = pika.URLParameters(url)
        parameters.connection_attempts = 1
        parameters.socket_timeout = parameters.stack_timeout = _LOGIN_SECONDS
        with _quiet("pika"):
            pika.BlockingConnection(parameters).close()
    except (pika.exceptions.AMQPError, OSError, ValueError, TypeError) as error:
        raise UnusableError(_summary(error)) from error
    return "RabbitMQ"


def find(environ: Mapping[str, str], *, check: Callable[[str], str] = engine_of) -> Server | Missing:
    """Return the RabbitMQ server that the environment names.

    Args:
        environ: the environment to look for names in.
        check: logs in to a URL and returns the product.

    Raises:
        InvalidSetting: the variable names something else than RabbitMQ.
        ServerUnreachable: the variable names a server that cannot be used.
    """
    named = named_server(environ, VARIABLE, SCHEMES)
    return found_by_name(named, check) if named is not None else Missing(f"none named by {VARIABLE}")


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Keep a library's log lines off the terminal: what failed is told in one sentence already."""
    log = logging.getLogger(logger)
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)


def _summary(error: Exception) -> str:
    """Return what pika found: its connection errors have no text of their own, but hold the ones of each attempt."""
    causes = [cause for cause in error.args if isinstance(cause, Exception)]
    exception = getattr(causes[0], "exception", causes[0]) if causes else error
    return f"{type(exception).__name__} {exception}".strip()
