"""Comparing the tables of a database with a component's models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection
from sqlalchemy.types import TypeEngine

from corelib.adapters.sqlalchemy.migrations.running import OneTransaction, context_of
from corelib.adapters.sqlalchemy.schema import Component

if TYPE_CHECKING:
    ParentKey = Literal["schema_name", "table_name", "schema_qualified_table_name"]
    Kind = Literal[
        "schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint", "check_constraint"
    ]


def compared(connection: Connection, component: Component) -> tuple[MigrationScript, OneTransaction]:
    """Return what would have to be done to make the tables like the models, and the context that found it.

    Only the tables of the component's metadata are looked at: a database is shared with other components, and with
    tables that corelib knows nothing of. A table that has left the metadata is therefore not proposed for dropping.
    """
    tables = component.metadata.tables
    schemas = {table.schema for table in tables.values()}

    def is_ours(name: str | None, kind: Kind, parents: MutableMapping[ParentKey, str | None]) -> bool:
        if kind == "schema":
            return name in schemas
        return kind != "table" or parents["schema_qualified_table_name"] in tables

    context = context_of(
        component,
        connection,
        include_name=is_ours,
        include_schemas=schemas > {None},
        compare_type=types_differ,
        compare_server_default=True,
    )
    return produce_migrations(context, component.metadata), context


def differences(connection: Connection, component: Component) -> list[str]:
    """Return how the tables differ from the models, a phrase for each difference."""
    script, _ = compared(connection, component)
    return [
        _phrase(change, connection) for change in _flat(script.upgrade_ops.as_diffs() if script.upgrade_ops else ())
    ]


def types_differ(
    context: MigrationContext,
    _: sa.Column[Any],
    __: sa.Column[Any],
    found: TypeEngine[Any],
    wanted: TypeEngine[Any],
) -> bool | None:
    """Compare types by their DDL; None leaves the judgment to Alembic.

    Alembic takes VARCHAR and NVARCHAR for the same, but a VARCHAR of SQL Server loses what its code page has not.
    """
    texts = [_ddl(kind, context) for kind in (found, wanted)]
    if texts[0] == texts[1]:
        return False
    national = [text.startswith("NVARCHAR") for text in texts]
    return True if context.dialect.name == "mssql" and national[0] != national[1] else None


def _ddl(kind: TypeEngine[Any], context: MigrationContext) -> str:
    return kind.compile(dialect=context.dialect).partition(" COLLATE ")[0].upper()


def _flat(changes: Iterable[Any]) -> Iterable[tuple[Any, ...]]:
    """Alembic puts the changes of one column into a list."""
    for change in changes:
        if isinstance(change, list):
            yield from change
        else:
            yield change


def _phrase(change: tuple[Any, ...], connection: Connection) -> str:
    kind, *rest = change
    if kind in _OF_TABLES:
        item = rest[0]
        return _OF_TABLES[kind].format(name=_name_of(item), table=getattr(getattr(item, "table", None), "name", ""))
    if kind in _OF_COLUMNS:
        return _OF_COLUMNS[kind].format(column=f"{rest[1]}.{rest[2].name}")
    if kind.startswith("modify_"):
        _, table, column, _, found, wanted = rest
        aspect = kind.removeprefix("modify_")
        shown = [_shown(aspect, value, connection) for value in (found, wanted)]
        return f"column {table}.{column}: the database has {shown[0]}, the models {shown[1]}"
    return f"{kind}: {', '.join(map(str, rest))}"


_OF_TABLES: Mapping[str, str] = {
    "add_table": "table {name} is not in the database",
    "add_index": "index {name} of {table} is not in the database",
    "remove_index": "index {name} of {table} is not in the models",
    "add_constraint": "constraint {name} of {table} is not in the database",
    "remove_constraint": "constraint {name} of {table} is not in the models",
    "add_fk": "foreign key {name} of {table} is not in the database",
    "remove_fk": "foreign key {name} of {table} is not in the models",
}
_OF_COLUMNS: Mapping[str, str] = {
    "add_column": "column {column} is not in the database",
    "remove_column": "column {column} is not in the models",
}


def _name_of(item: sa.Table | sa.Index | sa.Constraint) -> str:
    if item.name is None and isinstance(item, sa.UniqueConstraint | sa.ForeignKeyConstraint):
        return f"({', '.join(item.columns.keys())})"
    return str(item.name)


def _shown(aspect: str, value: Any, connection: Connection) -> str:
    if aspect == "nullable":
        return "NULL" if value else "NOT NULL"
    if aspect == "type":
        return str(value.compile(dialect=connection.dialect))
    text = getattr(value, "arg", value)
    return f"{aspect} {text}" if text is not None else f"no {aspect}"
