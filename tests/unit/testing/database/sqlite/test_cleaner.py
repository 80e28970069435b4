"""What the contract of cleaners does not say: particular to SQLite."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from corelib.adapters.sqlalchemy.sqlite import BUSY_SECONDS
from corelib.errors import DatabaseMissing, InvalidSetting
from corelib.testing.database.errors import CannotReset, NotOwned, ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.model import Identity, Kind, Mark
from corelib.testing.database.sqlite import marks
from corelib.testing.database.sqlite.cleaner import SqliteCleaner
from corelib.testing.database.sqlite.files import files_of

TEST = "test_orders.py::test_pays"

Making = Callable[[], SqliteCleaner]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.sqlite"


@pytest.fixture
def run(file: Path) -> Callable[..., Sequence[tuple[object, ...]]]:
    """Runs statements in one transaction of a connection of its own, and returns the rows of the last one."""

    def run(*statements: str) -> Sequence[tuple[object, ...]]:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            rows = [connection.execute(statement).fetchall() for statement in statements][-1]
            connection.execute("COMMIT")
            return rows

    return run


@pytest.fixture
def clean(file: Path) -> Iterator[Making]:
    """Makes cleaners, and closes them after the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(SqliteCleaner(f"sqlite:///{file}")))


Run = Callable[..., Sequence[tuple[object, ...]]]

AUDITED = (
    "CREATE TABLE notes (note text)",
    "CREATE TABLE Orders (id integer primary key)",
    "CREATE TRIGGER second AFTER DELETE ON orders BEGIN INSERT INTO notes VALUES ('second'); END",
    "CREATE TRIGGER first /* DELETE ON */ AFTER INSERT ON orders BEGIN DELETE FROM notes WHERE note = 'first'; END",
    "CREATE TEMP TRIGGER mine AFTER DELETE ON main.orders BEGIN SELECT 1; END",
    'CREATE TRIGGER "on delete" BEFORE -- here\n delete\nON Orders BEGIN INSERT INTO notes VALUES (old.id); END',
)


