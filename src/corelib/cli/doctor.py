"""`corelib doctor`: checks a database server, or this machine, and says what to do."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

from corelib.cli import options as shared
from corelib.errors import MissingExtra

if TYPE_CHECKING:
    from corelib.adapters.sqlalchemy.diagnosis import Diagnosis, Finding

TEST_VARIABLE = "CORELIB_TEST_DATABASE_URL"
SOUND = 0
FAILURES = 1
NOT_CONNECTED = 2
_GAP = "  "
_LEAST_WIDTH = 32


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "doctor",
        help="check a database server, or this machine, and say what to do",
        description="Checks whether a database server is as tests and production need it. Without a URL it checks what "
        "this machine has for connecting to one. Without --deep nothing is changed. The exit code is 0, or 1 if a "
        "check failed, or 2 if there is no connection.",
    )
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help=f"default: the environment variable {shared.DATABASE_VARIABLE}, else {TEST_VARIABLE}",
    )
    parser.add_argument(
        "--for",
        dest="purpose",
        choices=("tests", "production"),
        help="what the server is there for: what only the other one needs is ignored; default: both",
    )
    parser.add_argument(
        "--deep",
        action="store_true",
        help="also try a backup on SQL Server, of a database made for it and dropped; read a whole SQLite file",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    diagnosis = _diagnosis(options, os.environ)
    if options.json:
        print(json.dumps(as_json(diagnosis), indent=2))
    else:
        print(as_table(diagnosis, shutil.get_terminal_size().columns))
    return exit_code(diagnosis)


def _diagnosis(options: argparse.Namespace, environment: Mapping[str, str]) -> Diagnosis:
    try:
        from corelib.adapters.sqlalchemy import diagnosis as room  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise MissingExtra("sqlalchemy", extra="sqlalchemy", purpose="corelib doctor") from None
    url = options.database_url or environment.get(shared.DATABASE_VARIABLE) or environment.get(TEST_VARIABLE)
    if not url:
        return room.diagnose_machine()
    purpose = None if options.purpose is None else room.Purpose(options.purpose)
    return room.diagnose(url, purpose=purpose, deep=options.deep)


def exit_code(diagnosis: Diagnosis) -> int:
    """Return the exit code of the command."""
    if not diagnosis.connected:
        return NOT_CONNECTED
    return FAILURES if any(finding.state.value == "failure" for finding in diagnosis.findings) else SOUND


def as_json(diagnosis: Diagnosis) -> dict[str, object]:
    """Return a diagnosis for programs."""
    return {
        "subject": diagnosis.subject,
        "connected": diagnosis.connected,
        "checks": [
            {"name": each.name, "state": each.state.value, "found": each.found, "advice": each.advice}
            for each in diagnosis.findings
        ],
    }


def as_table(diagnosis: Diagnosis, width: int) -> str:
    """Return a diagnosis for people: three columns, or one below the other where the terminal is narrow.

    Args:
        diagnosis: to be told.
        width: of the terminal, in characters; a word that is longer, as a part of a statement, stays whole.
    """
    widest = max((len(each.name) for each in diagnosis.findings), default=0)
    lines = [diagnosis.subject, ""]
    for each in diagnosis.findings:
        start = f"{each.name:<{widest}}{_GAP}{each.state.value:<7}{_GAP}"
        if width - len(start) >= _LEAST_WIDTH:
            texts = _texts(each, width - len(start))
            lines += [start + texts[0], *(" " * len(start) + text for text in texts[1:])]
        else:
            lines += [f"{each.name}: {each.state.value}", *(_GAP + text for text in _texts(each, width - len(_GAP)))]
    return "\n".join([*lines, "", _summary(diagnosis)])


def _texts(finding: Finding, width: int) -> list[str]:
    """Return the lines of what was found, and below it of what to do."""
    wrapper = textwrap.TextWrapper(max(width, _LEAST_WIDTH), break_on_hyphens=False, break_long_words=False)
    found = wrapper.wrap(finding.found) or [""]
    wrapper.initial_indent, wrapper.subsequent_indent = "> ", "  "
    return found + wrapper.wrap(finding.advice)


def _summary(diagnosis: Diagnosis) -> str:
    states = [each.state.value for each in diagnosis.findings]
    counted = [f"{states.count(state)} {state}" for state in ("ok", "warning", "failure", "unknown") if state in states]
    return ", ".join(counted)
