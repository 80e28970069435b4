"""Units of work on the test's engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corelib.adapters.cattrs import CattrsCodec
from corelib.adapters.memory import MemoryTransport
from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage
from corelib.adapters.standard import StandardLogger, SystemClock
from corelib.application.app import App
from corelib.application.events import EventHandlers
from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.registry import JobRegistry
from corelib.application.unit_of_work import Surroundings, TransactionalUnitOfWork
from corelib.bootstrap import load_object, schema_of
from corelib.errors import InvalidSetting
from corelib.testing.plugin.options import PluginSettings

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


def unit_of_work(engine: Engine, settings: PluginSettings) -> TransactionalUnitOfWork:
    """Return a unit of work that has not begun; nobody is told of its jobs, and no handler hears its events.

    Args:
        engine: of the test.
        settings: which name an app, or a schema.

    Raises:
        InvalidSetting: if they name neither, or there is none at that place.
    """
    app = load_object(settings.app, App) if settings.app else None
    clock, log, codec = SystemClock(), StandardLogger(), CattrsCodec()
    storage = SqlStorage(engine, _schema(app, settings), clock=clock, codec=codec, log=log)
    return TransactionalUnitOfWork(
        Surroundings(
            storage=storage,
            codec=codec,
            jobs=JobRegistry(app.jobs if app is not None else ()),
            events=EventHandlers(()),
            announcer=Announcer(MemoryTransport(), log),
            clock=clock,
            log=log,
        )
    )


def _schema(app: App | None, settings: PluginSettings) -> SqlSchema:
    if app is not None:
        return schema_of(app)
    if ":" in settings.migrations:
        return load_object(settings.migrations, SqlSchema)
    raise InvalidSetting(
        "The fixture uow needs to know which classes lie in which tables.",
        hint='Name the host, as corelib_app = "package.app:app", or a schema, as corelib_migrations = '
        '"package.tables:schema".',
    )
