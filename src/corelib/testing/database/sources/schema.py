"""The tables of a host that has an SqlSchema."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from attrs import frozen

from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage, create_engine
from corelib.adapters.sqlalchemy.engine import SCHEMES
from corelib.adapters.sqlalchemy.schema import Component
from corelib.bootstrap import load_object
from corelib.testing.database.sources.digest import digest_of, files_below


@frozen
class SchemaObjectSource:
    """Makes corelib's own tables and the host's, as `Storage.create` does.

    The digest covers all files beside the revisions, corelib's and the host's; for a host without migrations, the DDL
    of its tables.

    Args:
        path: of the SqlSchema, as `package.tables:schema`.
    """

    path: str

    @property
    def label(self) -> str:
        """Return the path."""
        return self.path

    def fingerprint(self) -> str:
        """Return the digest of revisions or DDL."""
        components = self._schema().components()
        return digest_of([(each.name, digest_of(_parts(each))) for each in components])

    def build(self, url: str) -> None:
        """Make the tables."""
        storage = SqlStorage(create_engine(url), self._schema())
        try:
            storage.create()
        finally:
            storage.close()

    def _schema(self) -> SqlSchema:
        return load_object(self.path, SqlSchema)


def _parts(component: Component) -> Iterator[tuple[str, str]]:
    if component.migrations is not None:
        yield from files_below(component.read_revisions().folder)
        return
    yield "revisions", ",".join(component.revisions)
    for scheme in SCHEMES:
        yield scheme, _ddl(component.metadata, scheme)


def _ddl(metadata: sa.MetaData, scheme: str) -> str:
    """Return the statements that make all tables, as SQLAlchemy's FAQ gets them: "CREATE TABLE output as a string"."""
    statements: list[str] = []

    def note(statement: sa.Executable, *_: object, **__: object) -> None:
        compiled = statement.compile(dialect=engine.dialect) if isinstance(statement, sa.ClauseElement) else statement
        statements.append(str(compiled))

    engine = sa.create_mock_engine(f"{scheme}://", note)
    try:
        metadata.create_all(engine, checkfirst=False)
    except sa.exc.CompileError as error:  # a type that this engine does not have, which is always the same
        statements.append(str(error))
    return "\n".join(statements)
