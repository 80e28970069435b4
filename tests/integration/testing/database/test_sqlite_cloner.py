"""Clones of SQLite databases on a disk that is full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.tiny_disk import TinyDisk, tiny_disk

from corelib.errors import StorageFull
from corelib.testing.database.sqlite.cloner import SqliteCloner
from corelib.testing.database.sqlite.server import SqliteServer


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[TinyDisk]:
    """A disk with a template of 1 MB and room for half of it."""
    with tiny_disk(tmp_path) as disk:
        with closing(sqlite3.connect(tmp_path / "t.sqlite")) as connection, connection:
            connection.execute("CREATE TABLE t (content BLOB)")
            connection.execute("INSERT INTO t VALUES (zeroblob(1000000))")
        disk.leave(500_000)
        yield disk


class TestSqliteClonerOnAFullDisk:
    @pytest.mark.parametrize("ends", [[], ["-journal"]], ids=["by the bytes", "by SQLite"])
    def test_says_so_and_leaves_nothing(self, disk: TinyDisk, ends: list[str]) -> None:
        for end in ends:
            (disk.folder / f"t.sqlite{end}").touch()
        server = SqliteServer(f"sqlite:///{disk.folder}/")

        with pytest.raises(StorageFull, match="no room"):
            SqliteCloner(server).clone("t", "c")

        assert list(disk.folder.glob("c*")) == []

    def test_can_be_repeated_when_there_is_room(self, disk: TinyDisk) -> None:
        server = SqliteServer(f"sqlite:///{disk.folder}/")
        with pytest.raises(StorageFull):
            SqliteCloner(server).clone("t", "c")
        disk.make_room()

        SqliteCloner(server).clone("t", "c")

        assert list(server.names("c")) == ["c"]
