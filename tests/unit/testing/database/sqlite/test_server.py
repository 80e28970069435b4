from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from corelib.errors import AlreadyExists, DatabaseMissing, InvalidSetting, PersistentFailure
from corelib.testing.database.model import Kind, Mark
from corelib.testing.database.sqlite.server import SqliteServer

MARK = Mark(Kind.CLONE, "0123456789ab", "f" * 64)


@pytest.fixture
def server(tmp_path: Path) -> SqliteServer:
    return SqliteServer(f"sqlite:///{tmp_path}/")


class TestSqliteServer:
    class WhenItIsOpened:
        def test_takes_a_folder(self, tmp_path: Path) -> None:
            assert SqliteServer(f"sqlite:///{tmp_path}/").folder == tmp_path

        def test_takes_a_folder_without_its_slash(self, tmp_path: Path) -> None:
            assert SqliteServer(f"sqlite:///{tmp_path}").folder == tmp_path

        def test_takes_the_folder_of_a_file_whether_it_exists_or_not(self, tmp_path: Path) -> None:
            assert SqliteServer(f"sqlite:///{tmp_path}/orders.sqlite").folder == tmp_path

        @pytest.mark.parametrize(
            "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:orders?uri=true", "postgresql://h/orders", "x"]
        )
        def test_refuses_what_names_no_folder(self, url: str) -> None:
            with pytest.raises(InvalidSetting):
                SqliteServer(url)

        @pytest.mark.parametrize("end", ["missing/", "missing/orders.sqlite"])
        def test_refuses_a_folder_that_is_not_there(self, tmp_path: Path, end: str) -> None:
            with pytest.raises(DatabaseMissing, match="missing for database files does not exist"):
                SqliteServer(f"sqlite:///{tmp_path}/{end}")

        def test_is_on_this_machine(self, server: SqliteServer) -> None:
            assert server.host == ""

        def test_says_what_library_it_is(self, server: SqliteServer) -> None:
            assert server.facts().product == f"SQLite {sqlite3.sqlite_version}"

    class WhenDatabasesAreMade:
        def test_are_files_that_their_urls_lead_to(self, server: SqliteServer, tmp_path: Path) -> None:
            server.create("one")

            assert server.url("one") == f"sqlite:///{tmp_path}/one.sqlite"
            assert (tmp_path / "one.sqlite").read_bytes() == b""

        def test_says_so_if_the_folder_is_gone(self, server: SqliteServer, tmp_path: Path) -> None:
            tmp_path.rmdir()

            with pytest.raises(DatabaseMissing):
                server.create("one")
            with pytest.raises(DatabaseMissing):
                server.names("")

        def test_lists_no_other_files(self, server: SqliteServer, tmp_path: Path) -> None:
            server.create("one")
            for name in ("one.sqlite-wal", "one.sqlite.mark.json", "two.sqlite.part", "three.db"):
                (tmp_path / name).touch()

            assert list(server.names("")) == ["one"]

    class WhenADatabaseIsDropped:
        def test_goes_with_all_that_lies_beside_it(self, server: SqliteServer, tmp_path: Path) -> None:
            server.create("one")
            server.mark("one", MARK)
            for end in ("-wal", "-shm", "-journal", ".part", ".part-journal"):
                (tmp_path / f"one.sqlite{end}").touch()

            server.drop("one")

            assert list(tmp_path.iterdir()) == []

        def test_goes_although_somebody_has_it_open(self, server: SqliteServer) -> None:
            server.create("one")
            with closing(sqlite3.connect(server.files("one").main)) as connection:
                connection.execute("CREATE TABLE t (id INTEGER)")

                server.drop("one")

            assert list(server.names("")) == []

    class WhenADatabaseIsRenamed:
        def test_takes_along_what_stands_in_its_log_only(self, server: SqliteServer) -> None:
            server.create("one")
            crash_with_log(server.files("one").main)

            server.rename("one", "two")

            assert texts_in(server.files("two").main) == ["logged"]
            assert server.files("two").is_whole

        def test_leaves_nothing_of_the_old_name(self, server: SqliteServer, tmp_path: Path) -> None:
            server.create("one")
            server.mark("one", MARK)

            server.rename("one", "two")

            assert sorted(file.name for file in tmp_path.iterdir()) == ["two.sqlite", "two.sqlite.mark.json"]

        def test_is_refused_where_none_is(self, server: SqliteServer, tmp_path: Path) -> None:
            with pytest.raises(DatabaseMissing, match=r"one\.sqlite"):
                server.rename("one", "two")

            assert list(tmp_path.iterdir()) == []

    class WhenATemplateIsSealed:
        def test_is_one_file_that_is_read_only(self, server: SqliteServer) -> None:
            server.create("one")
            crash_with_log(server.files("one").main)

            server.seal("one")

            assert server.files("one").is_whole
            assert stat.S_IMODE(server.files("one").main.stat().st_mode) == 0o444

        def test_is_refused_where_none_is(self, server: SqliteServer) -> None:
            with pytest.raises(DatabaseMissing):
                server.seal("one")

    class WhenADatabaseIsMarked:
        def test_is_refused_where_none_is(self, server: SqliteServer, tmp_path: Path) -> None:
            with pytest.raises(DatabaseMissing):
                server.mark("one", MARK)

            assert list(tmp_path.iterdir()) == []

        def test_has_no_mark_when_another_file_has_taken_its_place(self, server: SqliteServer, tmp_path: Path) -> None:
            server.create("one")
            server.mark("one", MARK)
            (tmp_path / "other").touch()

            (tmp_path / "other").replace(server.files("one").main)

            assert server.mark_of("one") is None

        @pytest.mark.parametrize("text", ["", "{}", "[]", "\udcff"])
        def test_has_no_mark_when_the_file_says_something_else(self, server: SqliteServer, text: str) -> None:
            server.create("one")

            server.files("one").mark.write_bytes(text.encode("utf-8", "surrogateescape"))

            assert server.mark_of("one") is None

    class WhenThereAreNoSessions:
        def test_ends_none(self, server: SqliteServer) -> None:
            server.end_session(4711)

            assert list(server.sessions("one")) == []

    class WhenAFileIsNoDatabase:
        def test_says_so(self, server: SqliteServer) -> None:
            files = server.files("one")
            files.main.write_bytes(b"no database at all" * 100)
            files.journals[0].write_bytes(b"nor a log")

            with pytest.raises(PersistentFailure, match="not a database"):
                server.seal("one")

    class WhenTheNameIsTaken:
        def test_names_the_file(self, server: SqliteServer) -> None:
            server.create("one")

            with pytest.raises(AlreadyExists, match=r"one\.sqlite already"):
                server.create("one")


def crash_with_log(file: Path) -> None:
    """Leave a database as a process does that was killed: what it wrote last stands in the log alone."""
    copies = [file.with_name(f"{file.name}{end}") for end in ("", "-wal")]
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("CREATE TABLE t (text TEXT)")
        connection.execute("INSERT INTO t VALUES ('logged')")
        kept = [copy.read_bytes() for copy in copies]
    for copy, content in zip(copies, kept, strict=True):
        copy.write_bytes(content)


def texts_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM t").fetchall()]
