"""What a clone was like when its cleaner was made, and whether it is like that still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field
from sqlalchemy.engine import Connection

from corelib.testing.database.errors import CannotReset, ReferenceDataChanged
from corelib.testing.database.planning.catalogue import Table, TableName
from corelib.testing.database.planning.mark_text import mark_in
from corelib.testing.database.planning.ownership import taken_by_others
from corelib.testing.database.planning.planner import plan
from corelib.testing.database.postgresql import catalogue_sql
from corelib.testing.database.postgresql.catalogue import read_catalogue, read_structure
from corelib.testing.database.postgresql.reference_rows import Content, contents
from corelib.testing.database.postgresql.refusals import (
    refuse_what_cannot_be_emptied,
    refuse_what_cannot_be_seen,
    what_changed,
)
from corelib.testing.database.postgresql.reset_sql import ResetScript
from corelib.testing.database.postgresql.structure import Structure

LOOKED_AT_ROWS = 10_000
"""How many rows of reference data every reset looks at, the small tables first."""


@define
class Template:
    """The state that resets go back to.

    Args:
        structure: of the tables.
        content: of all reference tables.
        script: of the reset.
        since: the first transaction after this was read; what it or a later one has written is to be looked at.
        outline: the answer to `catalogue_sql.OUTLINE`.
        mark: of the kit, or whatever else the comment of the database is.
        function: the statement that makes the function of the reset.
    """

    structure: Structure
    content: Mapping[TableName, Content]
    script: ResetScript
    since: str
    outline: str
    mark: str | None
    function: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.function = self.script.text()

    @classmethod
    def read(cls, connection: Connection, *, as_replica: bool) -> Template:
        """Read a database that is like its template.

        Raises:
            CannotReset: if there is a table that cannot be emptied, or whose rows are hidden.
        """
        since, outline = _marks(connection)
        structure = read_structure(connection)
        refuse_what_cannot_be_seen(structure)
        catalogue, loose = read_catalogue(connection, structure)
        reset_plan = plan(catalogue)
        script = ResetScript(reset_plan, loose=loose, as_replica=as_replica)
        refuse_what_cannot_be_emptied(structure, script.tables, as_replica=as_replica)
        content = contents(connection, reset_plan.reference)
        script = ResetScript(reset_plan, _small(content), loose, as_replica)
        return cls(structure, content, script, since, outline, _mark(connection))

    @property
    def marks(self) -> Mapping[str, str]:
        """Return the arguments of the function by which it sees whether something was touched."""
        return {"since": self.since, "outline": self.outline}

    def tables_at(self, places: Sequence[int] | None) -> Sequence[Table]:
        """Return tables by their places, counted from 1, as the function answers them."""
        tables = self.script.tables
        return [tables[place - 1] for place in places or ()]

    def check_mark(self, connection: Connection) -> None:
        """Make sure that the database is still the one that was read.

        Raises:
            NotOwned: if somebody marked it as his own, or made another one under its name.
        """
        mark = _mark(connection)
        if mark != self.mark:
            raise taken_by_others(str(connection.engine.url.database), mark_in(mark))

    def verify(self, connection: Connection, test: str) -> None:
        """Compare tables and reference data, after something touched them, and take new marks if they are as before.

        Raises:
            CannotReset: if a table is new, gone or another than it was.
            ReferenceDataChanged: if a small reference table holds something else.
        """
        since, outline = _marks(connection)
        changes = what_changed(self.structure, read_structure(connection))
        if changes:
            raise CannotReset(
                f"{test} has changed tables, which no reset sets back: {'; '.join(changes)}.",
                hint='Give a test that changes tables a database of its own: @pytest.mark.db(reset="clone").',
            )
        self._compare(connection, set(self.script.looked_at), test)
        self.since, self.outline = since, outline

    def compare_large_tables(self, connection: Connection) -> None:
        """Compare the reference tables that no reset looks at.

        Raises:
            ReferenceDataChanged: if one holds something else; nobody knows which test it was.
        """
        self._compare(connection, self.content.keys() - self.script.looked_at.keys(), "One of the tests")

    def _compare(self, connection: Connection, names: set[TableName], test: str) -> None:
        tables = [table for table in self.script.plan.reference if table.name in names]
        now = contents(connection, tables)
        changed = [str(name) for name in now if now[name] != self.content[name]]
        if changed:
            raise ReferenceDataChanged(test, changed)


def _marks(connection: Connection) -> tuple[str, str]:
    row = connection.exec_driver_sql(
        f"SELECT ({catalogue_sql.NEXT_TRANSACTION}), ({catalogue_sql.OUTLINE})",
        execution_options={"no_parameters": True},
    ).one()
    return row[0], row[1]


def _mark(connection: Connection) -> str | None:
    mark: str | None = connection.exec_driver_sql(catalogue_sql.MARK).scalar()
    return mark


def _small(content: Mapping[TableName, Content]) -> Mapping[TableName, int]:
    """Return the row counts of the smallest tables that have no more than `LOOKED_AT_ROWS` together."""
    small: dict[TableName, int] = {}
    for name in sorted(content, key=lambda name: (content[name].count, name)):
        if sum(small.values()) + content[name].count <= LOOKED_AT_ROWS:
            small[name] = content[name].count
    return small
