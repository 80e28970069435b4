from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest

from corelib.testing.servers.temporary import private_directory, remove


@pytest.fixture
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place for temporary files."""
    usual = tmp_path / "usual"
    usual.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(usual))
    return usual


@pytest.fixture
def preferred(tmp_path: Path) -> Path:
    preferred = tmp_path / "preferred"
    preferred.mkdir()
    return preferred


class TestPrivateDirectory:
    def test_is_closed_to_others_and_says_what_it_is_for(self, usual: Path) -> None:
        made = private_directory("redis", suits=lambda _: True)

        assert made.parent == usual
        assert made.name.startswith("corelib-redis-")
        assert stat.S_IMODE(made.stat().st_mode) == 0o700

    def test_is_another_one_each_time(self, usual: Path) -> None:
        first = private_directory("redis", suits=lambda _: True)

        assert private_directory("redis", suits=lambda _: True) != first

    class WhenAPlaceIsPreferred:
        def test_stands_there(self, usual: Path, preferred: Path) -> None:
            made = private_directory("redis", suits=lambda _: True, preferred=[preferred])

            assert made.parent == preferred

        def test_stands_in_the_usual_place_if_that_alone_suits(self, usual: Path, preferred: Path) -> None:
            made = private_directory("redis", suits=usual.__eq__, preferred=[preferred])

            assert made.parent == usual

    class WhenNoPlaceSuits:
        def test_stands_in_tmp(self, usual: Path, preferred: Path) -> None:
            made = private_directory("redis", suits=lambda _: False, preferred=[preferred])

            assert made.parent == Path("/tmp")
            remove(made)


class TestRemove:
    def test_removes_all_that_is_in_it(self, tmp_path: Path) -> None:
        directory = tmp_path / "directory"
        (directory / "below").mkdir(parents=True)
        (directory / "below" / "file").touch()

        remove(directory)

        assert list(tmp_path.iterdir()) == []

    def test_minds_nothing_that_is_gone_already(self, tmp_path: Path) -> None:
        remove(tmp_path / "nothing")

        assert list(tmp_path.iterdir()) == []
