from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from attrs import define, frozen

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from sqlalchemy.dialects import mssql, postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect

from corelib.adapters.sqlalchemy import Parts, mapped
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.mssql import MssqlDialect
from corelib.adapters.sqlalchemy.postgresql import PostgresqlDialect
from corelib.adapters.sqlalchemy.specifications import SqlSpecifications
from corelib.adapters.sqlalchemy.sqlite import SqliteDialect
from corelib.domain.aggregate import Aggregate
from corelib.domain.specification import Specification, ascending, descending, where
from corelib.errors import InvalidSpecification
from corelib.testing.contracts.sample_tables import item, parcel
from corelib.testing.contracts.samples import Item, Parcel, Price, Status


@define(eq=False)
class Box(Aggregate):
    id: UUID
    price: Price


@frozen
class Owner:
    name: str


@define(eq=False)
class Crate(Aggregate):
    id: int
    owner: Owner


def sql_server_2022() -> Dialect:
    """The dialect as it is once it has met a server: from SQL Server 2012 on it writes OFFSET and FETCH."""
    dialect = mssql.dialect()
    dialect.server_version_info = (16, 0)
    dialect._setup_version_attributes()
    return dialect


GOLDEN = Path(__file__).parent / "golden"
REWRITE = os.environ.get("CORELIB_REWRITE_GOLDEN") == "1"
ENGINES: list[tuple[str, SqlDialect, Dialect]] = [
    ("mssql", MssqlDialect(), sql_server_2022()),
    ("postgresql", PostgresqlDialect(), postgresql.dialect()),
    ("sqlite", SqliteDialect(), sqlite.dialect()),
]
MAPPING = mapped(Parcel, parcel, parts={"items": Parts(Item, item, owner="parcel_id")})
KINDS: dict[str, Specification] = {
    "text equal": where("note") == "a",
    "text not equal": where("note") != "a",
    "text before": where("note") < "a",
    "text at least": where("note") >= "a",
    "text starts with": where("note").starts_with("a%"),
    "text contains": where("note").contains("_"),
    "text starts with nothing": where("note").starts_with(""),
    "text one of": where("note").one_of(["a", "b"]),
    "number between": where("price.amount").between(Decimal(1), Decimal(2)),
    "number one of": where("price.amount").one_of([Decimal(1), Decimal(2)]),
    "enum": where("status") == Status.SENT,
    "null": where("note").is_null(),
    "one of nothing": where("note").one_of([]),
    "and, or, not": ~((where("note").is_null() & (where("price.amount") > 1)) | (where("status") != Status.SENT)),
    "any part": where("items").any(where("quantity") > 1),
    "no part": ~where("items").any(where("quantity") > 1),
    "all parts": where("items").all(where("weight") > 1),
}


def queries(dialect: SqlDialect, compiling: Dialect) -> dict[str, str]:
    """One query for each kind of specification, and a sorted page."""
    compiler = SqlSpecifications(MAPPING, dialect)
    texts = {name: sa.select(parcel.c.id).where(compiler.condition(kind)) for name, kind in KINDS.items()}
    order = compiler.order([descending("note"), ascending("price.amount")])
    texts["first page"] = sa.select(parcel.c.id).order_by(*order).limit(50)
    texts["third page"] = sa.select(parcel.c.id).order_by(*order).limit(50).offset(100)
    whole = {"render_postcompile": True}
    return {name: str(query.compile(dialect=compiling, compile_kwargs=whole)) for name, query in texts.items()}


class TestSqlSpecifications:
    @pytest.mark.parametrize(("engine", "dialect", "compiling"), ENGINES, ids=lambda value: str(value)[:10])
    def test_have_the_text_of_the_golden_file(self, engine: str, dialect: SqlDialect, compiling: Dialect) -> None:
        file = GOLDEN / f"{engine}_specifications.sql"

        texts = queries(dialect, compiling)

        written = "\n\n".join(f"-- {name}\n{text};" for name, text in texts.items())
        written = "\n".join(line.rstrip() for line in written.splitlines()) + "\n"
        if REWRITE:
            file.write_text(written, encoding="utf-8", newline="\n")
        assert written == file.read_text(encoding="utf-8")

    def test_are_t_sql_on_sql_server(self) -> None:
        sqlglot = pytest.importorskip("sqlglot")

        for text in queries(MssqlDialect(), sql_server_2022()).values():
            assert isinstance(sqlglot.parse_one(text, read="tsql"), sqlglot.exp.Select)

    class WhenResultsAreSortedByTheSameColumnTwice:
        @pytest.mark.parametrize(("engine", "dialect", "compiling"), ENGINES, ids=lambda value: str(value)[:10])
        def test_names_it_once(self, engine: str, dialect: SqlDialect, compiling: Dialect) -> None:
            sort = [descending("id"), ascending("status"), ascending("id"), descending("status")]

            order = SqlSpecifications(MAPPING, dialect).order(sort)

            texts = [str(entry.compile(dialect=compiling)) for entry in order]
            expressions = [text.removesuffix(" DESC").removesuffix(" ASC") for text in texts]
            assert texts[0] == "sample_parcel.id DESC"
            assert len(set(expressions)) == len(expressions)

    class WhenAFieldWrapsAPlainValue:
        @pytest.mark.parametrize("specification", [where("owner") == Owner("A"), where("owner.name") == "A"])
        def test_compares_its_column_with_the_value_within(self, specification: Specification) -> None:
            table = sa.Table(
                "crate",
                sa.MetaData(),
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("owner", sa.Unicode(10), nullable=False),
                sa.Column("version", sa.Integer, nullable=False),
            )
            compiler = SqlSpecifications(mapped(Crate, table), SqliteDialect())

            condition = compiler.condition(specification)

            assert str(condition) == "crate.owner = :corelib_value_0"
            assert condition.compile().params == {"corelib_value_0": "A"}

    class WhenAFieldHasNoColumnOfItsOwn:
        def test_says_so_and_lists_the_columns(self) -> None:
            metadata = sa.MetaData()
            table = sa.Table(
                "box",
                metadata,
                sa.Column("id", sa.Uuid, primary_key=True),
                sa.Column("price", sa.JSON),
                sa.Column("version", sa.Integer),
            )
            compiler = SqlSpecifications(mapped(Box, table), SqliteDialect())

            with pytest.raises(InvalidSpecification, match=r"price\.amount has no column.*It has: id, version; what"):
                compiler.condition(where("price.amount") == Decimal(1))
