"""Which way to make clones a server allows, and which way to reset them was told.

Database snapshots are not among them: a snapshot is read-only, so it is no clone. What they can do is to bring a clone
back where DELETE cannot (`snapshot_cleaner`), with limits of their own: the other ways to reset are a new clone by
RESTORE, and deletions, which take milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from attrs import frozen

from corelib.errors import InvalidSetting
from corelib.testing.database.errors import CannotClone
from corelib.testing.database.model import ServerFacts
from corelib.testing.database.mssql.backup_restore import BackupRestoreCloner
from corelib.testing.database.mssql.cleaner import MssqlCleaner
from corelib.testing.database.mssql.facts import NO, YES
from corelib.testing.database.mssql.migrating import MigratingCloner
from corelib.testing.database.mssql.quoting import identifier
from corelib.testing.database.mssql.server import MssqlServer
from corelib.testing.database.mssql.snapshot_cleaner import MssqlSnapshotCleaner
from corelib.testing.database.ports.cleaner import Cleaner
from corelib.testing.database.ports.cloner import Cloner
from corelib.testing.database.ports.schema_source import SchemaSource
from corelib.testing.database.settings import ResetBy

BACKUP: Final = "backup"
MIGRATE: Final = "migrate"


@frozen
class Choice:
    """A way to make clones, and why.

    Args:
        way: `backup` or `migrate`.
        reason: a clause for reports.
    """

    way: str
    reason: str


def choose_cloner(server: MssqlServer, source: SchemaSource, told: str | None) -> Cloner:
    """Return the quickest cloner that the server allows, or the one that is told.

    Args:
        server: tells by its facts what it can do.
        source: builds a clone where nothing can be copied.
        told: `backup` or `migrate`; None to choose.

    Raises:
        InvalidSetting: if something else is told.
        CannotClone: if the server, or its login, allows none, or not the one that is told.
    """
    choice = choice_for(server.facts(), told)
    return BackupRestoreCloner(server) if choice.way == BACKUP else MigratingCloner(server, source, choice.reason)


def choose_cleaner(server: MssqlServer, told: ResetBy) -> Callable[[str], Cleaner]:
    """Return what takes the URL of a clone and opens its cleaner.

    Nothing is chosen by the server: a revert ends every connection, so it has to be wanted.
    """
    return partial(MssqlSnapshotCleaner, server=server) if told is ResetBy.SNAPSHOT else MssqlCleaner


def choice_for(facts: ServerFacts, told: str | None) -> Choice:
    """Return the way, and why it was chosen; arguments and errors as for `choose_cloner`."""
    if told not in (None, BACKUP, MIGRATE):
        raise InvalidSetting(
            f"{told!r} is no way to make clones.", hint=f"Take {BACKUP} or {MIGRATE}, or leave it out."
        )
    if facts.traits["create"] == NO:
        login = facts.traits["login"]
        raise CannotClone(
            f"The login {login} may not make databases on {facts.product}.",
            hint=f"Run as an administrator: GRANT CREATE ANY DATABASE TO {identifier(login)}",
        )
    backup = facts.traits["backup"]
    if told == MIGRATE:
        return Choice(MIGRATE, "as told")
    if backup == YES:
        return Choice(BACKUP, "as told" if told else "the server can back up and restore")
    if told == BACKUP:
        raise CannotClone(
            f"Clones were to be made by BACKUP and RESTORE, but {backup}.",
            hint=f"Take {MIGRATE}, or leave the choice to the kit.",
        )
    return Choice(MIGRATE, backup)
