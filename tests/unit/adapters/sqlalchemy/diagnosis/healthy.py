"""A SQL Server on which everything is as it should be, as recorded answers."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy import standin

from corelib.adapters.sqlalchemy.diagnosis import Diagnosis, Finding, Purpose
from corelib.adapters.sqlalchemy.diagnosis.examining import diagnose_engine

GIB = 1024**3
URL = "mssql://app:s3cret@db.example/shop"
ABSENT = standin.ProgrammingError("42S02", "[42S02] Invalid object name 'sys.x'. (208) (SQLExecDirectW)")
DENIED = standin.ProgrammingError("42000", "[42000] VIEW SERVER STATE permission was denied. (300) (SQLExecDirectW)")


def answers(**changed: object) -> dict[str, object]:
    """Return the answers of a healthy server, by parts of the statements; those that are changed by their names."""
    named: dict[str, tuple[str, object]] = {
        "version": ("'ProductVersion'", "16.0.4135.4"),
        "engine": ("'EngineEdition'", 3),
        "edition": ("'Edition'", "Standard Edition (64-bit)"),
        "login": ("SUSER_SNAME", "app"),
        "database": ("SELECT DB_NAME()", "shop"),
        "create": ("'CREATE ANY DATABASE'", standin.Row(1, 1)),
        "dbmanager": ("IS_ROLEMEMBER", None),
        "backup_views": ("dm_io_backup_tapes", 1),
        "back_up": ("HAS_PERMS_BY_NAME(DB_NAME()", 1),
        "see_state": ("'VIEW SERVER STATE'", 1),
        "lock": ("sp_getapplock", 0),
        "folder": ("'InstanceDefaultBackupPath'", "/var/opt/mssql/data"),
        "is_folder": ("sys.dm_os_file_exists", 1),
        "collations": ("'Collation'", standin.Row("Latin1_General_100_CI_AS", "Latin1_General_100_CI_AS")),
        "committed_snapshots": ("is_read_committed_snapshot_on", 1),
        "snapshots": ("snapshot_isolation_state", 1),
        "services": ("sys.dm_server_services", "Y"),
        "volumes": ("sys.dm_os_volume_stats", standin.Row("/var/opt/mssql", 100 * GIB, 200 * GIB)),
        "time": ("SYSUTCDATETIME", datetime.now(UTC).replace(tzinfo=None)),
        "encryption": ("sys.dm_exec_connections", "TRUE"),
        "catalogue": ("sys.all_objects", 1),
        "make": ("CREATE DATABASE [", None),
        "drop": ("DROP DATABASE [", None),
        "write": ("BACKUP DATABASE [", None),
        "verify": ("RESTORE VERIFYONLY", None),
        "delete": ("xp_delete_files ", None),
    }
    assert set(changed) <= set(named), changed
    # The procedure is looked for in the catalogue, in a statement that has its name too.
    told = {part: changed.get(name, answer) for name, (part, answer) in named.items()}
    return {"name = N'xp_delete_files'": told["sys.all_objects"], **told}


def diagnosis(
    *,
    purpose: Purpose | None = None,
    deep: bool = False,
    url: str = URL,
    executed: list[str] | None = None,
    **changed: object,
) -> Diagnosis:
    """Return what is found out about a server that is healthy but for some answers."""
    engine = standin.mssql_engine(answers(**changed), executed=executed)
    return diagnose_engine(engine, sa.make_url(url), purpose=purpose, deep=deep)


def finding(name: str, **options: object) -> Finding:
    """Return one of the findings."""
    (found,) = (each for each in diagnosis(**options).findings if each.name == name)  # type: ignore[arg-type]
    return found
