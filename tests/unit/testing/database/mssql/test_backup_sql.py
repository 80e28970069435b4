from __future__ import annotations

import re

import pytest

pytest.importorskip("sqlalchemy")

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.testing.database.mssql.golden_files import compare

from corelib.testing.database.model import Kind, Mark
from corelib.testing.database.mssql import admin_sql, backup_sql, options
from corelib.testing.database.mssql.facts import MASTER_FILES, MODEL, PROPERTIES, RIGHTS
from corelib.testing.database.mssql.files import BackedUpFile, Folders, Move, moves
from corelib.testing.database.mssql.marks import READ_MARK, write_mark

FILES = [
    BackedUpFile("shop", "D", 1),
    BackedUpFile("shop_log", "L", 2),
    BackedUpFile("Archive of 2025's [orders]", "D", 3),
    BackedUpFile("in_memory", "S", 65537),
    BackedUpFile("words", "F", 65538),
]
LINUX = Folders("/var/opt/mssql/data/", "/var/opt/mssql/log/")
WINDOWS = Folders("E:\\SQL\\DATA\\", "F:\\LOG\\")
LINUX_PATH, WINDOWS_PATH = "/var/opt/mssql/backup/shop_t_1.bak", r"\\files\backup\shop_t_1.bak"

BACKUP = {
    "flush the log": backup_sql.FLUSH_LOG,
    "back up": backup_sql.backup("shop_b_1", LINUX_PATH, compressed=False),
    "back up, compressed": backup_sql.backup("shop_b_1", WINDOWS_PATH, compressed=True),
    "verify": backup_sql.verify(LINUX_PATH),
    "list the files": backup_sql.file_list(LINUX_PATH),
    "restore on Linux": backup_sql.restore("shop_c_1", LINUX_PATH, moves(FILES, "shop_c_1", LINUX)),
    "restore on Windows": backup_sql.restore("shop_c_1", WINDOWS_PATH, moves(FILES, "shop_c_1", WINDOWS)),
    "look at the files": backup_sql.restored_files("shop_c_1"),
    "delete": backup_sql.delete_file(LINUX_PATH),
}
ADMINISTRATION = {
    "properties": PROPERTIES,
    "rights": RIGHTS,
    "files of master": MASTER_FILES,
    "options of model": MODEL,
    "names": admin_sql.databases_like("shop_c_"),
    "state": admin_sql.state_of("shop_c_1"),
    "create": options.create_database("shop_c_1", {}),
    "create with a collation": options.create_database("shop_c_1", {"COLLATE": "Latin1_General_100_CI_AS"}),
    **{f"set {name}": options.set_option("shop_c_1", name, value) for name, value in options.QUICK.items()},
    "throw out and drop": admin_sql.close_and_drop("shop_c_1"),
    "drop": admin_sql.drop("shop_c_1"),
    "rename": admin_sql.rename("shop_b_1", "shop_t_1"),
    "seal": admin_sql.set_read_only("shop_t_1"),
    "unseal": admin_sql.set_read_write("shop_t_1"),
    "read the mark": READ_MARK,
    "write the mark": write_mark(Mark(Kind.CLONE, "0123456789ab", "f00d")),
    "sessions": admin_sql.sessions("shop_c_1"),
    "sessions, plainly": admin_sql.plain_sessions("shop_c_1"),
    "one session": admin_sql.session(55),
    "end a session": admin_sql.kill(55),
    "being made": admin_sql.being_made("shop_c_1"),
}
MOVES = st.lists(st.builds(Move, st.text(min_size=1), st.text(min_size=1)), max_size=6)


class TestStatements:
    def test_of_backup_are_those_of_the_golden_file(self) -> None:
        compare("backup", BACKUP)

    def test_of_administration_are_those_of_the_golden_file(self) -> None:
        compare("administration", ADMINISTRATION)

    @pytest.mark.parametrize("title", sorted(ADMINISTRATION.keys() - {"write the mark"}))  # whose EXEC it cannot read
    def test_are_transact_sql(self, title: str) -> None:
        sqlglot = pytest.importorskip("sqlglot")

        parsed = sqlglot.parse(ADMINISTRATION[title], read="tsql")

        assert all(statement is not None for statement in parsed)


class TestBackup:
    @pytest.mark.parametrize("compressed", [True, False])
    def test_leaves_the_backups_of_others_alone_and_makes_the_file_anew(self, compressed: bool) -> None:
        text = backup_sql.backup("shop", "shop.bak", compressed=compressed)

        assert {"COPY_ONLY", "FORMAT", "INIT", "CHECKSUM"} <= words_of(text)
        assert "STATS" not in words_of(text)


class TestRestore:
    @given(MOVES)
    def test_moves_every_file_once_whatever_its_name(self, moved: list[Move]) -> None:
        text = backup_sql.restore("shop", "shop.bak", moved)

        found = re.findall(r", MOVE N'((?:[^']|'')*)' TO N'((?:[^']|'')*)'", text)
        assert [(name.replace("''", "'"), path.replace("''", "'")) for name, path in found] == [
            (move.logical_name, move.path) for move in moved
        ]

    @given(MOVES)
    def test_has_nothing_outside_of_its_quotes_that_a_name_could_bring(self, moved: list[Move]) -> None:
        text = backup_sql.restore("shop", "shop.bak", moved)

        bare = re.sub(r"N'(?:[^']|'')*'", "?", text)
        moving = ", MOVE ? TO ?" * len(moved)
        assert bare == f"RESTORE DATABASE [shop] FROM DISK = ? WITH CHECKSUM, RECOVERY{moving}"

    def test_never_writes_over_a_database(self) -> None:
        assert "REPLACE" not in words_of(BACKUP["restore on Linux"])


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[A-Z_]+", text))
