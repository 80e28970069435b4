"""The composition root: the one place where adapters meet use cases."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
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
from corelib.application.jobs.description import description_of
from corelib.application.jobs.registry import JobRegistry
from corelib.application.jobs.relay import Relay
from corelib.application.jobs.run import JobRun
from corelib.application.jobs.runner import JobRunner
from corelib.application.settings import Settings
from corelib.application.unit_of_work import HandlerUnitOfWork, Surroundings
from corelib.application.unit_runner import UnitRunner
from corelib.errors import InvalidSetting, MissingExtra, UnknownScheme
from corelib.ports.cipher import Cipher
from corelib.ports.clock import Clock
from corelib.ports.codec import Codec
from corelib.ports.lock import Locks
from corelib.ports.logger import Logger
from corelib.ports.retrier import Retrier
from corelib.ports.storage import Storage
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
) -> Host:
    """Put a host together.

    Args:
        app: the host's description.
        settings: which adapters to use; by default everything is in memory.
        clock: by default this machine's.
        log: by default the standard library's logging, logger `corelib`.
        cipher: encrypts the fields declared with `encrypted_field()`; by default one with the keys of the settings.
            Without keys a database has none, and memory the fake.
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
    broker = _broker(app, settings, registry)
    closing: list[Callable[[], None]] = [storage.close, broker.transport.close]
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
        announcer=Announcer(broker.transport, log),
        clock=clock,
        log=log,
    )
    return _host(app, settings, ports, around, broker=broker, closing=closing)


@frozen
class _BrokerParts:
    transport: JobTransport
    make_worker: Callable[[JobRunner, Relay], JobWorker]


def _host(
    app: App,
    settings: Settings,
    ports: Mapping[type, object],
    around: Surroundings,
    *,
    broker: _BrokerParts,
    closing: list[Callable[[], None]],
) -> Host:
    store, log = around.storage.jobs, around.log
    job_handlers = {description_of(job).name: bind(job, ports, (UnitOfWork, JobRun)) for job in app.jobs}
    runner = JobRunner(store, around.jobs, job_handlers, around)
    relay = Relay(store, broker.transport, log, again_after=settings.again_after, poll=settings.poll)
    units = UnitRunner(around.storage, _retrier(), log)
    bus = CommandBus(
        [bind(handler, ports, (UnitOfWork,)) for handler in app.commands],
        unit_of_work=lambda: HandlerUnitOfWork(around),
        units=units,
        codec=around.codec,
        log=log,
        attempts=settings.command_attempts,
    )
    return Host(
        surroundings=around,
        locks=cast("Locks", ports[Locks]),
        transport=broker.transport,
        runner=runner,
        bus=bus,
        units=units,
        make_worker=lambda: broker.make_worker(runner, relay),
        closing=closing,
    )


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
        pool_size=wanted.pool_size or settings.threads + 2,
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


def _broker(app: App, settings: Settings, registry: JobRegistry) -> _BrokerParts:
    if _scheme(settings.broker_url) == "memory":
        memory = MemoryTransport()
        return _BrokerParts(memory, lambda runner, relay: InlineWorker(memory, runner, relay))
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
    return _BrokerParts(
        DramatiqTransport(broker, url=settings.broker_url, namespace=namespace, queues=queues),
        lambda runner, relay: DramatiqWorker(
            broker, runner, relay, namespace=namespace, queues=queues, threads=settings.threads
        ),
    )


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
