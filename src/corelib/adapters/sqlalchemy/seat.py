"""What the repositories of one transaction share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.translating import TranslatingConnection


@frozen
class Seat:
    """The place of a repository in its transaction.

    Args:
        dialect: of the engine.
        connection: returns the connection, with driver errors translated around `execute`.
        flush: writes what has changed in all repositories.
        now: tells the instant for stamps.
        usable: raises once the store has refused a statement of the transaction.
        writes: is told the name of a class that is about to be written; raises where nothing may be.
    """

    dialect: SqlDialect
    connection: Callable[[], TranslatingConnection]
    flush: Callable[[], None]
    now: Callable[[], datetime]
    usable: Callable[[], None]
    writes: Callable[[str], None]
