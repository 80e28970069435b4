"""What the login may do on SQL Server (Microsoft: "HAS_PERMS_BY_NAME (Transact-SQL)")."""

from __future__ import annotations

from corelib.adapters.sqlalchemy.diagnosis.model import Judgement, lacked_by_tests, ok, unknown, warning
from corelib.adapters.sqlalchemy.diagnosis.mssql_facts import (
    AZURE,
    AZURE_SQL_DATABASE,
    BACKUP_VIEWS,
    database,
    engine_edition,
    login,
    quoted,
)
from corelib.adapters.sqlalchemy.diagnosis.session import Session
from corelib.errors import CorelibError

CREATE = (
    "SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'CREATE ANY DATABASE'), "
    "HAS_PERMS_BY_NAME(N'master', 'DATABASE', 'CREATE DATABASE')"
)
"""Either will do (Microsoft: "CREATE DATABASE (Transact-SQL)", under Permissions)."""
MANAGES_DATABASES = "SELECT IS_ROLEMEMBER('dbmanager')"
"""In Azure SQL Database that role of master has the right; the server's administrator has it without the role.

Microsoft: "IS_ROLEMEMBER (Transact-SQL)", "Authorize database access to SQL Database".
"""
BACK_UP = "SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'BACKUP DATABASE')"
"""Microsoft: "BACKUP (Transact-SQL)", under Permissions: the owner of a database has the right too."""
SEE_STATE = "SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE')"
LOCK = (
    "DECLARE @code int; "
    "EXEC @code = master.sys.sp_getapplock @Resource = N'corelib doctor', @LockMode = 'Shared', "
    "@LockOwner = 'Session', @LockTimeout = 0; "
    "IF @code >= 0 "
    "EXEC master.sys.sp_releaseapplock @Resource = N'corelib doctor', @LockOwner = 'Session'; "
    "SELECT @code"
)
"""Take a lock that nobody else wants, and give it back (Microsoft: "sp_getapplock (Transact-SQL)")."""

YES = 1


def create_databases(session: Session) -> Judgement:
    """The kit makes a template and clones of it."""
    if engine_edition(session) == AZURE_SQL_DATABASE:
        member = next(iter(session.row(MANAGES_DATABASES)), None) == YES
        advice = "The administrator of the server and members of dbmanager in master have it."
        return ok("granted") if member else unknown("Azure SQL Database does not tell here", advice)
    answers = session.row(CREATE)
    if YES in answers:
        return ok("granted")
    if set(answers) <= {None}:
        return unknown("the server does not tell")
    return lacked_by_tests(
        session.purpose, "not granted", f"Run: GRANT CREATE ANY DATABASE TO {quoted(login(session))}"
    )


def back_up(session: Session) -> Judgement:
    """The kit copies its template by BACKUP and RESTORE; it owns that one, so making databases is enough for it."""
    if engine_edition(session) in AZURE:
        return ok("not needed: the service keeps backups itself, and clones are made by migrations")
    if not session.row(BACKUP_VIEWS)[0]:
        return unknown("this server has no BACKUP", "Clones are made by migrations there.")
    answer = next(iter(session.row(BACK_UP)), None)
    name = database(session)
    if answer == YES:
        return ok(f"granted in {name}")
    if YES in session.row(CREATE):
        return ok(f"not in {name}, but in the databases that the login makes")
    if answer is None:
        return unknown("the server does not tell")
    run = f"Run in {name}: ALTER ROLE db_backupoperator ADD MEMBER {quoted(login(session))}"
    return lacked_by_tests(session.purpose, f"not granted in {name}", run)


def see_state(session: Session) -> Judgement:
    """Views of sessions, services and disks take it; in Azure SQL Database the role ##MS_ServerStateReader## has it."""
    if next(iter(session.row(SEE_STATE)), None) == YES:
        return ok("granted")
    grant = f"GRANT VIEW SERVER STATE TO {quoted(login(session))}"
    if engine_edition(session) == AZURE_SQL_DATABASE:
        grant = f"ALTER SERVER ROLE ##MS_ServerStateReader## ADD MEMBER {quoted(login(session))}"
    return warning("not granted, so who holds a lock cannot be told, nor what is unknown below", f"Run: {grant}")


def application_locks(session: Session) -> Judgement:
    """Those who build templates wait for each other by a lock of master."""
    advice = "Let the login use master: it needs a user there, or the user guest, as every server has it."
    try:
        code = int(str(session.row(LOCK)[0]))
    except CorelibError as error:
        return lacked_by_tests(session.purpose, f"sp_getapplock in master failed: {error.message}", advice)
    if code >= 0:
        return ok("sp_getapplock works in master")
    return lacked_by_tests(session.purpose, f"sp_getapplock in master returned {code}", advice)
