from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from hypothesis import given
from hypothesis import strategies as st

from corelib.errors import ConfigurationError, PersistentFailure
from corelib.testing.database.mssql.files import BackedUpFile, Folders, files_from, joined, moves

LINUX = Folders("/var/opt/mssql/data/", "/var/opt/mssql/log/")


def listed(name: str, kind: str, number: int, dropped_at: object = None) -> tuple[object, ...]:
    """A row of RESTORE FILELISTONLY, as far as it is read."""
    return (name, "wherever", kind, "PRIMARY", 8388608, 35184372080640, number, 0, dropped_at)


FILE_LISTS = st.lists(
    st.builds(BackedUpFile, st.text(min_size=1, max_size=128), st.sampled_from("DLFS"), st.integers(1, 32767)),
    unique_by=(lambda file: file.number, lambda file: file.logical_name),
    max_size=12,
)


class TestFilesFrom:
    def test_reads_names_kinds_and_numbers(self) -> None:
        rows = [listed("shop", "D", 1), listed("shop_log", "L", 2)]

        assert files_from(rows, "shop.bak") == [BackedUpFile("shop", "D", 1), BackedUpFile("shop_log", "L", 2)]

    def test_knows_files_that_were_dropped(self) -> None:
        rows = [listed("shop", "D", 1, 0), listed("shop_log", "L", 2), listed("old", "D", 3, 36000000017600001)]

        assert [file.is_there for file in files_from(rows, "shop.bak")] == [True, True, False]

    @pytest.mark.parametrize("rows", [[], [listed("shop", "D", 1)], [listed("shop_log", "L", 2)]])
    def test_refuses_what_makes_no_database(self, rows: list[tuple[object, ...]]) -> None:
        with pytest.raises(PersistentFailure, match=r"shop\.bak does not list both data and log"):
            files_from(rows, "shop.bak")


class TestMoves:
    @given(FILE_LISTS)
    def test_have_a_place_of_its_own_for_every_file(self, files: list[BackedUpFile]) -> None:
        planned = moves(files, "shop_c_1", LINUX)

        assert [move.logical_name for move in planned] == [file.logical_name for file in files]
        assert len({move.path.lower() for move in planned}) == len(files)

    @given(FILE_LISTS)
    def test_take_nothing_from_the_logical_names(self, files: list[BackedUpFile]) -> None:
        """They may have anything in them, as a path to somewhere else."""
        allowed = set("abcdefghijklmnopqrstuvwxyz0123456789_./")

        assert {letter for move in moves(files, "shop_c_1", LINUX) for letter in move.path} <= allowed

    def test_put_logs_into_the_folder_for_logs(self) -> None:
        files = [
            BackedUpFile("shop", "D", 1),
            BackedUpFile("shop_log", "L", 2),
            BackedUpFile("more", "D", 3),
            BackedUpFile("in_memory", "S", 65537),
            BackedUpFile("words", "F", 65538),
        ]

        assert [move.path for move in moves(files, "shop_c_1", LINUX)] == [
            "/var/opt/mssql/data/shop_c_1_1.mdf",
            "/var/opt/mssql/log/shop_c_1_2.ldf",
            "/var/opt/mssql/data/shop_c_1_3.ndf",
            "/var/opt/mssql/data/shop_c_1_65537",
            "/var/opt/mssql/data/shop_c_1_65538",
        ]

    def test_are_refused_where_a_path_is_too_long(self) -> None:
        folders = Folders("/" + "d" * 250 + "/", LINUX.log)

        with pytest.raises(ConfigurationError, match="and the server takes 259"):
            moves([BackedUpFile("shop", "D", 1)], "shop_c_1", folders)


class TestJoined:
    @pytest.mark.parametrize(
        ("folder", "path"),
        [
            ("/var/opt/mssql/data", "/var/opt/mssql/data/shop.mdf"),
            ("/var/opt/mssql/data/", "/var/opt/mssql/data/shop.mdf"),
            ("C:\\Data", "C:\\Data\\shop.mdf"),
            ("C:\\Data\\", "C:\\Data\\shop.mdf"),
            ("\\\\files\\sql", "\\\\files\\sql\\shop.mdf"),
            ("D:/data/", "D:/data/shop.mdf"),
            ("", "shop.mdf"),
        ],
    )
    def test_has_the_separator_of_the_server(self, folder: str, path: str) -> None:
        assert joined(folder, "shop.mdf") == path
