"""What a revert to a database snapshot cannot bring back, and where there are no snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corelib.testing.database.errors import CannotReset
from corelib.testing.database.model import ServerFacts
from corelib.testing.database.mssql.facts import YES
from corelib.testing.database.mssql.snapshot_sql import LOG, ROWS, DatabaseFile
from corelib.testing.database.planning.catalogue import Catalogue, Table, Trait

_HINT = (
    'Take the other way, reset_by="delete" (corelib_db_reset = delete), or give tests databases of their own: '
    '@pytest.mark.db(reset="clone").'
)

_WHY = {
    Trait.EXTERNAL: "its rows are in another place",
    Trait.CHANGE_DATA_CAPTURE: "it is read from the log, which every revert makes anew",
    Trait.REPLICATED: "it is read from the log, which every revert makes anew",
}
"""Microsoft: "Revert a database to a database snapshot" (the log), "What is change data capture (CDC)?",
"SQL Server replication", "CREATE EXTERNAL TABLE (Transact-SQL)"."""


def refuse_server(facts: ServerFacts) -> None:
    """Make sure that the server has RESTORE, of which a revert is one kind.

    Neither Azure SQL Database nor a managed instance has it, nor snapshots: the pages on both are for SQL Server alone.

    Raises:
        CannotReset: if not.
    """
    backup = facts.traits["backup"]
    if backup != YES:
        raise CannotReset(
            f"Clones were to be reset by a database snapshot, which takes RESTORE, but {backup}.", hint=_HINT
        )


def refuse_contents(files: Sequence[DatabaseFile], full_text: Sequence[str], catalogue: Catalogue) -> None:
    """Make sure that a revert brings a clone back whole.

    A snapshot has no FILESTREAM filegroups, and those of memory-optimized tables are kept in the same way; a revert is
    refused while they are there (error 3138), or while a filegroup is read-only, and drops full-text catalogues
    (Microsoft: "Database snapshots (SQL Server)", "Revert a database to a database snapshot"). Since SQL Server 2019 a
    snapshot may be made in spite of memory-optimized tables; no page says that one can revert to it.

    Args:
        files: of the clone.
        full_text: names of its full-text catalogues.
        catalogue: of the clone.

    Raises:
        CannotReset: if not; it names all that is in the way.
    """
    reasons = [*_of_files(files), *_of_full_text(full_text), *_of_tables(catalogue.tables)]
    if reasons:
        raise CannotReset(f"A database snapshot cannot bring back: {'; '.join(reasons)}.", hint=_HINT)


def _of_files(files: Sequence[DatabaseFile]) -> Iterator[str]:
    for file in files:
        if file.kind not in {ROWS, LOG}:
            yield f"the file {file.name} ({file.kind}, as FILESTREAM and memory-optimized tables have it)"
        elif file.read_only:
            yield f"the file {file.name} (read-only)"
    if not any(file.kind == ROWS for file in files):
        yield "files that the login may not see in sys.master_files"


def _of_full_text(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield f"the full-text catalogue {name} (every revert drops it)"


def _of_tables(tables: Sequence[Table]) -> Iterator[str]:
    for table in tables:
        for trait, why in _WHY.items():
            if trait in table.traits:
                yield f"{table.name} ({trait.value}: {why})"
