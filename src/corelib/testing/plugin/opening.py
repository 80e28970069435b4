"""Opening the kit for a process of pytest."""

from __future__ import annotations

from corelib.application.app import App
from corelib.bootstrap import load_object
from corelib.errors import InvalidSetting
from corelib.testing.database.kit import open_kit
from corelib.testing.database.planning.names import run_id
from corelib.testing.database.ports.schema_source import SchemaSource
from corelib.testing.database.settings import KitSettings
from corelib.testing.database.sources.named import source_named
from corelib.testing.plugin.options import FIXTURE, PluginSettings
from corelib.testing.plugin.run import DatabaseRun
from corelib.testing.plugin.state import State
from corelib.testing.servers.model import Server

FIRST_WORKERS = ("main", "gw0")


def source_of(settings: PluginSettings) -> SchemaSource:
    """Return where the tables come from.

    Raises:
        InvalidSetting: if a fixture of the project should say so and does not, or the app names no schema.
        ConfigurationError: if what is named is not there.
    """
    if settings.migrations == FIXTURE:
        raise InvalidSetting(
            "corelib_migrations says that a fixture of this project has the tables, but there is none.",
            hint="Write a fixture db_schema_source, of scope session, in the conftest.py at the top.",
        )
    return source_named(
        settings.migrations or _schema_of_app(settings.app), seed=settings.seed or None, root=settings.root
    )


def open_run(state: State, server: Server, source: SchemaSource) -> DatabaseRun:
    """Open the kit; one process of a run drops first what dead runs have left.

    Raises:
        NotAllowed: if the server does not look like one for tests.
        ConfigurationError, PersistenceError: if it cannot be used.
    """
    settings = state.settings
    kit = open_kit(
        server.url,
        source,
        KitSettings(
            run=run_id(state.seed),
            prefix=settings.prefix,
            worker=state.worker,
            allowed_hosts=settings.hosts,
            rebuild=settings.rebuild,
            keep=settings.keep,
            identity=settings.identity,
            reset_by=settings.reset_by,
            options=settings.options,
        ),
    )
    if state.worker in FIRST_WORKERS:
        kit.reap()
    return DatabaseRun(kit, f"pytest {state.worker}", settings.keep, state.figures)


def _schema_of_app(app: str) -> str:
    schema = load_object(app, App).schema
    if schema is None:
        raise InvalidSetting(
            f"The app {app} names no schema, and corelib_migrations says nothing.",
            hint='Give it one, as App(schema="package.tables:schema"), or name the migrations.',
        )
    return schema
