"""Running the migrations of one component, on a connection or into a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from io import StringIO

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from attrs import field, frozen
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import Dialect

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import brief, translated
from corelib.adapters.sqlalchemy.migrations.revisions import Revision, Revisions
from corelib.adapters.sqlalchemy.schema import Component
from corelib.errors import CorelibError, InvalidSetting, MigrationFailed, TransientFailure

_OF_THE_PROCESS = threading.RLock()
"""`alembic.op`, which the revision files use, speaks to one database at a time in the whole process."""

# Without the first option an error would leave the transaction open, and filtered indexes ask for the second, which
# sqlcmd switches off (Microsoft: "SET XACT_ABORT", "CREATE INDEX", "sqlcmd utility").
_FIRST_LINES = {
    "mssql": "-- Run it with sqlcmd -b, which stops at the first error.\n"
    "SET XACT_ABORT ON;\nSET QUOTED_IDENTIFIER ON;\nGO\n\n",
    "postgresql": "-- Run it with psql -v ON_ERROR_STOP=1, which stops at the first error.\n\n",
    "sqlite": "-- Run it with sqlite3 -bail, which stops at the first error.\n\n",
}


@frozen
class Step:
    """A migration that was run.

    Args:
        component: whose tables were changed.
        revision: whose file was run.
        down: whether it was undone instead of done.
    """

    component: str
    revision: Revision
    down: bool = False

    def __str__(self) -> str:
        return f"{self.component}: {'undid ' if self.down else ''}{self.revision}"


class OneTransaction(MigrationContext):
    """Alembic's context, for migrations that are all within one transaction of the caller's."""

    @contextmanager
    def autocommit_block(self) -> Iterator[None]:
        """Refuse.

        Raises:
            MigrationFailed: always.
        """
        yield from ()
        raise MigrationFailed(
            "A migration asks for an autocommit_block, but migrations run in one transaction, all or nothing.",
            hint="Run that statement by hand before the upgrade, and let the migration skip what it finds done.",
        )


def move(connection: Connection, component: Component, dialect: SqlDialect, target: str, *, down: bool) -> list[Step]:
    """Bring the tables of a component to another revision, in the transaction of the connection.

    Args:
        connection: in a transaction, which holds the lock for changing tables.
        component: has migrations.
        dialect: the connection's.
        target: see `Revisions.resolve`.
        down: whether the target has to be older than what is found, instead of newer.

    Raises:
        SchemaTooNew: if the database has a revision that is not known.
        InvalidSetting: if there is no such revision, or it lies in the other direction.
        MigrationFailed: if a migration fails.
    """
    revisions = component.read_revisions()
    found = component.found(connection)
    component.refuse_unknown(found, revisions.names)
    wanted = revisions.resolve(target, found=found)
    _refuse_wrong_way(revisions, found, wanted, down=down)
    if found == wanted:
        return []
    plan = _Plan(revisions, dialect, wanted, down)
    plan.run(context_of(component, connection, fn=plan.steps))
    return plan.done


def script(component: Component, dialect: SqlDialect, *, start: str, target: str) -> str:
    """Return the SQL of migrations as text, without a database; older targets give the script of a downgrade.

    Args:
        component: without migrations, this is the script that makes its tables.
        dialect: for which engine.
        start: the revision that the script will meet.
        target: the revision that it leaves.

    Raises:
        InvalidSetting: if there is no such revision.
        MigrationFailed: if a migration cannot be written down, as one that reads from the database.
    """
    output = StringIO()
    output.write(_FIRST_LINES[dialect.name])
    component.known()
    if component.migrations is None:
        _script_of_all_tables(component, dialect, output)
        return output.getvalue()
    revisions = component.read_revisions()
    found = revisions.resolve(start, found=None)
    wanted = revisions.resolve(target, found=found)
    down = revisions.place(wanted) < revisions.place(found)
    plan = _Plan(revisions, dialect, wanted, down)
    context = _offline(component, dialect, output, fn=plan.steps, starting_rev=found)
    with context.begin_transaction():
        plan.run(context)
    return output.getvalue()


def context_of(component: Component, connection: Connection, **options: object) -> OneTransaction:
    """Return Alembic's context for a component on a connection."""
    return OneTransaction(connection.dialect, connection, _options(component, **options))


