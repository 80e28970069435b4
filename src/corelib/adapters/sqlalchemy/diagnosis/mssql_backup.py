"""Where SQL Server puts backups."""

from __future__ import annotations

from uuid import uuid4

from corelib.adapters.sqlalchemy.diagnosis.model import Judgement, Purpose, lacked_by_tests, ok, unknown, warning
from corelib.adapters.sqlalchemy.diagnosis.mssql_facts import AZURE, BACKUP_VIEWS, engine_edition, literal, quoted
from corelib.adapters.sqlalchemy.diagnosis.session import Session
from corelib.errors import CorelibError

FOLDER = "SELECT CAST(SERVERPROPERTY('InstanceDefaultBackupPath') AS nvarchar(400))"
"""Microsoft: "SERVERPROPERTY (Transact-SQL)", since SQL Server 2019."""
HAS_DELETE_FILES = "SELECT COUNT(*) FROM sys.all_objects WHERE name = N'xp_delete_files'"
"""The procedure came with SQL Server 2019; Microsoft does not document it, and there is no documented one."""

_ADVICE = (
    "Make the folder, and let it belong to the account of the SQL Server service (in a container: the user mssql, "
    "10001); or name another one by the setting of the default backup folder."
)


def backup_folder(session: Session) -> Judgement:
    """Look whether the folder is there, without writing to it.

    Of `sys.dm_os_file_exists` Microsoft documents the name alone ("Release notes for SQL Server on Linux"), so that
    anything but a plain answer is none, and that it is not there is no more than a warning: the trial proves it.
    """
    if engine_edition(session) in AZURE:
        return ok("not needed: the service keeps backups itself")
    path = str(next(iter(session.row(FOLDER)), None) or "")
    if not path:
        return unknown("the server does not name its default folder", "Try it with --deep.")
    row = session.row(f"SELECT file_is_a_directory FROM sys.dm_os_file_exists({literal(path)})")  # noqa: S608 - quoted
    if not row:
        return unknown(f"{path}; the server does not tell whether it is there", "Try it with --deep.")
    if row[0]:
        return ok(f"{path} is there; whether the server may write to it, --deep tries out")
    found = f"{path} is not there, or the server may not enter it, which --deep tries out"
    return ok(f"{found}; production has its own") if session.purpose is Purpose.PRODUCTION else warning(found, _ADVICE)


def backup_trial(session: Session) -> Judgement:
    """Back up a database made for it, and drop it (Microsoft: "BACKUP (Transact-SQL)", COPY_ONLY).

    A name without a folder means the default folder (Microsoft: "Backup devices (SQL Server)").
    """
    if engine_edition(session) in AZURE:
        return ok("not tried: the service keeps backups itself")
    if not session.row(BACKUP_VIEWS)[0]:
        return unknown("this server has no BACKUP")
    name = f"corelib_doctor_{uuid4().hex}"
    try:
        session.rows(f"CREATE DATABASE {quoted(name)}")
    except CorelibError as error:
        return unknown(f"no database could be made for the trial: {error.message.rstrip('.')}", error.hint)
    judgement = _tried(session, name)
    try:
        session.rows(f"DROP DATABASE {quoted(name)}")
    except CorelibError as error:
        found = f"the database {name}, made for the trial, could not be dropped: {error.message.rstrip('.')}"
        return warning(found, f"Run: DROP DATABASE {quoted(name)}")
    return judgement


def _tried(session: Session, name: str) -> Judgement:
    file = f"{name}.bak"
    try:
        options = "COPY_ONLY, FORMAT, INIT, CHECKSUM"
        session.drained(f"BACKUP DATABASE {quoted(name)} TO DISK = {literal(file)} WITH {options}")
        session.drained(f"RESTORE VERIFYONLY FROM DISK = {literal(file)} WITH CHECKSUM")
    except CorelibError as error:
        of_folder = "operating system error" in error.message.lower()
        advice = _ADVICE if of_folder else error.hint or "The error log of the server may tell more."
        return lacked_by_tests(session.purpose, f"BACKUP failed: {error.message.rstrip('.')}", advice)
    folder = str(next(iter(session.row(FOLDER)), None) or "")
    left = _left_behind(session, folder, file)
    if left:
        return warning(f"BACKUP works, but its file {left} could not be deleted", "Delete it on the server.")
    return ok(f"BACKUP to {folder} works")


def _left_behind(session: Session, folder: str, file: str) -> str:
    """Delete the backup and return the empty text, or return its name."""
    separator = "" if folder.endswith(("/", "\\")) else "/" if folder.startswith("/") else "\\"
    path = f"{folder}{separator}{file}" if folder else file
    try:
        if not folder or not session.row(HAS_DELETE_FILES)[0]:
            return path
        session.rows(f"EXEC master.sys.xp_delete_files {literal(path)}")
    except CorelibError:
        return path
    return ""
