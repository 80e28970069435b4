"""The disks of SQL Server."""

from __future__ import annotations

from corelib.adapters.sqlalchemy.diagnosis.model import Judgement, ok, unknown, warning
from corelib.adapters.sqlalchemy.diagnosis.mssql_facts import AZURE, AZURE_SQL_DATABASE, engine_edition
from corelib.adapters.sqlalchemy.diagnosis.session import Session
from corelib.adapters.sqlalchemy.diagnosis.sizes import room

SERVICES = (
    "SELECT instant_file_initialization_enabled FROM sys.dm_server_services WHERE servicename LIKE N'SQL Server (%'"
)
"""Microsoft: "sys.dm_server_services (Transact-SQL)"; the Agent and full-text search have rows of their own."""
VOLUMES = (
    "SELECT v.volume_mount_point, MIN(v.available_bytes), MAX(v.total_bytes) FROM sys.master_files AS f "
    "CROSS APPLY sys.dm_os_volume_stats(f.database_id, f.file_id) AS v "
    "WHERE f.database_id IN (DB_ID(), DB_ID(N'tempdb')) GROUP BY v.volume_mount_point ORDER BY MIN(v.available_bytes)"
)
"""Microsoft: "sys.dm_os_volume_stats (Transact-SQL)", example A."""


def instant_file_initialization(session: Session) -> Judgement:
    """Without it RESTORE, CREATE DATABASE and growing files write zeros first.

    Microsoft: "Database instant file initialization".
    """
    if engine_edition(session) in AZURE:
        return ok("the service sees to it")
    answer = str(next(iter(session.row(SERVICES)), None) or "")
    if answer == "Y":
        return ok("on")
    if answer == "N":
        return warning(
            "off, so clones and growing files take longer",
            "Give the account of the service the right 'Perform volume maintenance tasks', and restart the service.",
        )
    return unknown("the server does not tell")


def disk_space(session: Session) -> Judgement:
    """The fullest volume of those that the database and tempdb lie on."""
    if engine_edition(session) == AZURE_SQL_DATABASE:
        return ok("the service sees to it; look at the size quota of the database")
    rows = session.rows(VOLUMES)
    if not rows:
        return unknown(
            "the login does not see the files", "The catalogue shows them to logins with VIEW ANY DEFINITION."
        )
    place, available, total = rows[0]
    return room(int(str(available)), int(str(total)), str(place or "the volume of the data"))
