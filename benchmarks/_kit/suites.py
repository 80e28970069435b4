"""Runs of trivial tests by pytest, with a reset after each and without."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parents[1]
MODES = {"with reset": "delete", "without": "none"}

_SETTINGS = """\
[pytest]
corelib_migrations = fixture
corelib_db_prefix = corelib_bench
"""
_SOURCE = """\
import pytest

from _kit.tables import SixtyTables


@pytest.fixture(scope="session")
def db_schema_source():
    return SixtyTables("the same for all runs of this benchmark")
"""
_TESTS = """\
import pytest

from _kit.tables import make_dirty


@pytest.mark.db(reset="{mode}")
@pytest.mark.parametrize("number", range({count}))
def test_writes_to_five_tables(number, db_engine):
    with db_engine.begin() as connection:
        make_dirty(connection)
"""


def measure_suites(url: str, *, tests: int, repeat: int) -> Mapping[str, list[float]]:
    """Return the seconds of whole runs, all modes in each repetition."""
    seconds: dict[str, list[float]] = {mode: [] for mode in MODES}
    with TemporaryDirectory(prefix="corelib-bench-") as folder:
        project = Path(folder)
        (project / "pytest.ini").write_text(_SETTINGS, encoding="utf-8")
        (project / "conftest.py").write_text(_SOURCE, encoding="utf-8")
        for mode, reset in MODES.items():
            text = _TESTS.format(mode=reset, count=tests)
            (project / f"test_{mode.replace(' ', '_')}.py").write_text(text, encoding="utf-8")
        _run(project, url, "without")  # makes the template
        for _ in range(repeat):
            for mode in MODES:
                seconds[mode].append(_run(project, url, mode))
    return seconds


def _run(project: Path, url: str, mode: str) -> float:
    """Return the seconds of one run."""
    paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "CORELIB_TEST_DATABASE_URL": url}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", f"test_{mode.replace(' ', '_')}.py"]
    began = time.perf_counter()
    ended = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if ended.returncode != 0:
        raise RuntimeError(f"The trivial tests failed:\n{ended.stdout}{ended.stderr}")
    return seconds
