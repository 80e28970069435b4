"""What a server says about itself (Microsoft: "SERVERPROPERTY (Transact-SQL)", "HAS_PERMS_BY_NAME (Transact-SQL)")."""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Final

from corelib.testing.database.model import ServerFacts
from corelib.testing.database.mssql.console import Row

AZURE_SQL_DATABASE: Final = 5
MANAGED_INSTANCE: Final = 8
SERVERLESS: Final = frozenset({6, 11})
"""Engine editions without databases to be made and dropped at will: dedicated and serverless pools of Azure Synapse."""

YES: Final = "yes"
NO: Final = "no"

_TEXTS = (
    "ProductVersion",
    "Edition",
    "Collation",
    "InstanceDefaultDataPath",
    "InstanceDefaultLogPath",
    "InstanceDefaultBackupPath",
)
_COMPRESSING = re.compile("Enterprise|Developer|Standard|Business Intelligence")

PROPERTIES = (
    "SELECT "  # noqa: S608 - our own names
    + ", ".join(f"CAST(SERVERPROPERTY('{name}') AS nvarchar(400)) AS [{name}]" for name in _TEXTS)
    + ", CAST(SERVERPROPERTY('EngineEdition') AS int) AS [EngineEdition], "
    "(SELECT COUNT(*) FROM sys.all_objects WHERE name = N'dm_io_backup_tapes') AS [BackupViews]"
)
"""A property that a version does not know is NULL. The last column tells servers that speak T-SQL, but cannot back up:
they lack the views of what is backed up to."""

RIGHTS = (
    "SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'CREATE ANY DATABASE'), "
    "HAS_PERMS_BY_NAME(N'master', 'DATABASE', 'CREATE DATABASE'), "
    "HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE'), SUSER_SNAME()"
)
MASTER_FILES = "SELECT type_desc, physical_name FROM sys.master_files WHERE database_id = DB_ID(N'master')"
MODEL = (
    "SELECT compatibility_level, is_read_committed_snapshot_on, snapshot_isolation_state "
    "FROM sys.databases WHERE name = N'model'"
)
"""What a new database gets if it is not told otherwise (Microsoft: "model database")."""


def facts_of(
    properties: Row,
    *,
    rights: Sequence[Row],
    master_files: Sequence[Row],
    model: Sequence[Row],
    options: Mapping[str, str],
) -> ServerFacts:
    """Return the facts.

    Args:
        properties: the answer to `PROPERTIES`.
        rights: the answer to `RIGHTS`; no row if the server has none.
        master_files: the answer to `MASTER_FILES`; no row if they may not be seen.
        model: the answer to `MODEL`; no row if there is none.
        options: that the kit gives to test databases.

    Returns:
        The options hold what changes how a database behaves. The traits are `edition`, `engine edition` (a number),
        `login`, `create` (may it make databases: yes or no), `sessions` (may it see those of others), `backup` (yes,
        or why not), `compression`, and the folders `data`, `log` and `backup folder`; an unknown folder is empty.
    """
    version, edition, collation, data, log, backup_folder = (str(value or "") for value in properties[:6])
    engine_edition, backup_views = (int(str(value or 0)) for value in properties[6:8])
    create_any, create, view_state, login = rights[0] if rights else (None, None, None, "")
    own = _folders(master_files)
    data, log = data or own.get("ROWS", ""), log or own.get("LOG", "") or own.get("ROWS", "")
    return ServerFacts(
        engine="mssql",
        product=f"SQL Server {version} ({edition})",
        version=tuple(int(part) for part in re.findall(r"\d+", version)),
        collation=collation,
        options={**_model_options(model), **options},
        traits={
            "edition": edition,
            "engine edition": str(engine_edition),
            "login": str(login or ""),
            "create": NO if create_any == 0 and create == 0 and engine_edition != AZURE_SQL_DATABASE else YES,
            "sessions": YES if view_state == 1 else NO,
            "backup": _backup(engine_edition, views=backup_views > 0, folder=data),
            "compression": YES if _COMPRESSING.search(edition) else NO,
            "data": data,
            "log": log or data,
            "backup folder": backup_folder,
        },
    )


def _backup(engine_edition: int, *, views: bool, folder: str) -> str:
    """Return yes, or why the server cannot back up to a disk and restore from it (Microsoft: "BACKUP")."""
    if engine_edition == AZURE_SQL_DATABASE:
        return "Azure SQL Database has no BACKUP"
    if engine_edition == MANAGED_INSTANCE:
        return "Azure SQL Managed Instance backs up to a URL only"
    if engine_edition in SERVERLESS:
        return "Azure Synapse Analytics has no BACKUP"
    if not views:
        return "this server has no BACKUP"
    return YES if folder else "the server does not say where its files are"


def _folders(master_files: Sequence[Row]) -> dict[str, str]:
    """Return the folder of each kind of file, with the separator at its end, as the instance's paths have it."""
    return {str(kind): folder_of(str(path)) for kind, path in reversed(master_files)}


def folder_of(path: str) -> str:
    r"""Return the folder of a file on the server, up to and with the last separator.

    Example:
        >>> folder_of("/var/opt/mssql/data/master.mdf")
        '/var/opt/mssql/data/'
        >>> folder_of(r"C:\Data\master.mdf")
        'C:\\Data\\'
    """
    name = posixpath.basename(path) if path.startswith("/") else ntpath.basename(path)
    return path[: len(path) - len(name)]


def _model_options(model: Sequence[Row]) -> dict[str, str]:
    names = ("model.compatibility_level", "model.read_committed_snapshot", "model.snapshot_isolation")
    return {name: _digits(value) for name, value in zip(names, model[0], strict=True)} if model else {}


def _digits(value: object) -> str:
    """Return a number as text; a bit comes as a bool."""
    return str(int(value) if isinstance(value, int) else 0)