def _offline(component: Component, dialect: SqlDialect, output: StringIO, **options: object) -> OneTransaction:
    options = _options(component, as_sql=True, output_buffer=output, transactional_ddl=True, **options)
    return OneTransaction(_dialect_without_server(dialect.name), None, options)


def _options(component: Component, **options: object) -> dict[str, object]:
    return {"version_table": component.version_table.name, **options}


def _dialect_without_server(name: str) -> Dialect:
    """Return a dialect as it is after it has met a server of a supported version."""
    # With the parameters of psycopg and its kind, a per cent sign in the text would come out doubled.
    options = {"deprecate_large_types": True} if name == "mssql" else {}
    make: Callable[..., Dialect] = sa.make_url(f"{name}://").get_dialect()
    return make(paramstyle="named", **options)


@frozen
class _Plan:
    """The way from one revision to another."""

    revisions: Revisions
    dialect: SqlDialect
    wanted: str | None
    down: bool
    done: list[Step] = field(factory=list, init=False)

    def steps(self, heads: tuple[str, ...], _: MigrationContext) -> Iterable[RevisionStep]:
        """Give Alembic the steps, one after the other."""
        folder = str(self.revisions.folder)
        directory = ScriptDirectory(folder, version_locations=[folder])
        # As Alembic's cookbook does: the public functions want an env.py.
        find = directory._downgrade_revs if self.down else directory._upgrade_revs
        by_name = {revision.name: revision for revision in self.revisions.ordered}
        for step in find(self.wanted or "base", heads[0] if heads else "base"):
            told = Step(self.revisions.component, by_name[step.revision.revision], self.down)
            step.migration_fn = _guarded(step.migration_fn, told, self.dialect)
            yield step
            self.done.append(told)

    def run(self, context: OneTransaction) -> None:
        """Take the steps."""
        with _OF_THE_PROCESS, Operations.context(context):
            context.run_migrations()


def _guarded(migrate: Callable[..., None], step: Step, dialect: SqlDialect) -> Callable[..., None]:
    """Let the errors of a migration say which one it was."""

    @wraps(migrate)  # Alembic writes its name into scripts
    def run(**options: object) -> None:
        try:
            with translated(dialect):
                migrate(**options)
        except TransientFailure:
            raise
        except Exception as error:
            reason = error.message if isinstance(error, CorelibError) else f"{type(error).__name__}: {brief(error)}"
            hint = error.hint if isinstance(error, MigrationFailed) else "Correct the migration, and run it again."
            raise MigrationFailed(
                f"The migration {step.revision} of {step.component} failed, and nothing was changed: {reason}",
                hint=hint,
            ) from error

    return run


def _refuse_wrong_way(revisions: Revisions, found: str | None, wanted: str | None, *, down: bool) -> None:
    places = revisions.place(found), revisions.place(wanted)
    if (places[1] > places[0]) if down else (places[1] < places[0]):
        raise InvalidSetting(
            f"Revision {wanted or 'base'} of {revisions.component} is {'newer' if down else 'older'} than "
            f"{found or 'base'}, which the database has.",
            hint=f"Use corelib db {'upgrade' if down else 'downgrade'}.",
        )


def _script_of_all_tables(component: Component, dialect: SqlDialect, output: StringIO) -> None:
    context = _offline(component, dialect, output)
    with context.begin_transaction():
        for table in component.metadata.sorted_tables:
            context.impl.create_table(table)
        version = component.version_table
        context.impl.create_table(version)
        revision: sa.ColumnClause[str] = sa.literal_column(f"'{component.revisions[-1]}'")
        context.execute(version.insert().values(version_num=revision))
