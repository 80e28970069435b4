"""What a file was like when its cleaner was made, and whether it is like that still."""
# ruff: noqa: S608 - names are quoted

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256

from attrs import define
from sqlalchemy.engine import Connection

from corelib.testing.database.errors import CannotReset, ReferenceDataChanged
from corelib.testing.database.model import Identity
from corelib.testing.database.planning.catalogue import Table, TableName, Trait
from corelib.testing.database.planning.planner import plan
from corelib.testing.database.planning.spread import spread
from corelib.testing.database.sqlite.catalogue import (
    Definition,
    delete_triggers,
    read_catalogue,
    read_definitions,
)
from corelib.testing.database.sqlite.names import qualified, quoted

LOOKED_AT_ROWS = 10_000
"""How many rows of reference data every reset compares, the small tables first."""

Content = tuple[int, str]
"""Number of rows, and a digest of what is in them."""


@define
class Template:
    """The state that resets go back to.

    Args:
        emptied: the tables that are emptied, children before parents.
        reference: the tables that stay.
        definitions: of tables and triggers.
        triggers: those that fire on DELETE, by the name of their table in small letters.
        content: of the reference tables.
        version: a number that changes with every change of the schema (SQLite: "PRAGMA schema_version").
    """

    emptied: Sequence[Table]
    reference: Sequence[Table]
    definitions: frozenset[Definition]
    triggers: Mapping[str, Sequence[Definition]]
    content: Mapping[TableName, Content]
    version: int

    @classmethod
    def read(cls, connection: Connection) -> Template:
        """Read a file that is like its template.

        Raises:
            CannotReset: if there is a table that cannot be emptied.
        """
        catalogue = read_catalogue(connection)
        _refuse_virtual(catalogue.tables)
        reset_plan = plan(catalogue)
        definitions = read_definitions(connection)
        return cls(
            emptied=[table for step in reset_plan.steps for table in step.tables],
            reference=reset_plan.reference,
            definitions=frozenset(definitions),
            triggers=delete_triggers(definitions),
            content={table.name: _content(connection, table) for table in reset_plan.reference},
            version=_version(connection),
        )

    def verify(self, connection: Connection, test: str) -> None:
        """Compare the tables, if somebody changed the schema, and the smaller ones of reference data.

        Raises:
            CannotReset: if a table or a trigger is new, gone or another than it was.
            ReferenceDataChanged: if a small reference table holds something else.
        """
        version = _version(connection)
        if version != self.version:
            self._verify_definitions(connection, test)
            self.version = version
        self._compare(connection, self._small(), test)

    def last_values(self, identity: Identity) -> Mapping[str, int | None]:
        """Return which last value the counter of each AUTOINCREMENT table is to have; None for none.

        Those of reference tables stay as in the template: an insert that was undone moves them too.
        """
        counters = {table.name: table.counters[0] for table in [*self.emptied, *self.reference] if table.counters}
        values = {name.name: counter.next_value - 1 if counter.used else None for name, counter in counters.items()}
        if identity is Identity.SPREAD:
            values |= {name.name: first - 1 for (name, _), first in spread(self.emptied).items()}
        return values

    def compare_large_tables(self, connection: Connection) -> None:
        """Compare the reference tables that no reset looks at.

        Raises:
            ReferenceDataChanged: if one holds something else; nobody knows which test it was.
        """
        self._compare(connection, self.content.keys() - self._small(), "One of the tests")

    def _verify_definitions(self, connection: Connection, test: str) -> None:
        changed = self.definitions ^ set(read_definitions(connection))
        if changed:
            names = sorted({f"{definition.kind} {definition.name}" for definition in changed})
            raise CannotReset(
                f"{test} has changed tables, which no reset sets back: {', '.join(names)}.",
                hint='Give a test that changes tables a database of its own: @pytest.mark.db(reset="clone").',
            )

    def _small(self) -> set[TableName]:
        small: set[TableName] = set()
        rows = 0
        for name in sorted(self.content, key=lambda name: (self.content[name][0], name)):
            rows += self.content[name][0]
            if rows <= LOOKED_AT_ROWS:
                small.add(name)
        return small

    def _compare(self, connection: Connection, names: Collection[TableName], test: str) -> None:
        tables = [table for table in self.reference if table.name in names]
        changed = [str(table.name) for table in tables if _content(connection, table) != self.content[table.name]]
        if changed:
            raise ReferenceDataChanged(test, changed)


def _refuse_virtual(tables: Sequence[Table]) -> None:
    virtual = [str(table.name) for table in tables if Trait.VIRTUAL in table.traits]
    if virtual:
        raise CannotReset(
            f"Virtual tables cannot be emptied between tests: {', '.join(virtual)}.",
            hint='Give the tests databases of their own, @pytest.mark.db(reset="clone"), or leave these tables out of '
            "the schema for tests.",
        )


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA main.schema_version").scalar_one())


def _content(connection: Connection, table: Table) -> Content:
    """Return what a table holds, in whatever order the rows stand."""
    columns = connection.exec_driver_sql(
        "SELECT name FROM pragma_table_info(?, ?)", (table.name.name, table.name.schema)
    ).scalars()
    written = " || ',' || ".join(f"quote({quoted(column)})" for column in columns)
    rows = connection.exec_driver_sql(f"SELECT {written} FROM {qualified(table.name)}").scalars().all()
    return len(rows), sha256("\n".join(sorted(rows)).encode()).hexdigest()
