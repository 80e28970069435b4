"""The kit's mark as an extended property of the database (Microsoft: "sp_addextendedproperty (Transact-SQL)")."""

from __future__ import annotations

from typing import Final

from corelib.testing.database.model import Mark
from corelib.testing.database.mssql.quoting import literal
from corelib.testing.database.planning.mark_text import text_of

PROPERTY: Final = "corelib_test_kit"

READ_MARK: Final = (
    "SELECT CAST(value AS nvarchar(2000)) FROM sys.extended_properties "  # noqa: S608 - our own name
    f"WHERE class = 0 AND name = {literal(PROPERTY)}"
)


def write_mark(mark: Mark) -> str:
    """Return the batch that writes a mark into the current database; a clone has that of its template already."""
    arguments = f"@name = {literal(PROPERTY)}, @value = {literal(text_of(mark))}"
    return (
        f"IF EXISTS ({READ_MARK}) EXEC sys.sp_updateextendedproperty {arguments} "
        f"ELSE EXEC sys.sp_addextendedproperty {arguments}"
    )
