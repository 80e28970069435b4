"""What changes from one deployment to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import attrs
from attrs import field, frozen, validators

from corelib.application.log_fields import HIDDEN, hide_password
from corelib.errors import InvalidSetting


def _tuple_of_texts(_: object, attribute: attrs.Attribute[tuple[str, ...]], value: object) -> None:
    # Those of attrs show the value in their message.
    if not isinstance(value, tuple) or not all(isinstance(entry, str) for entry in value):
        raise InvalidSetting(
            f"{attribute.name} is not a tuple of texts.", hint="Pass the keys as a tuple, newest first."
        )


def _positive_threads(_: object, __: object, queues: Mapping[str, int | None]) -> None:
    for name, threads in queues.items():
        if threads is not None and threads < 1:
            raise InvalidSetting(f"The queue {name!r} has {threads} threads.", hint="Give it 1 or more.")


def _hidden_if_set(value: object) -> str:
    return repr(None if value is None else HIDDEN)


def _url_or_none(url: str | None) -> str:
    return repr(None if url is None else hide_password(url))


@frozen(kw_only=True)
class DatabaseSettings:
    """How a host uses its database; the memory adapter has no use for it.

    Args:
        read_only_url: a replica for units of work that only read; by default they go to the primary.
        token: returns an access token of Microsoft Entra ID for each new connection, instead of a password.
        pool_size: connections that are kept; by default two more than `Settings.threads`.
        max_overflow: connections beyond those, for a rush.
        pool_timeout: how long to wait for a connection of the pool.
        connect_timeout: how long to wait for a new connection.
        recycle: a connection older than this is replaced; None keeps it.
        application_name: how the server lists the connections; by default the app's name.
        log_statements: log every statement, without its values.
        slow_statement: log statements that took at least so long, as warnings.
    """

    read_only_url: str | None = field(default=None, repr=_url_or_none)
    token: Callable[[], str] | None = field(default=None, repr=_hidden_if_set)
    pool_size: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    max_overflow: int = field(default=10, validator=validators.ge(0))
    pool_timeout: timedelta = timedelta(seconds=30)
    connect_timeout: timedelta = field(default=timedelta(seconds=10), validator=validators.gt(timedelta(0)))
    recycle: timedelta | None = None
    application_name: str | None = None
    log_statements: bool = False
    slow_statement: timedelta | None = None


@frozen
class Settings:
    """Which adapters a host runs on.

    Args:
        database_url: `memory:`, `sqlite:///file`, `postgresql://...` or `mssql://...`.
        broker_url: `memory:` (no Dramatiq), `inprocess:` (Dramatiq within this process), `amqp://...` or `redis://...`.
        namespace: keeps hosts that share a broker apart; by default the app's name.
        threads: how many jobs one worker process runs at a time.
        queues: the queues that a worker process works on, each with threads of its own, or with None as one of those
            that share `threads`; by default all queues of the host share them.
        poll: how often the relay looks for jobs whose time has come.
        again_after: after this time a job that was announced, but not begun, is announced again.
        lease: how long a worker that dies holds the jobs that it ran. Workers keep their leases three times as often.
        database: pool, replica, token and statement log of the database.
        command_attempts: how often a command is run while the store rolls it back for reasons that pass, as a deadlock.
        encryption_keys: encrypt the fields declared with `encrypted_field()`; newest first. The first encrypts, all of
            them decrypt. `corelib.adapters.cryptography.new_key` makes one.
        housekeeping: how often a worker removes what was kept for long enough, and every 24th time payloads that no job
            needs.
        payload_limit: bytes of JSON text that a job's row takes; what is larger goes to the `ObjectStorage`.
    """

    database_url: str = field(default="memory:", repr=hide_password)
    broker_url: str = field(default="memory:", repr=hide_password)
    namespace: str | None = None
    threads: int = field(default=4, validator=validators.ge(1))
    poll: timedelta = timedelta(milliseconds=500)
    again_after: timedelta = timedelta(seconds=60)
    lease: timedelta = field(default=timedelta(seconds=30), validator=validators.gt(timedelta(0)))
    database: DatabaseSettings = DatabaseSettings()
    command_attempts: int = field(default=1, validator=validators.ge(1))
    encryption_keys: tuple[str, ...] = field(
        default=(), validator=_tuple_of_texts, repr=lambda keys: f"({', '.join([HIDDEN] * len(keys))})"
    )
    payload_limit: int = field(default=256 * 1024, validator=validators.ge(1024))
    housekeeping: timedelta = field(default=timedelta(hours=1), validator=validators.gt(timedelta(0)))
    queues: Mapping[str, int | None] = field(factory=dict, validator=_positive_threads)

    @property
    def all_threads(self) -> int:
        """Return how many jobs one worker process runs at a time, over all its queues."""
        own = [threads for threads in self.queues.values() if threads is not None]
        shared = self.threads if not self.queues or None in self.queues.values() else 0
        return sum(own) + shared
