from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from corelib.testing.servers.memory import Place, place_of, suits_server

MOUNTS = Path("/proc/self/mounts")
ROOM = 512 * 1024 * 1024


def offering(free_bytes: int = ROOM, *, executes: bool = True) -> Callable[[Path], Place]:
    return lambda _: Place(free_bytes, executes)


class TestSuitsServer:
    def test_is_true_where_there_is_room(self, tmp_path: Path) -> None:
        assert suits_server(tmp_path, executes=True, look=offering())

    def test_is_false_where_containers_have_their_64_megabytes(self, tmp_path: Path) -> None:
        assert not suits_server(tmp_path, executes=False, look=offering(64 * 1024 * 1024))

    def test_is_false_a_byte_below_the_limit(self, tmp_path: Path) -> None:
        assert not suits_server(tmp_path, executes=False, look=offering(ROOM - 1))

    def test_is_false_where_there_is_no_such_directory(self, tmp_path: Path) -> None:
        assert not suits_server(tmp_path / "nothing", executes=False, look=offering())

    def test_is_false_for_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.touch()

        assert not suits_server(file, executes=False, look=offering())

    class WhenNoProgramCanBeRunFromThere:
        @pytest.mark.parametrize(("executes", "suits"), [(True, False), (False, True)])
        def test_suits_those_whose_programs_stand_elsewhere(self, tmp_path: Path, executes: bool, suits: bool) -> None:
            assert suits_server(tmp_path, executes=executes, look=offering(executes=False)) is suits


class TestPlaceOf:
    def test_tells_the_room_of_a_file_system(self, tmp_path: Path) -> None:
        assert place_of(tmp_path).free_bytes > 0

    @pytest.mark.skipif(not MOUNTS.exists(), reason="Linux alone tells the options of its file systems there")
    def test_tells_whether_programs_can_be_run_from_there(self) -> None:
        mounts = [line.split()[1:4] for line in MOUNTS.read_text().splitlines()]
        options = {directory: given.split(",") for directory, _, given in mounts if os.access(directory, os.X_OK)}

        executes = {directory: place_of(Path(directory)).executes for directory in options}

        assert executes == {directory: "noexec" not in given for directory, given in options.items()}
