"""What is looked at in an SQLite file. It is opened to be read: corelib itself would make it, and switch it to WAL."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from corelib.adapters.sqlalchemy.diagnosis.model import Diagnosis, Finding, Judgement, State, failure, ok, warning
from corelib.adapters.sqlalchemy.diagnosis.secrets import shown
from corelib.adapters.sqlalchemy.diagnosis.sizes import room
from corelib.adapters.sqlalchemy.sqlite import SqliteDialect
from corelib.errors import ConfigurationError

OLDEST: Final = (3, 38, 0)
"""With RETURNING (3.35) and JSON functions that are always there (3.38); SQLite: "Release History Of SQLite"."""

WAL_SIDE_FILES = "SQLite writes files next to it: the folder has to be writable (SQLite: 'Write-Ahead Logging')."


def is_writable(path: Path) -> bool:
    """Return whether the user of this process may write a file, or into a folder."""
    return os.access(path, os.W_OK)


def diagnose_file(
    url: URL,
    *,
    deep: bool,
    writable: Callable[[Path], bool] = is_writable,
    library: tuple[int, int, int] = sqlite3.sqlite_version_info,
) -> Diagnosis:
    """Look at the file of a URL.

    Args:
        url: `sqlite:///file`.
        deep: also read the whole file, which may take long.
        writable: tells whether a file or a folder may be written.
        library: the version of SQLite.

    Raises:
        InvalidSetting: if it names no file.
    """
    try:
        SqliteDialect().url(url)
    except ConfigurationError as error:
        if not url.database or url.database == ":memory:":
            raise
        missing = Finding("file", State.FAILURE, error.message.rstrip("."), error.hint)
        return Diagnosis(shown(url), [missing], connected=False)
    file = Path(str(url.database)).absolute()
    findings = [_named("version", _version(library)), _named("folder", _folder(file.parent, writable))]
    if not file.exists():
        findings.append(_named("file", ok("not there yet; corelib makes it")))
        return Diagnosis(shown(url), [*findings, _named("disk space", _space(file))])
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            findings += [_named("file", _writable(file, writable)), *_inside(connection, deep=deep)]
    except sqlite3.Error as error:
        advice = "Check the rights on the file and its folder, and that it is a database."
        findings.append(_named("file", failure(f"it cannot be read: {error}", advice)))
        return Diagnosis(shown(url), findings, connected=False)
    return Diagnosis(shown(url), [*findings, _named("disk space", _space(file))])


def _named(name: str, judgement: Judgement) -> Finding:
    return Finding(name, judgement.state, judgement.found, judgement.advice)


def _version(library: tuple[int, int, int]) -> Judgement:
    found, wanted = (".".join(map(str, version)) for version in (library, OLDEST))
    if library >= OLDEST:
        return ok(found)
    return failure(f"{found}, which is too old", f"Use a Python with SQLite {wanted} or newer.")


def _folder(folder: Path, writable: Callable[[Path], bool]) -> Judgement:
    if writable(folder):
        return ok(f"{folder} is writable")
    return failure(f"{folder} is not writable", WAL_SIDE_FILES)


def _inside(connection: sqlite3.Connection, *, deep: bool) -> Iterator[Finding]:
    yield _named("journal mode", _journal(str(connection.execute("PRAGMA journal_mode").fetchone()[0])))
    yield _named("encoding", ok(str(connection.execute("PRAGMA encoding").fetchone()[0])))
    if deep:
        yield _named("integrity", _integrity(connection))


def _writable(file: Path, writable: Callable[[Path], bool]) -> Judgement:
    if writable(file):
        return ok(f"{file.stat().st_size} bytes")
    return failure("it may be read, but not written", "Give the user of the process the right to write.")


def _journal(mode: str) -> Judgement:
    if mode == "wal":
        return ok("wal")
    return warning(
        f"{mode}: readers and writers wait for each other",
        "corelib switches to WAL when it connects. If it is still another mode then, the file system cannot do it, as "
        "that of a network drive: take a local disk.",
    )


def _integrity(connection: sqlite3.Connection) -> Judgement:
    """SQLite: "Pragma statements", under integrity_check."""
    told = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if told == "ok":
        return ok("whole")
    return failure(told, "Restore the file from a backup.")


def _space(file: Path) -> Judgement:
    usage = shutil.disk_usage(file.parent)
    return room(usage.free, usage.total, str(file.parent))
