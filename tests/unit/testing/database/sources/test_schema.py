from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from corelib.adapters.sqlalchemy import SqlSchema
from corelib.errors import InvalidSetting
from corelib.testing.database.sources.schema import SchemaObjectSource

Digest = Callable[[SqlSchema], str]
REVISION = '"""Make orders."""\nrevision = "0001"\ndown_revision = None\ndef upgrade(): pass\n'


@pytest.fixture
def digest(monkeypatch: pytest.MonkeyPatch) -> Digest:
    """Return a function that tells the fingerprint of a schema."""

    def of(schema: SqlSchema) -> str:
        module = types.ModuleType("host_of_a_test")
        module.schema = schema  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "host_of_a_test", module)
        return SchemaObjectSource("host_of_a_test:schema").fingerprint()

    return of


def schema_with(*columns: sa.Column[object], **options: object) -> SqlSchema:
    metadata = sa.MetaData()
    sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return SqlSchema("shop", metadata, [], **options)  # type: ignore[arg-type]


class TestSchemaObjectSource:
    def test_makes_corelibs_tables_and_the_hosts(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path / 'db'}"

        SchemaObjectSource("tests.unit.testing.database.sources.scripts_of:schema").build(url)

        engine = sa.create_engine(url)
        names = sa.inspect(engine).get_table_names()
        engine.dispose()
        assert {"orders", "orders_version", "corelib_job", "corelib_version"} <= set(names)

    def test_says_so_where_there_is_no_such_schema(self) -> None:
        with pytest.raises(InvalidSetting, match="there is no module 'nowhere'"):
            SchemaObjectSource("nowhere.tables:schema").fingerprint()

    class WhenItHasNoMigrations:
        def test_has_the_same_fingerprint_for_the_same_tables(self, digest: Digest) -> None:
            assert digest(schema_with(sa.Column("note", sa.Text))) == digest(schema_with(sa.Column("note", sa.Text)))

        @pytest.mark.parametrize(
            "column",
            [
                sa.Column("note", sa.Unicode(21)),
                sa.Column("note", sa.Unicode(20), nullable=False),
                sa.Column("note", sa.Unicode(20), index=True),
                sa.Column("note", sa.Unicode(20), server_default="x"),
                sa.Column("note", sa.Unicode(20).with_variant(sa.Unicode(30), "mssql")),
                sa.Column("note", postgresql.ARRAY(sa.Integer)),
            ],
        )
        def test_has_another_for_other_tables(self, digest: Digest, column: sa.Column[object]) -> None:
            before = digest(schema_with(sa.Column("note", sa.Unicode(20))))

            assert digest(schema_with(column)) != before

    class WhenItHasMigrations:
        def test_has_another_fingerprint_when_a_file_changes(self, digest: Digest, tmp_path: Path) -> None:
            schema = schema_with(migrations=tmp_path)
            (tmp_path / "0001_orders.py").write_text(REVISION, encoding="utf-8")
            before = digest(schema)

            (tmp_path / "0001_orders.py").write_text(f"{REVISION}# again\n", encoding="utf-8")

            assert digest(schema) != before

        def test_counts_data_beside_them_and_no_caches(self, digest: Digest, tmp_path: Path) -> None:
            schema = schema_with(migrations=tmp_path)
            (tmp_path / "0001_orders.py").write_text(REVISION, encoding="utf-8")
            before = digest(schema)

            (tmp_path / "__pycache__").mkdir()
            (tmp_path / "__pycache__" / "0001_orders.cpython-311.pyc").write_bytes(b"x")
            same = digest(schema)
            (tmp_path / "countries.csv").write_text("de", encoding="utf-8")
            other = digest(schema)

            assert same == before
            assert other != before
