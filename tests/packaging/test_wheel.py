from __future__ import annotations

import os
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from zipfile import ZipFile

import pytest

import corelib

pytest.importorskip("hatchling")

CHECKOUT = Path(__file__).parents[2]
METADATA = f"corelib-{corelib.__version__}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is in the wheel, by name."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    with ZipFile(file) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def sources() -> set[str]:
    """The files of the package, but for what Python has compiled."""
    root = CHECKOUT / "src"
    return {
        str(Path(folder, file).relative_to(root)).replace(os.sep, "/")
        for folder, _, files in os.walk(root / "corelib")
        for file in files
        if "__pycache__" not in folder
    }


class TestWheel:
    def test_has_every_file_of_the_package_and_no_other(self, wheel: dict[str, str]) -> None:
        files = {name for name in wheel if not name.startswith(f"{METADATA}/")}

        assert files == sources()

    def test_says_that_it_has_types(self, wheel: dict[str, str]) -> None:
        assert "corelib/py.typed" in wheel

    def test_brings_the_license(self, wheel: dict[str, str]) -> None:
        assert f"{METADATA}/licenses/LICENSE" in wheel

    @pytest.mark.parametrize(
        ("group", "entry"),
        [
            ("pytest11", ("corelib", "corelib.testing.plugin")),
            ("console_scripts", ("corelib", "corelib.cli.main:main")),
        ],
    )
    def test_tells_pytest_and_pip_what_there_is_to_load(
        self, wheel: dict[str, str], group: str, entry: tuple[str, str]
    ) -> None:
        entries = ConfigParser(delimiters=("=",))
        entries.read_string(wheel[f"{METADATA}/entry_points.txt"])

        assert entries.items(group) == [entry]

    def test_needs_nothing_but_attrs_without_an_extra(self, wheel: dict[str, str]) -> None:
        lines = wheel[f"{METADATA}/METADATA"].splitlines()

        needed = [line for line in lines if line.startswith("Requires-Dist: ") and "extra ==" not in line]
        assert needed == ["Requires-Dist: attrs>=25.1"]