class TestSqliteCleaner:
    class WhenTriggersFireOnDelete:
        def test_they_are_as_before(self, run: Run, clean: Making) -> None:
            run(*AUDITED)
            triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
            before = run(triggers)
            cleaner = clean()
            run("INSERT INTO orders VALUES (1), (2)")

            cleaner.reset(TEST, identity=Identity.KEEP)
            run("INSERT INTO orders VALUES (1)")
            cleaner.reset(TEST, identity=Identity.KEEP)

            assert run(triggers) == before
            assert run("SELECT * FROM orders UNION ALL SELECT * FROM notes") == []

        def test_a_new_one_is_named(self, run: Run, clean: Making) -> None:
            run(*AUDITED)
            cleaner = clean()
            run("CREATE TRIGGER another DELETE ON orders BEGIN SELECT 1; END")

            with pytest.raises(CannotReset, match="trigger another"):
                cleaner.reset(TEST, identity=Identity.KEEP)

    class WhenATableIsNotPlain:
        def test_refuses_a_virtual_one_by_name(self, run: Run, clean: Making) -> None:
            run("CREATE VIRTUAL TABLE texts USING fts5 (body)")

            with pytest.raises(CannotReset, match=r": main\.texts\."):
                clean()

        def test_takes_one_without_rowid_and_one_that_is_strict(self, run: Run, clean: Making) -> None:
            run("CREATE TABLE a (id text primary key) WITHOUT ROWID", "CREATE TABLE b (id int) STRICT")
            cleaner = clean()
            run("INSERT INTO a VALUES ('x')", "INSERT INTO b VALUES (1)")

            outcome = cleaner.reset(TEST, identity=Identity.RESEED)

            assert outcome.emptied == ("main.a", "main.b")

        def test_takes_a_key_to_a_table_that_does_not_exist(self, run: Run, clean: Making) -> None:
            run("CREATE TABLE a (id int REFERENCES nowhere)")

            assert clean().reset(TEST, identity=Identity.KEEP).emptied == ()

        def test_takes_more_tables_than_a_query_has_columns(self, run: Run, clean: Making) -> None:
            run(*(f"CREATE TABLE t{number:04} (id int)" for number in range(1100)))
            cleaner = clean()
            run("INSERT INTO t0000 VALUES (1)", "INSERT INTO t1099 VALUES (1)")

            outcome = cleaner.reset(TEST, identity=Identity.KEEP)

            assert outcome.emptied == ("main.t0000", "main.t1099")

    class WhenKeysAreCounted:
        def test_takes_the_word_in_a_comment_for_no_counter(self, run: Run, clean: Making) -> None:
            run(
                'CREATE TABLE a (id integer primary key /* no AUTOINCREMENT */, "AUTOINCREMENT" text)',
                "CREATE TABLE b (id integer primary key autoincrement)",
            )

            clean().reset(TEST, identity=Identity.SPREAD)

            assert run("SELECT name, seq FROM sqlite_sequence") == [("b", 1000)]

        def test_knows_no_more_of_one_that_the_template_never_used(self, run: Run, clean: Making) -> None:
            run("CREATE TABLE a (id integer primary key autoincrement)")
            cleaner = clean()
            run("INSERT INTO a DEFAULT VALUES")

            cleaner.reset(TEST, identity=Identity.RESEED)

            assert run("SELECT * FROM sqlite_sequence") == []

    class WhenReferenceDataIsLarge:
        @pytest.fixture(autouse=True)
        def _places(self, run: Run) -> None:
            numbers = "WITH RECURSIVE n (id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM n WHERE id <= 10000)"
            run("CREATE TABLE places (id integer primary key)", f"INSERT INTO places {numbers} SELECT id FROM n")
            run("CREATE TABLE kinds (id int)", "INSERT INTO kinds VALUES (1)")

        def test_compares_it_when_it_is_closed(self, file: Path, run: Run) -> None:
            cleaner = SqliteCleaner(f"sqlite:///{file}")
            run("UPDATE places SET id = 0 WHERE id = 7")
            cleaner.reset(TEST, identity=Identity.KEEP)

            with pytest.raises(ReferenceDataChanged) as raised:
                cleaner.close()

            assert raised.value.tables == ("main.places",)

        def test_still_compares_small_tables_every_time(self, run: Run, clean: Making) -> None:
            cleaner = clean()
            run("INSERT INTO kinds VALUES (2)")

            with pytest.raises(ReferenceDataChanged, match="kinds"):
                cleaner.reset(TEST, identity=Identity.KEEP)

    class WhenTheWriteLockIsHeld:
        def test_says_that_nothing_was_emptied(self, file: Path, run: Run) -> None:
            run("CREATE TABLE a (id int)", "INSERT INTO a VALUES (1)", "DELETE FROM a")
            url = f"sqlite:///{file}"
            with (
                closing(SqliteCleaner(url, lock_timeout=timedelta(milliseconds=50))) as cleaner,
                closing(sqlite3.connect(file, isolation_level=None)) as other,
            ):
                other.execute("BEGIN IMMEDIATE")

                with pytest.raises(TransactionLeaked, match="No table was emptied"):
                    cleaner.reset(TEST, identity=Identity.KEEP)

        def test_waits_for_it_as_long_as_told_and_not_as_long_as_hosts_do(self, file: Path, run: Run) -> None:
            run("CREATE TABLE a (id int)")
            began = time.monotonic()
            with (
                closing(SqliteCleaner(f"sqlite:///{file}", lock_timeout=timedelta(milliseconds=10))) as cleaner,
                closing(sqlite3.connect(file, isolation_level=None)) as other,
            ):
                other.execute("BEGIN IMMEDIATE")

                for _ in range(2):  # what was told holds after a refusal, too
                    with pytest.raises(TransactionLeaked):
                        cleaner.reset(TEST, identity=Identity.KEEP)

            assert time.monotonic() - began < BUSY_SECONDS

    class WhenTheUrlNamesNoFile:
        def test_refuses_a_database_in_memory(self) -> None:
            with pytest.raises(InvalidSetting):
                SqliteCleaner("sqlite://")

        def test_refuses_a_folder_that_does_not_exist(self, tmp_path: Path) -> None:
            with pytest.raises(DatabaseMissing):
                SqliteCleaner(f"sqlite:///{tmp_path}/nowhere/shop.sqlite")


class TestSqliteCleanerOfAMarkedFile:
    def test_refuses_one_that_somebody_has_marked_as_his_meanwhile(self, file: Path, run: Run, clean: Making) -> None:
        run("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        marks.write(files_of(file), Mark(Kind.CLONE, "a" * 12, "f"))
        cleaner = clean()
        run("INSERT INTO orders VALUES (1)")
        marks.write(files_of(file), Mark(Kind.CLONE, "b" * 12, "f"))

        with pytest.raises(NotOwned, match="found was the mark of the clone of run b"):
            cleaner.reset(TEST, identity=Identity.KEEP)

        assert run("SELECT id FROM orders") == [(1,)]
