from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from corelib.errors import AlreadyExists, CorelibError, DatabaseMissing
from corelib.testing.database.sqlite.cloner import SqliteCloner
from corelib.testing.database.sqlite.server import SqliteServer


@pytest.fixture
def server(tmp_path: Path) -> SqliteServer:
    return SqliteServer(f"sqlite:///{tmp_path}/")


@pytest.fixture
def cloner(server: SqliteServer) -> SqliteCloner:
    return SqliteCloner(server)


@pytest.fixture
def template(server: SqliteServer) -> Path:
    """The file of the database `t`, in which a text stands."""
    server.create("t")
    file = server.files("t").main
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE t (text TEXT)")
        connection.execute("INSERT INTO t VALUES ('seed')")
    return file


def texts_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM t").fetchall()]


class TestSqliteCloner:
    class WhenTheTemplateIsOneFile:
        def test_copies_it_byte_by_byte(self, server: SqliteServer, cloner: SqliteCloner, template: Path) -> None:
            cloner.clone("t", "c")

            assert server.files("c").main.read_bytes() == template.read_bytes()

        def test_can_be_written_although_the_template_is_sealed(
            self, server: SqliteServer, cloner: SqliteCloner, template: Path
        ) -> None:
            server.seal("t")

            cloner.clone("t", "c")

            assert server.files("c").main.stat().st_mode & 0o200
            assert not template.stat().st_mode & 0o200

        def test_leaves_nothing_but_the_clone(self, cloner: SqliteCloner, template: Path, tmp_path: Path) -> None:
            cloner.clone("t", "c")

            assert sorted(tmp_path.iterdir()) == [tmp_path / "c.sqlite", template]

    class WhenSomebodyHasTheTemplateOpen:
        @pytest.mark.parametrize("mode", ["WAL", "DELETE"])
        def test_has_what_was_committed_and_nothing_else(
            self, server: SqliteServer, cloner: SqliteCloner, template: Path, mode: str
        ) -> None:
            with closing(sqlite3.connect(template, isolation_level=None)) as connection:
                connection.execute(f"PRAGMA journal_mode = {mode}").fetchall()
                connection.execute("INSERT INTO t VALUES ('committed')")
                connection.execute("BEGIN")
                connection.execute("INSERT INTO t VALUES ('not yet')")

                cloner.clone("t", "c")

            assert texts_in(server.files("c").main) == ["seed", "committed"]
            assert not server.files("c").part.exists()

    class WhenThereIsNoTemplate:
        def test_says_so_and_leaves_nothing(self, cloner: SqliteCloner, tmp_path: Path) -> None:
            with pytest.raises(DatabaseMissing, match=r"t\.sqlite"):
                cloner.clone("t", "c")

            assert list(tmp_path.iterdir()) == []

    class WhenTheCopyFails:
        def test_leaves_nothing_of_it(self, server: SqliteServer, cloner: SqliteCloner, tmp_path: Path) -> None:
            (tmp_path / "t.sqlite").mkdir()

            with pytest.raises(CorelibError):
                cloner.clone("t", "c")

            assert list(tmp_path.iterdir()) == [tmp_path / "t.sqlite"]
            assert list(server.names("c")) == []

    class WhenAnotherProcessMakesTheSameClone:
        def test_is_refused_and_leaves_it_alone(
            self, server: SqliteServer, cloner: SqliteCloner, template: Path
        ) -> None:
            server.files("c").part.write_bytes(template.read_bytes()[:100])

            with pytest.raises(AlreadyExists, match="another process"):
                cloner.clone("t", "c")

            assert server.files("c").part.stat().st_size == 100

        def test_is_made_when_what_a_killed_one_left_was_dropped(
            self, server: SqliteServer, cloner: SqliteCloner, template: Path
        ) -> None:
            server.files("c").part.write_bytes(template.read_bytes()[:100])

            server.drop("c")
            cloner.clone("t", "c")

            assert texts_in(server.files("c").main) == ["seed"]

    class WhenAReportIsPrinted:
        def test_has_words_for_it(self, cloner: SqliteCloner) -> None:
            assert cloner.label == "copy of the file"
