"""What a host stores, and whether a database has the tables for it."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import sqlalchemy as sa
from attrs import define, field, frozen, validators
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import tables
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.mapping import AggregateMapping
from corelib.adapters.sqlalchemy.migrations.revisions import Revisions, revisions_in
from corelib.adapters.sqlalchemy.queries import Queries
from corelib.adapters.sqlalchemy.statements import Statements
from corelib.errors import InvalidSetting, SchemaMissing, SchemaOutdated, SchemaTooNew

FIRST_REVISIONS: tuple[str, ...] = ("0001",)


@define(eq=False)
class SqlSchema:
    """The tables of a host and the aggregates in them.

    Args:
        name: of the host; the table `<name>_version` holds the revision of its tables.
        metadata: all tables of the host, mapped or not.
        mappings: the aggregates.
        revisions: known revisions of the tables, oldest first; this version of the host works with the last. For a
            host without migrations: its tables are made in one go, and never changed.
        migrations: the importable package that holds the host's revision files (`kitlab.adapters.migrations`), or
            their folder. It is read when the tables are made, checked or changed, not before.
    """

    name: str = field(validator=validators.matches_re(r"[a-z][a-z0-9_]{0,40}"))
    metadata: sa.MetaData
    mappings: Sequence[AggregateMapping]
    revisions: Sequence[str] = field(default=FIRST_REVISIONS, validator=validators.min_len(1))
    migrations: str | Path | None = None
    _by_class: dict[type, AggregateMapping] = field(init=False, repr=False)
    _statements: dict[tuple[type, str], tuple[Statements, Queries]] = field(factory=dict, init=False, repr=False)
    _ranks: dict[type, int] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.migrations is not None and self.revisions is not FIRST_REVISIONS:
            raise ValueError("revisions are those of the migrations where there are some: name one of the two")
        self._by_class = {mapping.kind: mapping for mapping in self.mappings}
        self._ranks = {kind: rank for rank, kind in enumerate(_sorted(self.mappings))}

    @property
    def mapped_names(self) -> str:
        """Return the names of the mapped classes, for messages."""
        return ", ".join(sorted(kind.__name__ for kind in self._by_class)) or "none"

    def mapping_of(self, kind: type) -> AggregateMapping | None:
        """Return the mapping of a class, or None."""
        return self._by_class.get(kind)

    def statements_of(self, mapping: AggregateMapping, dialect: SqlDialect) -> tuple[Statements, Queries]:
        """Return the statements of a mapping for an engine, which are built once."""
        key = (mapping.kind, dialect.name)
        found = self._statements.get(key)
        if found is None:
            statements = Statements(mapping, dialect)
            found = self._statements[key] = (statements, Queries(mapping, dialect, statements))
        return found

    def rank_of(self, kind: type) -> int:
        """Return the place of a class among the mapped ones, those that others refer to first."""
        return self._ranks[kind]

    def components(self) -> tuple[Component, ...]:
        """Return the sets of tables that have revisions of their own: corelib's and the host's."""
        return (
            Component("corelib", tables.metadata, migrations=tables.MIGRATIONS),
            Component(self.name, self.metadata, tuple(self.revisions), self.migrations),
        )

    def check(self, connection: Connection) -> None:
        """Check all components, as `Component.check` does."""
        for component in self.components():
            component.check(connection)

    def chosen(self, name: str | None) -> Sequence[Component]:
        """Return the component of that name, or all of them.

        Raises:
            InvalidSetting: if there is none of that name.
        """
        return self.components() if name is None else [self.component(name)]

    def component(self, name: str | None = None, *, migrated: bool = False) -> Component:
        """Return the component of that name, by default the host's.

        Raises:
            InvalidSetting: if there is none, or it has no migrations although it should.
        """
        components = {component.name: component for component in self.components()}
        found = components.get(name or self.name)
        if found is None:
            raise InvalidSetting(f"There is no component {name}.", hint=f"Known are: {', '.join(components)}.")
        if migrated and found.migrations is None:
            found.read_revisions()  # says so
        return found


def _sorted(mappings: Sequence[AggregateMapping]) -> Sequence[type]:
    """Return the classes so that those come first which the tables of others, parts included, refer to.

    Where they refer to each other in a circle, no order is right; then it is the one in which they were given.
    """
    homes = {table: mapping.kind for mapping in mappings for table in mapping.tables}
    needed: dict[type, list[type]] = {mapping.kind: [] for mapping in mappings}
    for table, kind in homes.items():
        referred = (homes.get(key.column.table) for key in table.foreign_keys)
        needed[kind] += [other for other in referred if other is not None and other is not kind]
    try:
        return list(TopologicalSorter(needed).static_order())
    except CycleError:
        return list(needed)


@frozen
class Component:
    """Tables that are made and upgraded together; their revision stands in `<name>_version.version_num`.

    The layout of that table is Alembic's.
    """

    name: str
    metadata: sa.MetaData
    revisions: Sequence[str] = FIRST_REVISIONS
    migrations: str | Path | None = None

    @property
    def version_table(self) -> sa.Table:
        """Return the table that holds the revision."""
        column = sa.Column("version_num", sa.Unicode(32), primary_key=True)
        return sa.Table(f"{self.name}_version", sa.MetaData(), column)

    def read_revisions(self) -> Revisions:
        """Read the revision files.

        Raises:
            InvalidSetting: if the component has no migrations, or they cannot be used.
        """
        if self.migrations is None:
            raise InvalidSetting(
                f"The schema of {self.name} has no migrations.",
                hint=f'Name the package for their files: SqlSchema(..., migrations="{self.name}.migrations").',
            )
        return revisions_in(self.migrations, self.name)

    def known(self) -> Sequence[str]:
        """Return the known revisions, oldest first; the last is the one that this program needs.

        Raises:
            InvalidSetting: if there are migrations, but they cannot be used, or there is none yet.
        """
        if self.migrations is None:
            return self.revisions
        names = self.read_revisions().names
        if not names:
            raise InvalidSetting(
                f"There is no migration of {self.name} in {self.migrations} yet.",
                hint="Write the first: corelib db revision --app ... --autogenerate -m TEXT",
            )
        return names

    def found(self, connection: Connection) -> str | None:
        """Return the revision of a database, or None if it has none of these tables."""
        version = self.version_table
        if not sa.inspect(connection).has_table(version.name):
            return None
        return connection.execute(sa.select(version.c.version_num)).scalar()

    def check(self, connection: Connection) -> None:
        """Make sure that the database has the tables of the newest known revision.

        Raises:
            SchemaMissing, SchemaOutdated, SchemaTooNew: if it has not.
            InvalidSetting: if the migrations cannot be used.
        """
        known = self.known()
        found, wanted = self.found(connection), known[-1]
        if found is None:
            raise SchemaMissing(
                f"The database has no tables of {self.name} (there is no {self.name}_version).",
                hint="Create them: corelib db create --app ..., or Storage.create() in code.",
            )
        if found == wanted:
            return
        self.refuse_unknown(found, known)
        command = "" if self.migrations is None else ": corelib db upgrade --app ..."
        raise SchemaOutdated(
            f"The tables of {self.name} are of revision {found}; this program needs {wanted}.",
            hint=f"Upgrade the database before starting this version{command or '.'}",
        )

    def refuse_unknown(self, found: str | None, known: Sequence[str]) -> None:
        """Raise SchemaTooNew if a database has tables of a revision that is not known."""
        if found is not None and found not in known:
            raise SchemaTooNew(
                f"The tables of {self.name} are of revision {found}, which this program does not know yet.",
                hint="Start the newer version of the program.",
            )

    def create(self, connection: Connection) -> None:
        """Make the tables, without migrations, if there are none; otherwise check them."""
        if self.found(connection) is not None:
            self.check(connection)
            return
        self.metadata.create_all(connection)
        version = self.version_table
        version.create(connection, checkfirst=True)
        connection.execute(version.insert(), {"version_num": self.revisions[-1]})
