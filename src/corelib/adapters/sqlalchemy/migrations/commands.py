"""What a program or a person asks of migrations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen
from sqlalchemy.engine import Engine

from corelib.adapters.sqlalchemy.changing import changing_tables
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.engine import dialect_named
from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.migrations import comparing, running, writing
from corelib.adapters.sqlalchemy.migrations.running import Step
from corelib.adapters.sqlalchemy.schema import Component, SqlSchema
from corelib.adapters.sqlalchemy.sqlite import READ_ONLY
from corelib.errors import SchemaOutdated


@frozen
class Current:
    """Where a component stands in a database.

    Args:
        component: its name.
        found: the revision of its tables, None if there are none.
        newest: the revision that this program needs, None if there is no migration yet.
    """

    component: str
    found: str | None
    newest: str | None


class Migrations:
    """The migrations of corelib and of a host, on one database.

    Every method takes the name of a component, `corelib` or the schema's. What changes tables runs in one transaction
    that holds a lock: of several processes at once, one does the work and the others find it done; if a migration
    fails, everything is as it was.

    Args:
        engine: made by `create_engine`.
        dialect: the engine's.
        schema: what the host stores.
    """

    def __init__(self, engine: Engine, dialect: SqlDialect, schema: SqlSchema) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**{READ_ONLY: True})
        self._dialect = dialect
        self._schema = schema

    def upgrade(self, target: str = "head", *, component: str | None = None) -> Sequence[Step]:
        """Bring tables to a newer revision, and return what was done.

        Args:
            target: `head`; or a revision or steps (`+1`) of one component.
            component: by default all for `head`, corelib first; else the host's.

        Raises:
            InvalidSetting: if there is no such component or revision.
            SchemaTooNew: if the database has a revision that this program does not know.
            MigrationFailed: if a migration fails.
        """
        chosen = (
            self._schema.components()
            if target == "head" and component is None
            else [self._schema.component(component, migrated=target != "head")]
        )
        done: list[Step] = []
        with changing_tables(self._engine, self._dialect) as connection:
            for each in chosen:
                if each.migrations is None:
                    each.create(connection)
                else:
                    each.known()
                    done += running.move(connection, each, self._dialect, target, down=False)
        return done

    def downgrade(self, target: str, *, component: str | None = None) -> Sequence[Step]:
        """Bring the tables of one component, by default the host's, to an older revision, and return what was done.

        Raises:
            InvalidSetting, SchemaTooNew, MigrationFailed: as `upgrade` does.
        """
        chosen = self._schema.component(component, migrated=True)
        with changing_tables(self._engine, self._dialect) as connection:
            return running.move(connection, chosen, self._dialect, target, down=True)

    def current(self, *, component: str | None = None) -> Sequence[Current]:
        """Return where the components, by default all, stand."""
        with translated(self._dialect), self._reading.connect() as connection:
            return [
                Current(each.name, each.found(connection), next(reversed(_names(each)), None))
                for each in self._schema.chosen(component)
            ]

    def differences(self, *, component: str | None = None) -> Sequence[str]:
        """Return how tables differ from the models, for components that have migrations.

        Only the tables of the models are compared. Conditions of indexes and check constraints are not.

        Raises:
            SchemaMissing, SchemaOutdated, SchemaTooNew: if the database is not at the newest revision.
        """
        found: list[str] = []
        with translated(self._dialect), self._reading.connect() as connection:
            for each in self._schema.chosen(component):
                each.check(connection)
                if each.migrations is not None:
                    found += [f"{each.name}: {text}" for text in comparing.differences(connection, each)]
        return found

    def write(self, message: str, *, component: str | None = None) -> Path | None:
        """Write a revision file with what makes the tables like the models; None if they are so already.

        Args:
            message: what it does, a short phrase.
            component: by default the host's.

        Raises:
            InvalidSetting: if the component has no migrations.
            SchemaOutdated: if the database is not at the newest revision.
        """
        chosen = self._schema.component(component, migrated=True)
        revisions = chosen.read_revisions()
        with translated(self._dialect), self._reading.connect() as connection:
            found = chosen.found(connection)
            chosen.refuse_unknown(found, revisions.names)
            if found != revisions.head:
                raise SchemaOutdated(
                    f"The tables of {chosen.name} are of revision {found or 'base'}; what they lack of revision "
                    f"{revisions.head} is written already.",
                    hint="Upgrade the database first: corelib db upgrade --app ...",
                )
            script, context = comparing.compared(connection, chosen)
            if script.upgrade_ops is None or script.upgrade_ops.is_empty():
                return None
            return writing.write(revisions, message, script, context)


class OfflineMigrations:
    """What can be done with migrations without a database.

    Args:
        schema: what the host stores.
    """

    def __init__(self, schema: SqlSchema) -> None:
        self._schema = schema

    def write(self, message: str, *, component: str | None = None) -> Path:
        """Write a revision file to be filled in.

        Args:
            message: what it will do, a short phrase.
            component: by default the host's.

        Raises:
            InvalidSetting: if the component has no migrations.
        """
        revisions = self._schema.component(component, migrated=True).read_revisions()
        return writing.write(revisions, message, None, None)

    def script(self, engine: str, *, start: str = "base", target: str = "head", component: str | None = None) -> str:
        """Return migrations as a script of SQL, for somebody who runs it by hand.

        Args:
            engine: the name of a dialect or the URL of a database, which is not connected to.
            start: the revision that the script will meet.
            target: the revision that it leaves; an older one gives the script of a downgrade.
            component: for the whole way all by default, corelib first; else the host's.

        Raises:
            InvalidSetting: if there is no such component or revision.
            UnknownScheme: if there is no such dialect.
            MigrationFailed: if a migration cannot be written down, as one that reads from the database.
        """
        dialect = dialect_named(engine)
        whole = (start, target) == ("base", "head")
        chosen = self._schema.chosen(component) if whole else [self._schema.component(component, migrated=True)]
        return "\n".join(running.script(each, dialect, start=start, target=target) for each in chosen)


def _names(component: Component) -> Sequence[str]:
    return component.revisions if component.migrations is None else component.read_revisions().names
