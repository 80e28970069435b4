"""The migrations of corelib and kitlab as scripts for each engine, compared with the files in `golden`.

After a change that is meant, write them anew with CORELIB_REWRITE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import mssql
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeEngine
from tests.support.first_version import metadata

from corelib.adapters.sqlalchemy import ExactDecimal, UtcDateTime
from corelib.adapters.sqlalchemy.migrations import offline
from corelib.adapters.sqlalchemy.migrations.comparing import types_differ
from kitlab.adapters.tables import schema

GOLDEN = Path(__file__).parent / "golden"
REWRITE = os.environ.get("CORELIB_REWRITE_GOLDEN") == "1"
ENGINES = ["mssql", "postgresql", "sqlite"]
COLLATION = "SQL_Latin1_General_CP1_CI_AS"


def normal(statement: str) -> str:
    return " ".join(statement.replace("( ", "(").split()).replace("( ", "(").replace(" )", ")")


def statements(script: str) -> set[str]:
    """The statements of a script, without its comments and the separators of batches."""
    code = re.sub(r"^(--.*|GO)$", "", script, flags=re.MULTILINE)
    return {normal(part) for part in code.split(";") if part.strip()}


def dialect_of(engine: str) -> Dialect:
    """A dialect that has met no server, but knows that SQL Server has NVARCHAR(max)."""
    options = {"deprecate_large_types": True} if engine == "mssql" else {}
    make: Callable[..., Dialect] = sa.make_url(f"{engine}://").get_dialect()
    return make(**options)


def batches(script: str) -> Sequence[str]:
    return [batch.strip() for batch in re.split(r"^GO$", script, flags=re.MULTILINE) if batch.strip()]


@pytest.mark.parametrize("engine", ENGINES)
class TestScript:
    def test_has_the_text_of_the_golden_file(self, engine: str) -> None:
        file = GOLDEN / f"{engine}_migrations.sql"

        script = "\n".join(line.rstrip() for line in offline(schema).script(engine).splitlines()) + "\n"

        if REWRITE:
            file.write_text(script, encoding="utf-8", newline="\n")
        assert script == file.read_text(encoding="utf-8")

    def test_makes_tables_at_first_as_they_were_made_before_there_were_migrations(self, engine: str) -> None:
        dialect = dialect_of(engine)
        before = [CreateTable(table) for table in metadata.sorted_tables]
        indexes = [CreateIndex(index) for table in metadata.sorted_tables for index in table.indexes]

        made = statements(offline(schema).script(engine, target="0001", component="corelib"))

        assert {normal(str(each.compile(dialect=dialect))) for each in (*before, *indexes)} <= made

    def test_undoes_all_in_one_transaction(self, engine: str) -> None:
        script = offline(schema).script(engine, start="head", target="base", component="corelib")

        made = statements(script)

        assert {"DROP TABLE corelib_job", "DROP TABLE corelib_event", "COMMIT"} <= made
        assert any(text.startswith("BEGIN") for text in made)


class TestScriptForSqlServer:
    def test_is_transact_sql(self) -> None:
        sqlglot = pytest.importorskip("sqlglot")
        known = ("Alter", "Create", "Insert", "Update", "Transaction", "Commit", "Set")

        for batch in batches(offline(schema).script("mssql")):
            for parsed in sqlglot.parse(batch, read="tsql"):
                assert parsed is None or isinstance(parsed, tuple(getattr(sqlglot.exp, kind) for kind in known)), batch

    def test_rolls_all_back_at_the_first_error(self) -> None:
        assert batches(offline(schema).script("mssql"))[0].endswith("SET XACT_ABORT ON;\nSET QUOTED_IDENTIFIER ON;")

    def test_keeps_instants_to_the_microsecond_and_texts_in_unicode(self) -> None:
        script = offline(schema).script("mssql")

        assert "due_at DATETIME2(6) NOT NULL" in script
        assert "payload NVARCHAR(max) NOT NULL" in script
        assert not re.search(r"\b(DATETIME|NTEXT)\b", script)

    def test_indexes_only_the_jobs_that_wait(self) -> None:
        script = offline(schema).script("mssql")

        assert "CREATE INDEX ix_corelib_job_wake ON corelib_job (wake_at, id) WHERE wake_at IS NOT NULL;" in script


REFLECTED: list[tuple[TypeEngine[object], TypeEngine[object]]] = [
    (mssql.UNIQUEIDENTIFIER(), sa.Uuid()),
    (mssql.NVARCHAR(200, collation=COLLATION), sa.Unicode(200)),
    (mssql.NVARCHAR(collation=COLLATION), sa.UnicodeText()),
    (mssql.DATETIME2(precision=6), UtcDateTime()),
    (mssql.NUMERIC(18, 4), ExactDecimal(18, 4)),
    (mssql.BIT(), sa.Boolean()),
    (mssql.INTEGER(), sa.Integer()),
    (mssql.BIGINT(), sa.BigInteger()),
]
"""What SQLAlchemy reads from a SQL Server, and the type of the model."""


class TestTypesDiffer:
    def compare(self, found: TypeEngine[object], wanted: TypeEngine[object], *, name: str = "mssql") -> bool | None:
        column: sa.Column[object] = sa.Column("any")
        return types_differ(MigrationContext.configure(dialect=dialect_of(name)), column, column, found, wanted)

    @pytest.mark.parametrize(("found", "wanted"), REFLECTED, ids=[type(wanted).__name__ for _, wanted in REFLECTED])
    def test_finds_none_between_a_model_and_its_column(
        self, found: TypeEngine[object], wanted: TypeEngine[object]
    ) -> None:
        assert self.compare(found, wanted) is False

    def test_tells_national_texts_from_others_on_sql_server(self) -> None:
        assert self.compare(mssql.VARCHAR(200, collation=COLLATION), sa.Unicode(200)) is True

    @pytest.mark.parametrize("wanted", [sa.Unicode(100), sa.Integer(), sa.DateTime()])
    def test_leaves_other_differences_to_alembic(self, wanted: TypeEngine[object]) -> None:
        assert self.compare(mssql.NVARCHAR(200), wanted) in {None, True}
        assert self.compare(sa.VARCHAR(200), wanted, name="postgresql") is None
