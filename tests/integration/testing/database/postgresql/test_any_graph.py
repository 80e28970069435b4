"""Random graphs of tables on the real server: whatever the keys are like, one reset empties all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

pytest.importorskip("psycopg")

from contextlib import closing

from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.testing.database.postgresql.databases import ask, empty_database, owner_of, run, state

from corelib.testing.database.model import Identity
from corelib.testing.database.postgresql.cleaner import PostgresqlCleaner

ACTIONS = ["NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"]
CHECKS = ["NOT DEFERRABLE", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"]
SCHEMAS = ["app", '"order"']
ROWS = 3


@frozen
class Key:
    child: int
    parent: int
    action: str
    checked: str


@frozen
class Graph:
    """Tables by number, keys between them, and which parent's row each row refers to by each key."""

    size: int
    keys: Sequence[Key]
    references: Sequence[Sequence[int]]
    kept: int | None

    @staticmethod
    def name(table: int) -> str:
        return f'{SCHEMAS[table % 2]}."t {table}"'

    def tables(self) -> str:
        """The statements that make the tables."""
        made = [f"CREATE SCHEMA {schema};" for schema in SCHEMAS]
        for table in range(self.size):
            columns = ", ".join(f"k{n} int" for n, key in enumerate(self.keys) if key.child == table)
            made.append(f"CREATE TABLE {self.name(table)} (id serial PRIMARY KEY{', ' * bool(columns)}{columns});")
        for n, key in enumerate(self.keys):
            refers = f"REFERENCES {self.name(key.parent)} ON DELETE {key.action} {key.checked}"
            made.append(f"ALTER TABLE {self.name(key.child)} ADD CONSTRAINT fk{n} FOREIGN KEY (k{n}) {refers};")
        return " ".join([*made, *(self.row(self.kept),) * (self.kept is not None)])

    def row(self, table: int | None) -> str:
        return "" if table is None else f"INSERT INTO {self.name(table)} DEFAULT VALUES;"

    def rows(self) -> str:
        """The statements that fill all tables but the one with reference data, and then let the rows refer."""
        filled = [table for table in range(self.size) if table != self.kept]
        inserts = [self.row(table) for table in filled for _ in range(ROWS)]
        updates = [
            f"UPDATE {self.name(key.child)} SET k{n} = {parent if key.parent != self.kept else 1} WHERE id = {number};"
            for n, key in enumerate(self.keys)
            if key.child != self.kept
            for number, parent in enumerate(self.references[n], start=1)
        ]
        return " ".join([*inserts, *updates])


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 5))
    table = st.integers(0, size - 1)
    keys = draw(st.lists(st.builds(Key, table, table, st.sampled_from(ACTIONS), st.sampled_from(CHECKS)), max_size=8))
    row = st.lists(st.integers(1, ROWS), min_size=ROWS, max_size=ROWS)
    references = draw(st.lists(row, min_size=len(keys), max_size=len(keys)))
    return Graph(size, keys, references, draw(st.none() | table))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with empty_database() as url:
        yield url


@pytest.fixture(scope="module")
def owner() -> Iterator[str]:
    with empty_database() as url, owner_of(url) as owner:
        yield owner


def filled(url: str, graph: Graph) -> set[str]:
    """The tables that have rows."""
    names = [graph.name(table) for table in range(graph.size)]
    looks = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)
    return {str(name) for (name,) in ask(url, looks)}


def check(url: str, graph: Graph) -> None:
    run(url, f"DROP SCHEMA IF EXISTS {', '.join(SCHEMAS)} CASCADE; {graph.tables()}")
    before = state(url)
    with closing(PostgresqlCleaner(url)) as cleaner:
        run(url, graph.rows())

        cleaner.reset("test", identity=Identity.SPREAD)

    assert filled(url, graph) == {graph.name(table) for table in range(graph.size) if table == graph.kept}
    assert state(url) == before


class TestPostgresqlCleaner:
    class WhenKeysAreOfAllKinds:
        @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(graphs())
        def test_empties_every_table_for_a_superuser(self, url: str, graph: Graph) -> None:
            check(url, graph)

        @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(graphs())
        def test_empties_every_table_for_an_owner_whose_keys_are_checked(self, owner: str, graph: Graph) -> None:
            check(owner, graph)
