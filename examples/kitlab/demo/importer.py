"""Reading the file: every line becomes an order or a reject."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from attrs import define, field

from corelib import Host
from corelib.errors import (
    AlreadyExists,
    AmbiguousCommit,
    CorelibError,
    Problem,
    TransientFailure,
    ValidationFailed,
)
from kitlab.use_cases.import_order import AlreadyImported, ImportOrder, OrderConflict

LONGEST_LINE = 4 * 1024 * 1024
TRIES = 5


@define
class ImportFigures:
    """What became of the lines; `read` is `accepted` and all `rejected` together."""

    read: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(factory=Counter)


def import_file(host: Host, orders: Path, rejects: Path, progress: Callable[[int], None]) -> ImportFigures:
    """Import every line as a command of its own.

    Args:
        host: takes the commands.
        orders: the file, one JSON object a line.
        rejects: gets one JSON object for each problem: line number, field path, code and reason.
        progress: is told how many bytes each line had.
    """
    figures = ImportFigures()
    with orders.open("rb") as file, rejects.open("w", encoding="utf-8") as rejected:
        for number, line in enumerate(_lines(file), start=1):
            figures.read += 1
            problems = _import(host, line)
            if problems:
                figures.rejected[_reason(problems[0])] += 1
                _report(rejected, number, problems)
            else:
                figures.accepted += 1
            progress(len(line))
    return figures


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Go through the lines in bounded memory: of a line that is too long, only the beginning is kept."""
    while line := file.readline(LONGEST_LINE):
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(LONGEST_LINE)):
            pass
        yield line


def _import(host: Host, line: bytes) -> tuple[Problem, ...]:
    """Import one line, again where circumstances failed it, and return what is wrong with it."""
    uncertain = False
    for attempt in range(1, TRIES + 1):
        try:
            host.submit(ImportOrder, line)
        except ValidationFailed as error:
            return error.problems
        except AlreadyImported as error:
            # After an unanswered COMMIT this is the answer: it did hold.
            return () if uncertain else (Problem("order_id", str(error), "already_imported"),)
        except OrderConflict as error:
            return (Problem("order_id", str(error), "conflicting_order"),)
        except AmbiguousCommit:
            uncertain = True
        except (AlreadyExists, TransientFailure):
            # AlreadyExists: another importer was faster; the next try finds its order.
            if attempt == TRIES:
                raise
        except CorelibError:
            raise
        else:
            return ()
    raise TransientFailure("The database left every COMMIT unanswered.")


def _reason(problem: Problem) -> str:
    """Return what rejects are counted by: the code, and the field where the code does not say it."""
    path = re.sub(r"\[\d+]", "[]", problem.path)
    return f"{problem.code} {path}" if problem.code in ("invalid", "wrong_type") and path else problem.code


def _report(file: TextIO, number: int, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        row = {"line": number, "path": problem.path, "code": problem.code, "reason": problem.reason}
        file.write(json.dumps(row, ensure_ascii=True) + "\n")
