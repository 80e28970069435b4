"""Tables from files of SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import field, frozen
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import create_engine
from corelib.errors import InvalidSetting, MigrationFailed
from corelib.testing.database.sources.digest import digest_of, file_digest
from corelib.testing.database.telling import told

_GO = re.compile(r"[ \t]*GO(?:[ \t]+(\d+))?[ \t]*;?[ \t]*(?:--.*)?", re.IGNORECASE)


@frozen
class ScriptsSource:
    """Runs the files `*.sql` of a folder, in the order of their names, each outside of any transaction of the kit's.

    For SQL Server they are split at lines with GO, as sqlcmd does (Microsoft: "SQL Server Utilities Statements - GO").
    Number the files with leading zeros: 010_tables.sql comes after 002_types.sql.

    Args:
        folder: with the files; folders below it are not searched.
    """

    folder: Path = field(converter=Path)

    @property
    def label(self) -> str:
        """Return the name of the folder."""
        return f"{self.folder.name}/*.sql"

    def fingerprint(self) -> str:
        """Return the digest of names and contents."""
        return digest_of([(file.name, file_digest(file)) for file in self._files()])

    def build(self, url: str) -> None:
        """Run the files.

        Raises:
            MigrationFailed: names the file that failed.
        """
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                if connection.dialect.name != "sqlite":
                    connection.execution_options(isolation_level="AUTOCOMMIT")
                for file in self._files():
                    _run_file(connection, file)
        finally:
            engine.dispose()

    def _files(self) -> Sequence[Path]:
        files = sorted((file for file in self.folder.glob("*.sql") if file.is_file()), key=lambda file: file.name)
        if not files:
            raise InvalidSetting(
                f"The tables should come from files *.sql in {self.folder}, but there are none.",
                hint="Name the folder with the scripts by corelib_migrations.",
            )
        return files


def batches(script: str) -> Iterator[str]:
    """Give the batches of a script for SQL Server: what stands between lines with GO, repeated where GO has a number.

    As sqlcmd does, it takes a line with GO for one wherever it stands, but not within a comment of several lines or a
    text.
    """
    batch: list[str] = []
    depth, quote = 0, ""
    for line in script.splitlines():
        found = None if depth or quote else _GO.fullmatch(line)
        if found is None:
            batch.append(line)
            depth, quote = _state_after(line, depth, quote)
            continue
        yield from _repeated(batch, int(found[1] or 1))
        batch = []
    yield from _repeated(batch, 1)


def _repeated(lines: Sequence[str], times: int) -> Iterator[str]:
    text = "\n".join(lines).strip()
    if text:
        yield from [text] * times


_TOKEN = re.compile(r"/\*|\*/|--|['\"\[\]]")


def _state_after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Return how many comments are open at the end of a line, and which quote; comments nest in T-SQL."""
    for token in _TOKEN.findall(line):
        if depth:
            depth += {"/*": 1, "*/": -1}.get(token, 0)
        elif quote:
            quote = "" if token == quote else quote
        elif token == "--":  # noqa: S105 - the rest of the line is a comment
            break
        elif token == "/*":  # noqa: S105
            depth = 1
        elif token in {"'", '"', "["}:
            quote = "]" if token == "[" else token  # noqa: S105
    return depth, quote


def _run_file(connection: Connection, file: Path) -> None:
    try:
        _run(connection, file.read_text(encoding="utf-8-sig"))
    except Exception as error:
        raise MigrationFailed(f"The script {file.name} failed: {told(error)}") from error


def _run(connection: Connection, script: str) -> None:
    """Run a script with the driver's own means, since SQLAlchemy runs one statement at a time."""
    driver = connection.connection.driver_connection
    assert driver is not None
    if connection.dialect.name == "sqlite":
        driver.executescript(script)
        return
    cursor = driver.cursor()
    for batch in batches(script) if connection.dialect.name == "mssql" else [script]:
        cursor.execute(batch)
        while cursor.nextset():  # an error in a later statement of the batch shows here, and not before
            pass
