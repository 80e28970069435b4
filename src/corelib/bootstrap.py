"""The composition root: the one place where adapters meet use cases."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from attrs import frozen

from corelib.adapters.memory import InlineWorker, MemoryCipher, MemoryLocks, MemoryStorage, MemoryTransport
from corelib.adapters.standard import StandardLogger, SystemClock
from corelib.application.app import App, Resources
from corelib.application.binding import bind
from corelib.application.bus import CommandBus
from corelib.application.events import EventHandlers
from corelib.application.host import Host
from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.courier import Courier
from corelib.application.jobs.description import description_of
from corelib.application.jobs.drain import TakeLossy, no_lossy
from corelib.application.jobs.housekeeping import LOCK, Housekeeping, removals
from corelib.application.jobs.limits import declared_queues
from corelib.application.jobs.metrics import GAUGES, JobMetrics, QueueGauges
from corelib.application.jobs.payloads import Payloads
from corelib.application.jobs.registry import JobRegistry
from corelib.application.jobs.relay import Relay
from corelib.application.jobs.run import JobRun
from corelib.application.jobs.runner import JobRunner
from corelib.application.jobs.scheduler import Scheduler, SchedulingWorker
from corelib.application.jobs.schedules import Schedules
from corelib.application.jobs.subscribers import subscribers_of, telling_all
from corelib.application.no_tracer import NO_TRACER
from corelib.application.settings import Settings
from corelib.application.unit_of_work import HandlerUnitOfWork, Surroundings
from corelib.application.unit_runner import UnitRunner
from corelib.domain.occurrences import WallTimes
from corelib.errors import InvalidSetting, MissingExtra, UnknownScheme
from corelib.ports.cipher import Cipher
from corelib.ports.clock import Clock
from corelib.ports.codec import Codec
from corelib.ports.cron import CronReader
from corelib.ports.job_events import JobEventListener
from corelib.ports.lock import Locks
from corelib.ports.logger import Logger
from corelib.ports.metrics import Metrics
from corelib.ports.object_storage import ObjectStorage
from corelib.ports.retrier import Retrier
from corelib.ports.storage import Storage
from corelib.ports.tracer import Tracer
from corelib.ports.transport import JobTransport
from corelib.ports.unit_of_work import UnitOfWork
from corelib.ports.worker import JobWorker

if TYPE_CHECKING:
    from corelib.adapters.sqlalchemy import EngineSettings, SqlSchema

T = TypeVar("T")
DATABASE_SCHEMES = ("memory", "sqlite", "postgresql", "mssql")


def bootstrap(
    app: App,
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    log: Logger | None = None,
    cipher: Cipher | None = None,
    services: Mapping[type, object] | None = None,
    metrics: Metrics | None = None,
) -> Host:
    """Put a host together.

    Args:
        app: the host's description.
        settings: which adapters to use; by default everything is in memory.
        clock: by default this machine's.
        log: by default the standard library's logging, logger `corelib`.
        cipher: encrypts the fields declared with `encrypted_field()`; by default one with the keys of the settings.
            Without keys a database has none, and memory the fake.
        metrics: takes the numbers of jobs, as `PrometheusMetrics` does; by default nobody.
        services: replace single services of the app, as a test does with a fake.

    Raises:
        ConfigurationError: for a URL that no adapter serves, an extra or driver that is missing, a handler that asks
            for something the host does not supply. Nothing is connected yet; `Host.check` does that.

    Example:
        >>> from attrs import frozen
        >>> from corelib import App, Command, UnitOfWork
        >>> @frozen
        ... class Greet(Command[str]):
        ...     name: str
        >>> def greet(command: Greet, uow: UnitOfWork) -> str:
        ...     return f"Hello {command.name}"
        >>> with bootstrap(App("greeter", commands=[greet])) as host:
        ...     host.execute(Greet("Ada"))
        'Hello Ada'
    """
    settings = settings or Settings()
    clock = clock or SystemClock()
    log = log or StandardLogger()
    cipher = cipher or _cipher(settings)
    codec = _codec()
    storage = _storage(app, settings, _Tools(clock, log, codec, cipher))
    registry = JobRegistry(app.jobs)
    broker = _broker(app, settings, registry, log)
    closing: list[Callable[[], None]] = [storage.close, broker.transport.close]
    announcing = broker.transport
    if not broker.in_process:
        announcing = courier = Courier(broker.transport, log)
        closing.append(courier.close)
    resources = Resources(settings.database_url, storage, clock, log, closing.append)
    own: dict[type, object] = {Clock: clock, Logger: log, Locks: _locks(storage)}
    if cipher is not None:
        own[Cipher] = cipher
    ports: dict[type, object] = {**own, **app.services(resources), **(services or {})}
    around = Surroundings(
        storage=storage,
        codec=codec,
        jobs=registry,
        events=EventHandlers(bind(handler, ports, (UnitOfWork,)) for handler in app.events),
        announcer=Announcer(announcing, log),
        clock=clock,
        log=log,
        payloads=Payloads(
            objects=cast("ObjectStorage | None", ports.get(ObjectStorage)),
            namespace=settings.namespace or app.name,
            limit=settings.payload_limit,
        ),
        tracer=cast("Tracer", ports.get(Tracer, NO_TRACER)),
    )
    return _host(app, settings, ports, around, broker=broker, metrics=metrics, closing=closing)


@frozen
class _BrokerParts:
    transport: JobTransport
    make_worker: Callable[[JobRunner, Relay], JobWorker]
    in_process: bool
    take_lossy: TakeLossy = no_lossy


def _host(
    app: App,
    settings: Settings,
    ports: Mapping[type, object],
    around: Surroundings,
    *,
    broker: _BrokerParts,
    metrics: Metrics | None,
    closing: list[Callable[[], None]],
) -> Host:
    store, log = around.storage.jobs, around.log
    job_handlers = {description_of(job).name: bind(job, ports, (UnitOfWork, JobRun)) for job in app.jobs}
    runner = JobRunner(
        store, around.jobs, job_handlers, around, lease=settings.lease, now=_seconds(around.storage, around.clock)
    )
    relay = Relay(
        store, broker.transport, log, again_after=settings.again_after, poll=settings.poll, held_back=runner.held_back
    )
    subscribers = subscribers_of(app.job_events, ports, around, runner.payload_of)
    if subscribers is not None:
        closing.append(subscribers.close)
    listeners: list[JobEventListener] = [] if subscribers is None else [subscribers.publish]
    if metrics is not None:
        listeners.append(JobMetrics(metrics, around.jobs).observe)
        metrics.collect(GAUGES, QueueGauges(store, around.jobs.queues, log).read)
    if listeners or app.keep_job_events is not None:
        around.storage.tell(telling_all(listeners, log), record=app.keep_job_events is not None)
    units = UnitRunner(around.storage, _retrier(), log)
    bus = CommandBus(
        [bind(handler, ports, (UnitOfWork,)) for handler in app.commands],
        unit_of_work=lambda: HandlerUnitOfWork(around),
        units=units,
        codec=around.codec,
        log=log,
        attempts=settings.command_attempts,
    )
    declared = declared_queues(app.queues, around.jobs)

    stored, read = around.storage.schedules, _cron().read
    schedules = Schedules(
        stored, around.jobs, around.codec, read, around.announcer, owner=app.name, payload_limit=settings.payload_limit
    )
    schedules.check(app.schedules)
    scheduler = Scheduler(stored, around.jobs, read, around.announcer, log, poll=settings.poll)

    locks = cast("Locks", ports[Locks])
    housekeeping = _housekeeping(app, settings, around, locks)

    def declare() -> None:
        for queue in declared:
            around.storage.queues.declare(queue)
        schedules.declare(app.schedules)

    def make_worker() -> JobWorker:
        return SchedulingWorker(broker.make_worker(runner, relay), scheduler, declare, housekeeping)

    return Host(
        surroundings=around,
        locks=locks,
        transport=broker.transport,
        runner=runner,
        bus=bus,
        units=units,
        schedules=schedules,
        scheduler=scheduler,
        subscribers=subscribers,
        keep_job_events=app.keep_job_events,
        make_worker=make_worker,
        declare=declare,
        housekeeping=housekeeping,
        closing=closing,
        take_lossy=broker.take_lossy,
    )


def _housekeeping(app: App, settings: Settings, around: Surroundings, locks: Locks) -> Housekeeping:
    payloads, storage, clock = around.payloads, around.storage, around.clock
    keep = app.keep_job_events
    return Housekeeping(
        storage.jobs,
        removals(around.jobs),
        locks,
        around.log,
        lock=f"{LOCK} {settings.namespace or app.name}",
        sweep=None if payloads.objects is None else lambda: payloads.sweep(storage, clock),
        purge_events=None if keep is None else lambda limit: storage.job_events.purge(older_than=keep, limit=limit),
        every=settings.housekeeping,
    )


def _seconds(storage: Storage, clock: Clock) -> Callable[[], float]:
    """Return by what runs count seconds: a clock that never goes back, or the one that a test moves for the store."""
    if isinstance(storage, MemoryStorage) and not isinstance(clock, SystemClock):
        return lambda: clock.now().timestamp()
    return time.monotonic


@frozen
class _Tools:
    """What a storage needs beside its engine."""

    clock: Clock
    log: Logger
    codec: Codec
    cipher: Cipher | None


def _cipher(settings: Settings) -> Cipher | None:
    if not settings.encryption_keys:
        return MemoryCipher() if _scheme(settings.database_url) == "memory" else None
    try:
        from corelib.adapters.cryptography import FernetCipher  # noqa: PLC0415 - an extra
    except MissingExtra:
        raise MissingExtra("cryptography", extra="encryption", purpose="The setting encryption_keys") from None
    return FernetCipher(settings.encryption_keys)


def _storage(app: App, settings: Settings, tools: _Tools) -> Storage:
    scheme = _scheme(settings.database_url)
    if scheme == "memory":
        return MemoryStorage(tools.clock, cipher=tools.cipher)
    if scheme not in DATABASE_SCHEMES:
        raise UnknownScheme("database", scheme, DATABASE_SCHEMES)
    try:
        from corelib.adapters.sqlalchemy import SqlStorage, create_engines  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        extra = "sqlalchemy" if scheme == "sqlite" else scheme
        raise MissingExtra("sqlalchemy", extra=extra, purpose=f"A {scheme}: database") from None
    engines = create_engines(_engine_settings(app, settings, tools.log))
    return SqlStorage(
        engines.primary,
        schema_of(app),
        clock=tools.clock,
        codec=tools.codec,
        cipher=tools.cipher,
        replica=engines.replica,
        log=tools.log,
    )


def _engine_settings(app: App, settings: Settings, log: Logger) -> EngineSettings:
    from corelib.adapters.sqlalchemy import EngineSettings, StatementLog  # noqa: PLC0415 - an extra, found by the caller

    wanted = settings.database
    logged = wanted.log_statements or wanted.slow_statement is not None
    return EngineSettings(
        url=settings.database_url,
        read_only_url=wanted.read_only_url,
        token=wanted.token,
        pool_size=wanted.pool_size or settings.all_threads + 2,
        max_overflow=wanted.max_overflow,
        pool_timeout=wanted.pool_timeout,
        connect_timeout=wanted.connect_timeout,
        recycle=wanted.recycle,
        application_name=wanted.application_name or app.name,
        statement_log=StatementLog(log, every=wanted.log_statements, slow=wanted.slow_statement) if logged else None,
    )


def _locks(storage: Storage) -> Locks:
    """Return the locks that the same database keeps."""
    if isinstance(storage, MemoryStorage):
        return MemoryLocks()
    from corelib.adapters.sqlalchemy import SqlLocks, SqlStorage  # noqa: PLC0415 - an extra, found by now

    return SqlLocks(cast("SqlStorage", storage).engine)


def schema_of(app: App) -> SqlSchema:
    """Import the schema that an app names.

    Raises:
        InvalidSetting: if it names none, or there is none at that place.
        MissingExtra: if SQLAlchemy is not installed.
    """
    try:
        from corelib.adapters.sqlalchemy import SqlSchema  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise MissingExtra("sqlalchemy", extra="sqlalchemy", purpose="A schema") from None
    if app.schema is None:
        raise InvalidSetting(
            f"The app {app.name} names no schema, so it cannot use a database.",
            hint='Give it one, as App(schema="package.tables:schema"), or use memory:.',
        )
    return load_object(app.schema, SqlSchema)


def _broker(app: App, settings: Settings, registry: JobRegistry, log: Logger) -> _BrokerParts:
    if _scheme(settings.broker_url) == "memory":
        memory = MemoryTransport()
        return _BrokerParts(
            memory,
            lambda runner, relay: InlineWorker(memory, runner, relay),
            in_process=True,
            take_lossy=memory.take_lossy,
        )
    try:
        from corelib.adapters.dramatiq import (  # noqa: PLC0415 - an extra
            DramatiqTransport,
            DramatiqWorker,
            create_broker,
        )
    except ModuleNotFoundError:
        raise MissingExtra("dramatiq", extra="dramatiq", purpose="A broker URL other than memory:") from None
    namespace = settings.namespace or app.name
    broker = create_broker(settings.broker_url, namespace=namespace)
    queues = registry.queues or ("default",)
    pools = thread_pools(queues, settings)
    return _BrokerParts(
        DramatiqTransport(broker, url=settings.broker_url, namespace=namespace, queues=queues),
        lambda runner, relay: DramatiqWorker(broker, runner, relay, namespace=namespace, log=log, pools=pools),
        in_process=_scheme(settings.broker_url) == "inprocess",
    )


def thread_pools(queues: Sequence[str], settings: Settings) -> list[tuple[Sequence[str], int]]:
    """Return which queues share how many threads.

    Raises:
        InvalidSetting: if the settings name a queue that the host has no jobs for.
    """
    unknown = sorted(settings.queues.keys() - set(queues))
    if unknown:
        raise InvalidSetting(
            f"No job of this host has the queue {unknown[0]!r}.", hint=f"Its queues are: {', '.join(queues)}."
        )
    wanted = settings.queues or dict.fromkeys(queues)
    shared = [name for name, threads in wanted.items() if threads is None]
    own = [([name], threads) for name, threads in wanted.items() if threads is not None]
    return [*([(shared, settings.threads)] if shared else []), *own]


def _codec() -> Codec:
    try:
        from corelib.adapters.cattrs import CattrsCodec  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return _AbsentCodec()
    return CattrsCodec()


class _AbsentCodec:
    """Stands in where cattrs is not installed: a host that needs no codec runs without."""

    def structure(self, raw: object, kind: type[T]) -> T:  # noqa: ARG002 - the protocol's signature
        self._fail()

    def decode(self, text: str | bytes, kind: type[T]) -> T:  # noqa: ARG002 - the protocol's signature
        self._fail()

    def encode(self, value: object) -> str:  # noqa: ARG002 - the protocol's signature
        self._fail()

    def _fail(self) -> NoReturn:
        raise MissingExtra("cattrs", extra="cattrs", purpose="Reading raw commands and storing jobs and events")


def _cron() -> CronReader:
    try:
        from corelib.adapters.cronsim import CronsimReader  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return _AbsentCron()
    return CronsimReader()


class _AbsentCron:
    """Stands in where cronsim is not installed: a host whose schedules are intervals runs without."""

    def read(self, expression: str) -> WallTimes:  # noqa: ARG002 - the protocol's signature
        raise MissingExtra("cronsim", extra="schedules", purpose="A cron expression")


def _retrier() -> Retrier:
    try:
        from corelib.adapters.stamina import StaminaRetrier  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return _AbsentRetrier()
    return StaminaRetrier()


class _AbsentRetrier:
    """Stands in where stamina is not installed: a host that runs everything once runs without."""

    def call(
        self,
        function: Callable[[], T],  # noqa: ARG002 - the protocol's signature
        *,
        again: Callable[[Exception], bool],  # noqa: ARG002 - as above
        attempts: int,  # noqa: ARG002 - as above
        timeout: timedelta | None,  # noqa: ARG002 - as above
    ) -> T:
        raise MissingExtra("stamina", extra="retry", purpose="Running a unit of work several times")


def _scheme(url: str) -> str:
    """Return the scheme without the driver: `postgresql` for `postgresql+psycopg://...`."""
    scheme, colon, _ = url.partition(":")
    if not colon:
        raise InvalidSetting(f"{url!r} is not a URL: it has no scheme.", hint="Write it as postgresql://host/database.")
    return scheme.partition("+")[0]


def load_object(path: str, kind: type[T]) -> T:
    """Import `package.module:name` and make sure that it is a `kind`.

    Raises:
        InvalidSetting: if there is no such module or name, or it is something else.
    """
    module_name, _, name = path.partition(":")
    wanted = f"{path!r} was to name a {kind.__name__}"
    if not module_name or not name or module_name.startswith("."):
        raise InvalidSetting(f"{wanted}, but is not written as package.module:name.")
    try:
        found = getattr(importlib.import_module(module_name), name, None)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise InvalidSetting(f"{wanted}, but there is no module {error.name!r}.", hint="Is it installed?") from None
    if not isinstance(found, kind):
        raise InvalidSetting(f"{wanted}, but {name!r} of {module_name} is a {type(found).__name__}.")
    return found
