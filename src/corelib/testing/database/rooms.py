"""The rooms of the engines, by the scheme of a URL. A room is imported when it is opened: each needs an extra."""
# ruff: noqa: PLC0415

from __future__ import annotations

from corelib.errors import InvalidSetting, UnknownScheme
from corelib.testing.database.ports.schema_source import SchemaSource
from corelib.testing.database.room import Room
from corelib.testing.database.settings import KitSettings, ResetBy
from corelib.testing.servers.urls import scheme_of

SCHEMES = ("mssql", "postgresql", "sqlite")


def open_room(url: str, source: SchemaSource, settings: KitSettings) -> Room:
    """Return the adapters for the server at a URL.

    Raises:
        UnknownScheme: if the kit has no room for its engine.
        MissingExtra, MissingDriver: if what the engine needs is not installed.
        InvalidSetting: if the engine cannot give a database the options that are asked for, or has no snapshots.
        ConfigurationError: if the server cannot be used.
    """
    match scheme_of(url):
        case "mssql":
            return _mssql(url, source, settings)
        case "postgresql":
            _refuse_snapshots("PostgreSQL", settings)
            return _postgresql(url, settings)
        case "sqlite":
            _refuse_snapshots("SQLite", settings)
            return _sqlite(url, settings)
        case scheme:
            raise UnknownScheme("test database", scheme, SCHEMES)


def _refuse_snapshots(engine: str, settings: KitSettings) -> None:
    if settings.reset_by is ResetBy.SNAPSHOT:
        raise InvalidSetting(
            f"Clones were to be reset by a database snapshot (reset_by, corelib_db_reset), which {engine} has not.",
            hint='Take delete, the default, and @pytest.mark.db(reset="clone") for tests whose tables it cannot empty: '
            "they get a database of their own.",
        )


def _postgresql(url: str, settings: KitSettings) -> Room:
    from corelib.testing.database.postgresql.cleaner import PostgresqlCleaner
    from corelib.testing.database.postgresql.cloner import PostgresqlCloner
    from corelib.testing.database.postgresql.server import PostgresqlServer
    from corelib.testing.database.registry import open_registry

    server = PostgresqlServer(url, options=settings.options)
    return Room(server, open_registry(server), PostgresqlCloner(server), PostgresqlCleaner)


def _sqlite(url: str, settings: KitSettings) -> Room:
    from corelib.testing.database.registry import open_registry
    from corelib.testing.database.sqlite.cleaner import SqliteCleaner
    from corelib.testing.database.sqlite.cloner import SqliteCloner
    from corelib.testing.database.sqlite.server import SqliteServer

    if settings.options:
        raise InvalidSetting(
            f"SQLite keeps no options of a database such as {', '.join(settings.options)}.",
            hint="Leave them out, or run the tests on the engine that the host has in production.",
        )
    server = SqliteServer(url)
    return Room(server, open_registry(server), SqliteCloner(server), SqliteCleaner)


def _mssql(url: str, source: SchemaSource, settings: KitSettings) -> Room:
    from corelib.testing.database.mssql.choose import choose_cleaner, choose_cloner
    from corelib.testing.database.mssql.server import MssqlServer
    from corelib.testing.database.registry import open_registry

    server = MssqlServer(url, options=settings.options)
    cloner, open_cleaner = choose_cloner(server, source, settings.cloner), choose_cleaner(server, settings.reset_by)
    return Room(server, open_registry(server), cloner, open_cleaner)
