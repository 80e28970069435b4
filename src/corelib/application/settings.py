"""What changes from one deployment to the next."""

from __future__ import annotations

from datetime import timedelta

from attrs import field, frozen, validators

from corelib.application.log_fields import hide_password


@frozen
class Settings:
    """Which adapters a host runs on.

    Args:
        database_url: `memory:`, `sqlite:///file`, `postgresql://...` or `mssql://...`.
        broker_url: `memory:` (no Dramatiq), `inprocess:` (Dramatiq within this process), `amqp://...` or `redis://...`.
        namespace: keeps hosts that share a broker apart; by default the app's name.
        threads: how many jobs one worker process runs at a time.
        poll: how often the relay looks for jobs whose time has come.
        again_after: after this time a job that was announced, but not begun, is announced again.
    """

    database_url: str = field(default="memory:", repr=hide_password)
    broker_url: str = field(default="memory:", repr=hide_password)
    namespace: str | None = None
    threads: int = field(default=4, validator=validators.ge(1))
    poll: timedelta = timedelta(milliseconds=500)
    again_after: timedelta = timedelta(seconds=60)
