"""The blocks of the documentation's pages, and pages that are a project whose tests pytest runs."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from attrs import frozen

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# file: (?P<path>\S+)\n")
PROJECT = "<!-- project -->"
"""On a page whose blocks are the files of one project: pytest runs them in a process of its own, on a database."""


@frozen
class Block:
    """A fenced block of a page.

    Args:
        line: where its text begins, from 1.
        path: of the file that it is; None for a block that is run.
    """

    language: str
    text: str
    line: int
    path: str | None

    @property
    def is_test(self) -> bool:
        return self.path is not None and Path(self.path).name.startswith("test_")


def blocks_of(page: Path) -> list[Block]:
    """Return what is executed: Python, and the settings that it needs."""
    text = page.read_text(encoding="utf-8")
    return [_block(text, fence) for fence in FENCE.finditer(text) if fence["language"] in {"python", "toml"}]


def _block(text: str, fence: re.Match[str]) -> Block:
    named = FILE.match(fence["text"])
    line = text.count("\n", 0, fence.start("text")) + 1
    return Block(fence["language"], fence["text"], line, named["path"] if named else None)


def is_project(page: Path) -> bool:
    """Return whether the blocks of a page are one project."""
    return PROJECT in page.read_text(encoding="utf-8")


def names_of_tests_in(text: str) -> set[str]:
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return {function.name for function in functions if function.name.startswith("test_")}


def run_project(page: Path, folder: Path, *options: str) -> str:
    """Write the files of a page into a folder, have pytest run its tests, and return what that printed.

    The plugin of corelib is loaded by name: what else is installed beside pytest is no part of a page.

    Raises:
        AssertionError: if a test has not passed, or was not run; with the output.
    """
    blocks = blocks_of(page)
    _write(blocks, folder)
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "corelib.testing.plugin", "-p", "no:cacheprovider", "-ra"]
    given = {name: value for name, value in os.environ.items() if not name.startswith(("CORELIB_REQUIRE", "PYTEST_"))}
    ran = subprocess.run(
        [*command, f"--junitxml={report}", f"--basetemp={folder / 'temporary'}", *options],
        cwd=folder,
        env={**given, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = f"{ran.stdout}\n{ran.stderr}"
    assert ran.returncode == 0, told
    wanted = {name for block in blocks if block.is_test for name in names_of_tests_in(block.text)}
    assert wanted, "there is no test on the page"
    assert wanted - _passed(report) == set(), f"not all tests have passed:\n{told}"
    return told


def _write(blocks: Sequence[Block], folder: Path) -> None:
    for block in blocks:
        assert block.path is not None, f"a project has files alone, but line {block.line} begins a block without a name"
        file = folder / block.path
        assert not file.exists(), f"{block.path} stands on the page twice"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")


def _passed(report: Path) -> set[str]:
    """Return the tests of a report that have passed every time, without their parameters."""
    cases = list(ET.parse(report).iter("testcase"))
    wrong = {_name(case) for case in cases if {"failure", "error", "skipped"} & {each.tag for each in case}}
    return {_name(case) for case in cases} - wrong


def _name(case: ET.Element) -> str:
    return case.attrib["name"].partition("[")[0]
