from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import create_engine
from corelib.adapters.sqlalchemy.diagnosis import State, diagnose
from corelib.adapters.sqlalchemy.diagnosis.sqlite import diagnose_file
from corelib.errors import InvalidSetting

OK, WARNING, FAILURE = State.OK, State.WARNING, State.FAILURE


def stated(url: str, *, deep: bool = False) -> dict[str, State]:
    return {each.name: each.state for each in diagnose(url, deep=deep).findings}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.sqlite"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


class TestDiagnoseFile:
    class WhenThereIsNoFileYet:
        def test_looks_at_its_folder_and_makes_none(self, url: str, file: Path) -> None:
            names = [each.name for each in diagnose(url).findings]

            assert names == ["version", "folder", "file", "disk space"]
            assert not file.exists()

        def test_fails_without_the_folder(self, tmp_path: Path) -> None:
            found = diagnose(f"sqlite:///{tmp_path}/nowhere/shop.sqlite")

            assert not found.connected
            assert [(each.name, each.state, each.advice) for each in found.findings] == [
                ("file", FAILURE, "Create it first.")
            ]

        @pytest.mark.parametrize("memory", ["sqlite://", "sqlite:///:memory:"])
        def test_refuses_a_database_in_memory(self, memory: str) -> None:
            with pytest.raises(InvalidSetting, match="in memory"):
                diagnose(memory)

    class WhenCorelibMadeTheFile:
        def test_finds_nothing_to_do(self, url: str) -> None:
            engine = create_engine(url)
            with engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE ware (id int)")
            engine.dispose()

            assert stated(url, deep=True) == dict.fromkeys(
                ["version", "folder", "file", "journal mode", "encoding", "integrity", "disk space"], OK
            )

    class WhenAnotherProgramMadeTheFile:
        def test_warns_of_its_journal_mode_and_leaves_it(self, url: str, file: Path) -> None:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("CREATE TABLE ware (id int)")
            before = file.read_bytes()

            assert stated(url)["journal mode"] is WARNING
            assert file.read_bytes() == before

        def test_leaves_to_it_what_it_has_not_written_back(self, url: str, file: Path, tmp_path: Path) -> None:
            with closing(sqlite3.connect(tmp_path / "open.sqlite")) as connection, connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("CREATE TABLE ware (id int)")
                connection.commit()
                for end in ("", "-wal"):
                    shutil.copy(tmp_path / f"open.sqlite{end}", f"{file}{end}")
            before = file.read_bytes()

            diagnose(url, deep=True)

            assert file.read_bytes() == before
            assert Path(f"{file}-wal").stat().st_size > 0

    class WhenSomethingMayNotBeWritten:
        def test_names_the_folder(self, url: str, tmp_path: Path) -> None:
            found = diagnose_file(sa.make_url(url), deep=False, writable=lambda path: path != tmp_path)

            assert {each.name for each in found.findings if each.state is FAILURE} == {"folder"}

        def test_names_the_file(self, url: str, file: Path) -> None:
            file.touch()

            found = diagnose_file(sa.make_url(url), deep=False, writable=lambda path: path != file)

            assert {each.name for each in found.findings if each.state is FAILURE} == {"file"}

    class WhenTheLibraryIsOld:
        @pytest.mark.parametrize(("library", "state"), [((3, 37, 2), FAILURE), ((3, 38, 0), OK)])
        def test_says_which_one_it_takes(self, url: str, library: tuple[int, int, int], state: State) -> None:
            version = diagnose_file(sa.make_url(url), deep=False, library=library).findings[0]

            assert version.state is state

    class WhenTheFileIsNoDatabase:
        def test_says_so(self, url: str, file: Path) -> None:
            file.write_text("a letter, and a long one at that " * 100)

            found = diagnose(url)

            assert not found.connected
            assert found.findings[-1].found == "it cannot be read: file is not a database"

    class WhenTheFileIsDamaged:
        def test_finds_out_if_it_reads_it_whole(self, url: str, file: Path) -> None:
            with closing(sqlite3.connect(file)) as connection, connection:
                connection.execute("CREATE TABLE ware (name text)")
                connection.executemany("INSERT INTO ware VALUES (?)", [("x" * 500,)] * 200)
            damaged = bytearray(file.read_bytes())
            damaged[-4096:] = b"\xff" * 4096
            file.write_bytes(damaged)

            assert stated(url, deep=True)["integrity"] is FAILURE
