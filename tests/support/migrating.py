"""What tests of migrations ask of a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from tests.support.databases import opened, sqlite_file

from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage
from corelib.adapters.sqlalchemy.migrations.comparing import differences

Opener = Callable[[SqlSchema], SqlStorage]


def run(storage: SqlStorage, *statements: str) -> None:
    with storage.engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def rows(storage: SqlStorage, query: str) -> list[tuple[object, ...]]:
    with storage.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def tables_of(storage: SqlStorage) -> set[str]:
    return set(sa.inspect(storage.engine).get_table_names())


def revision_of(storage: SqlStorage, component: str = "garden") -> str | None:
    [current] = storage.migrations.current(component=component)
    return current.found


def differences_of(storage: SqlStorage, schema: SqlSchema) -> list[str]:
    with storage.engine.connect() as connection:
        return [text for component in schema.components() for text in differences(connection, component)]


@contextmanager
def on_sqlite(tmp_path: Path, schema: SqlSchema) -> Iterator[SqlStorage]:
    with opened(sqlite_file(tmp_path), schema) as storage:
        yield storage
