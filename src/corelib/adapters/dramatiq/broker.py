"""A Dramatiq broker from a URL, without Dramatiq's own retries: the job's row decides what happens next."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from dramatiq import Broker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import CurrentMessage

from corelib.errors import InvalidSetting, MissingExtra, UnknownScheme

SCHEMES = ("inprocess", "amqp", "amqps", "redis", "rediss")

_REDIS_OPTIONS = {"socket_connect_timeout": "5"}
_RABBITMQ_OPTIONS = {
    "heartbeat": "60",
    "connection_attempts": "1",
    "socket_timeout": "5",
    "blocked_connection_timeout": "30",
}


def create_broker(url: str, *, namespace: str) -> Broker:
    """Make a broker; nothing is connected yet.

    Args:
        url: `inprocess:`, `amqp://user:password@host/vhost` or `redis://host:6379/0`.
        namespace: prefix of all its queues and keys.

    Raises:
        UnknownScheme: if no broker serves the scheme.
        MissingExtra: if its client is not installed.
        InvalidSetting: if the URL cannot be read.
    """
    scheme = url.partition(":")[0]
    if scheme == "inprocess":
        return StubBroker(middleware=[CurrentMessage()], fail_fast_default=False)
    if scheme in ("amqp", "amqps"):
        return _rabbitmq(url)
    if scheme in ("redis", "rediss"):
        return _redis(url, namespace)
    raise UnknownScheme("broker", scheme, (*SCHEMES, "memory"))


def _rabbitmq(url: str) -> Broker:
    try:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415 - an optional client
    except ImportError:
        raise MissingExtra("pika", extra="rabbitmq", purpose="An amqp:// broker") from None
    try:
        return RabbitmqBroker(url=_with_options(url, _RABBITMQ_OPTIONS), middleware=[CurrentMessage()])
    except (ValueError, TypeError) as error:
        raise _unreadable("amqp://guest:guest@localhost:5672/") from error


def _redis(url: str, namespace: str) -> Broker:
    try:
        from corelib.adapters.dramatiq.redis_waiting import WaitingRedisBroker  # noqa: PLC0415 - an optional client
    except ImportError:
        raise MissingExtra("redis", extra="redis", purpose="A redis:// broker") from None
    try:
        return WaitingRedisBroker(
            url=_with_options(url, _REDIS_OPTIONS), namespace=f"corelib-{namespace}", middleware=[CurrentMessage()]
        )
    except ValueError as error:
        raise _unreadable("redis://localhost:6379/0") from error


def _with_options(url: str, defaults: Mapping[str, str]) -> str:
    """Add options to the query of a URL, unless it says otherwise.

    The rest stays as it is: taken apart and put together again, `redis:///3` would lose its slashes.
    """
    address, _, query = url.partition("?")
    return f"{address}?{urlencode({**defaults, **dict(parse_qsl(query))})}"


def _unreadable(example: str) -> InvalidSetting:
    return InvalidSetting("The broker URL cannot be read.", hint=f"Write it as {example}")
