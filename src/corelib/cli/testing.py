"""`corelib testing`: what a host needs to test on a real SQL Server."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from corelib.errors import InvalidSetting

FILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "docker-compose.test.yml": "docker-compose.test.yml",
        ".env.test.example": "env.test.example",
        ".github/workflows/integration.yml": "integration.yml",
    }
)
"""Where each file goes, and the name of its template."""

SNIPPET: Final = "pyproject.snippet.toml"
_AFTERWARDS = """
Add .env.test to .gitignore. Then add this to pyproject.toml; the fixtures of the test kit, as db_engine, need no
conftest.py:
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `testing` and its actions."""
    group = commands.add_parser("testing", help="prepare a host for tests on a real SQL Server")
    actions = group.add_subparsers(title="actions", required=True, metavar="ACTION")
    parser = actions.add_parser(
        "files",
        help="write the files for a SQL Server for tests, here and in CI",
        description=f"Writes {', '.join(FILES)}. A file that is there already is kept.",
    )
    parser.add_argument("--directory", type=Path, default=Path(), metavar="DIR", help="the host's; default: this one")
    parser.add_argument("--force", action="store_true", help="write over files that are there already")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    for name, outcome in write_files(options.directory, force=options.force).items():
        print(f"{outcome} {name}")
    print(f"{_AFTERWARDS}\n{template(SNIPPET)}", end="")
    return 0


def write_files(directory: Path, *, force: bool = False) -> dict[str, str]:
    """Write the files of a host.

    Args:
        directory: the host's; it has to be there.
        force: write over files that are there already; otherwise they are kept.

    Returns:
        For each file what became of it, a word for people.

    Raises:
        InvalidSetting: if the directory is not there, or a file cannot be written.
    """
    if not directory.is_dir():
        raise InvalidSetting(f"There is no directory {directory}.", hint="Create it first.")
    try:
        return {name: _write(directory / name, template(source), force=force) for name, source in FILES.items()}
    except OSError as error:
        raise InvalidSetting(
            f"{error.filename} cannot be written: {error.strerror}.", hint="Check what is there, and the rights on it."
        ) from error


def template(name: str) -> str:
    """Return the text of a template, which comes with the package."""
    folder: Traversable = files("corelib.cli") / "templates"
    return (folder / name).read_text(encoding="utf-8")


def _write(path: Path, text: str, *, force: bool) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if force:
        path.write_text(text, encoding="utf-8")
        return "wrote"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return "kept"
    return "wrote"
