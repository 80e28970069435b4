"""Running the project's commands as real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SECONDS = 240


def python(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments to its end and return what it printed."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=with_kitlab(environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def start_python(
    *arguments: str, log: Path, environment: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start Python with these arguments; what it prints goes to the end of a file."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *arguments], env=with_kitlab(environment), stdout=output, stderr=output, stdin=stdin
        )


def with_kitlab(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which kitlab can be imported, and these variables."""
    paths = [str(PROJECT / "examples"), str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(environment or {})}
