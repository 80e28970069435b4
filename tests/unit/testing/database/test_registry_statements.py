from __future__ import annotations

from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from sqlalchemy.dialects import mssql
from sqlalchemy.schema import CreateTable

import corelib.adapters.sqlalchemy.mssql  # noqa: F401 - teaches SQLAlchemy the clock's spelling
from corelib.testing.database import registry_statements as statements
from corelib.testing.database.model import Kind
from corelib.testing.database.registry_table import LONGEST_NOTE, table

DIALECT = mssql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
TABLE = """
CREATE TABLE corelib_test_database_1 (
    name NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    kind NVARCHAR(16) NOT NULL,
    run NVARCHAR(32) NOT NULL,
    fingerprint NVARCHAR(128) NOT NULL,
    made_at DATETIME2(6) NOT NULL,
    used_at DATETIME2(6) NOT NULL,
    keep_until DATETIME2(6) NULL,
    note NVARCHAR(2000) NOT NULL,
    PRIMARY KEY (name)
)
"""
NOW = "CAST(SYSUTCDATETIME() AS DATETIME2(6))"
IN = (
    "DATEADD(millisecond, CAST(CAST(%(param_1)s AS bigint) % 86400000 AS int), "
    f"DATEADD(day, CAST(CAST(%(param_1)s AS bigint) / 86400000 AS int), {NOW}))"
)
CASES = {
    "insert": (
        statements.insert("t_c_1", Kind.CLONE, "0123456789ab", "f"),
        (
            "INSERT INTO corelib_test_database_1 (name, kind, run, fingerprint, made_at, used_at, note) "
            f"VALUES (%(name)s, %(kind)s, %(run)s, %(fingerprint)s, {NOW}, {NOW}, %(note)s)"
        ),
    ),
    "become_template": (
        statements.become_template("t_b_1", "t_t_1"),
        (
            f"UPDATE corelib_test_database_1 SET name=%(name)s, kind=%(kind)s, used_at={NOW} "
            "WHERE corelib_test_database_1.name = %(name_1)s AND corelib_test_database_1.kind = %(kind_1)s"
        ),
    ),
    "touch": (
        statements.touch("t_t_1"),
        f"UPDATE corelib_test_database_1 SET used_at={NOW} WHERE corelib_test_database_1.name = %(name_1)s",
    ),
    "keep": (
        statements.keep("t_c_1", timedelta(days=1), "why"),
        (
            f"UPDATE corelib_test_database_1 SET keep_until={IN}, note=%(note)s "
            "WHERE corelib_test_database_1.name = %(name_1)s"
        ),
    ),
    "forget": (
        statements.forget("t_c_1"),
        "DELETE FROM corelib_test_database_1 WHERE corelib_test_database_1.name = %(name_1)s",
    ),
}


def compiled(statement: sa.ClauseElement) -> str:
    """Return T-SQL without line breaks and without the brackets around names."""
    return " ".join(str(statement.compile(dialect=DIALECT)).replace("[", "").replace("]", "").split()).replace(
        "%%", "%"
    )


class TestRegistryOnSqlServer:
    def test_has_a_table_with_exact_types(self) -> None:
        assert compiled(CreateTable(table)) == " ".join(TABLE.replace("( ", "(").split())

    @pytest.mark.parametrize("name", sorted(CASES))
    def test_says_it_in_t_sql(self, name: str) -> None:
        statement, expected = CASES[name]

        assert compiled(statement) == expected

    def test_asks_for_what_has_expired_by_the_clock_of_the_server(self) -> None:
        text = compiled(statements.expired(timedelta(days=7)))

        assert f"keep_until IS NULL OR corelib_test_database_1.keep_until <= {NOW}" in text
        assert f"NOT (corelib_test_database_1.kind = %(kind_1)s AND corelib_test_database_1.used_at > {IN})" in text

    def test_sends_notes_of_a_length_that_fits_the_column(self) -> None:
        parameters = statements.keep("t_c_1", timedelta(days=1), "\U0001f512" * 5_000).compile(dialect=DIALECT).params

        assert parameters["note"] == "\U0001f512" * LONGEST_NOTE
        assert len(parameters["note"].encode("utf-16-le")) == 2 * 2_000
