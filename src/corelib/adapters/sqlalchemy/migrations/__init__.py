"""Migrations: Alembic, driven by its programming interface, without alembic.ini and env.py.

Alembic is imported when migrations are asked for, not with this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corelib.errors import MissingExtra

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from corelib.adapters.sqlalchemy.dialect import SqlDialect
    from corelib.adapters.sqlalchemy.migrations.commands import Migrations, OfflineMigrations
    from corelib.adapters.sqlalchemy.schema import SqlSchema


def online(engine: Engine, dialect: SqlDialect, schema: SqlSchema) -> Migrations:
    """Return the migrations of a database.

    Raises:
        MissingExtra: if Alembic is not installed.
    """
    try:
        from corelib.adapters.sqlalchemy.migrations.commands import Migrations  # noqa: PLC0415 - needs Alembic
    except ModuleNotFoundError as error:
        raise _missing() from error
    return Migrations(engine, dialect, schema)


def offline(schema: SqlSchema) -> OfflineMigrations:
    """Return what can be done with the migrations of a schema without a database.

    Raises:
        MissingExtra: if Alembic is not installed.
    """
    try:
        from corelib.adapters.sqlalchemy.migrations.commands import OfflineMigrations  # noqa: PLC0415 - needs Alembic
    except ModuleNotFoundError as error:
        raise _missing() from error
    return OfflineMigrations(schema)


def _missing() -> MissingExtra:
    return MissingExtra("alembic", extra="sqlalchemy", purpose="Making and changing tables")
