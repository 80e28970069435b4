"""A host application, described: nothing is connected, imported or started until bootstrap does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from attrs import field, frozen, validators

from corelib.application.jobs.schedules import Schedule
from corelib.domain.job_queues import Queue
from corelib.ports.clock import Clock
from corelib.ports.logger import Logger
from corelib.ports.storage import Storage


@frozen
class Resources:
    """What bootstrap hands to the function that makes a host's services.

    Args:
        database_url: as the settings have it; its scheme tells which adapters are wanted.
        storage: the store that units of work run on.
        clock: the host's clock.
        log: the host's logger.
        on_close: takes functions that give back what a service holds; they are called when the host closes.
    """

    database_url: str = field(repr=False)
    storage: Storage
    clock: Clock
    log: Logger
    on_close: Callable[[Callable[[], None]], None]


def no_services(_: Resources) -> Mapping[type, object]:
    """Return no services."""
    return {}


@frozen
class App:
    """The parts of a host, by which bootstrap puts it together.

    Handlers are plain functions. The first parameter is the message; every further one is supplied by its annotation:
    `UnitOfWork`, `JobRun` (in jobs), `Clock`, `Logger`, `Locks`, or a port that `services` makes.

    Args:
        name: of the host, lower-case; names its broker queues and its table of revisions.
        commands: command handlers; each class of command has one.
        events: event handlers; they run in the transaction of the change.
        jobs: functions described by `@job`.
        services: makes the host's own ports, by the class or protocol that handlers ask for.
        schema: where the host's `SqlSchema` is, as `package.module:name`; imported only if a database is used.
        job_events: are told what happens to jobs, as `JobSucceeded` or `JobDead`; see `on_job`.
        keep_job_events: for how long job events are kept for readers in any process (`Host.job_events`); by default
            they are not recorded.
        queues: limits of queues over all workers; queues without limits need not be named.
        schedules: jobs that are enqueued again and again; a worker tells the store when it starts.
    """

    name: str = field(validator=validators.matches_re(r"[a-z][a-z0-9_]{0,40}"))
    commands: Sequence[Callable[..., object]] = ()
    events: Sequence[Callable[..., None]] = ()
    jobs: Sequence[Callable[..., object]] = ()
    job_events: Sequence[Callable[..., None]] = field(default=(), kw_only=True)
    keep_job_events: timedelta | None = field(
        default=None, kw_only=True, validator=validators.optional(validators.gt(timedelta(0)))
    )
    services: Callable[[Resources], Mapping[type, object]] = no_services
    schema: str | None = None
    queues: Sequence[Queue] = ()
    schedules: Sequence[Schedule] = ()
