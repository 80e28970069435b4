"""What is looked at on SQL Server; each statement names the page of Microsoft's documentation that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from corelib.adapters.sqlalchemy.diagnosis.clock import clock
from corelib.adapters.sqlalchemy.diagnosis.model import Judgement, Purpose, failure, ok, unknown, warning
from corelib.adapters.sqlalchemy.diagnosis.mssql_backup import backup_folder, backup_trial
from corelib.adapters.sqlalchemy.diagnosis.mssql_facts import (
    AZURE,
    SYNAPSE,
    database,
    engine_edition,
    literal,
    login,
    quoted,
)
from corelib.adapters.sqlalchemy.diagnosis.mssql_rights import application_locks, back_up, create_databases, see_state
from corelib.adapters.sqlalchemy.diagnosis.mssql_storage import disk_space, instant_file_initialization
from corelib.adapters.sqlalchemy.diagnosis.session import Check, Judge, Session
from corelib.adapters.sqlalchemy.engine_settings import parameter

NAMES: Final = {11: "2012", 12: "2014", 13: "2016", 14: "2017", 15: "2019", 16: "2022", 17: "2025"}
OLDEST: Final = 15
SYSTEM_DATABASES: Final = frozenset({"master", "model", "msdb", "tempdb"})
YES: Final = frozenset({"yes", "true"})
MODEL: Final = "model"
ON: Final = 1
"""Of an option; the states of snapshot isolation on its way on or off are others."""
NEWEST_DRIVER: Final = 18
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1", "."})

VERSION = "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128))"
"""Microsoft: "SERVERPROPERTY (Transact-SQL)", also for the next."""
EDITION = "SELECT CAST(SERVERPROPERTY('Edition') AS nvarchar(128))"
COLLATIONS = (
    "SELECT CAST(SERVERPROPERTY('Collation') AS nvarchar(128)), "
    "CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128))"
)
"""Microsoft: "DATABASEPROPERTYEX (Transact-SQL)"."""
ENCRYPTION = "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"
"""Microsoft: "sys.dm_exec_connections (Transact-SQL)"; takes VIEW SERVER STATE."""
TIME = "SELECT SYSUTCDATETIME()"
"""Microsoft: "SYSUTCDATETIME (Transact-SQL)"."""
VIEW_EXISTS = "SELECT COUNT(*) FROM sys.all_objects WHERE name = N'{name}'"
"""Microsoft: "sys.all_objects (Transact-SQL)"."""

STATE = "VIEW SERVER STATE"


class MssqlExamination:
    """Keeps the contract of `Examination`."""

    def checks(self, *, deep: bool) -> Sequence[Check]:
        """Return all checks; the trial of BACKUP makes a database of its own, so it is done only if wanted."""
        trial = [Check("backup trial", backup_trial)] if deep else []
        return [
            Check("driver", _driver),
            Check("login", _login),
            Check("version", _version),
            Check("edition", _edition),
            Check("right to create databases", create_databases),
            Check("right to back up", back_up),
            Check("right to see the server's state", see_state),
            Check("application locks", application_locks),
            Check("backup folder", backup_folder, view="sys.dm_os_file_exists", right=STATE),
            *trial,
            Check("collation", _collation),
            Check(
                "READ_COMMITTED_SNAPSHOT",
                _option(
                    "CAST(is_read_committed_snapshot_on AS int)",
                    "READ_COMMITTED_SNAPSHOT",
                    "readers and writers wait for each other",
                ),
            ),
            Check(
                "ALLOW_SNAPSHOT_ISOLATION",
                _option(
                    "CAST(snapshot_isolation_state AS int)",
                    "ALLOW_SNAPSHOT_ISOLATION",
                    "a unit of work with snapshot isolation fails",
                ),
            ),
            Check(
                "instant file initialization", instant_file_initialization, view="sys.dm_server_services", right=STATE
            ),
            Check("disk space", disk_space, view="sys.dm_os_volume_stats", right=STATE),
            Check("clock", clock(TIME)),
            Check("encryption", _encryption, view="sys.dm_exec_connections", right=STATE),
        ]

    def has(self, session: Session, view: str) -> bool:
        """Return whether the catalogue has a view."""
        return bool(session.row(VIEW_EXISTS.format(name=view.rpartition(".")[2]))[0])

    def grant(self, session: Session, right: str) -> str:
        """Return the statement that grants a right on the server."""
        return f"GRANT {right} TO {quoted(login(session))}"


def _driver(session: Session) -> Judgement:
    """Microsoft: "Release notes for ODBC Driver for SQL Server on Windows", "DSN and Connection String Keywords"."""
    name = str(session.engine.url.query.get("driver", "the one of the connection string"))
    digits = "".join(character for character in name if character.isdigit())
    if "ODBC Driver" not in name or not digits or int(digits) >= NEWEST_DRIVER:
        return ok(f"{name}, pyodbc {getattr(session.engine.dialect.loaded_dbapi, 'version', '')}".rstrip(" ,"))
    return warning(f"{name} is not the newest", "Install msodbcsql18, which encrypts by default.")


def _login(session: Session) -> Judgement:
    """Microsoft: "SUSER_SNAME (Transact-SQL)"."""
    return ok(f"{login(session)} in the database {database(session)}")


def _version(session: Session) -> Judgement:
    version = str(session.row(VERSION)[0])
    if engine_edition(session) in AZURE:
        return ok(f"{version}, a service that is always new")  # its number counts otherwise, see the page
    major = int(version.partition(".")[0])
    found = f"{version}, SQL Server {NAMES.get(major, 'newer than 2025' if major > max(NAMES) else 'older')}"
    if major >= OLDEST:
        return ok(found)
    return failure(found, "Use SQL Server 2019 or newer, or Azure SQL.")


def _edition(session: Session) -> Judgement:
    """Microsoft: "Editions and supported features of SQL Server 2022"."""
    edition, engine = str(session.row(EDITION)[0]), engine_edition(session)
    if engine in SYNAPSE:
        return failure(f"{edition}, an engine for analysis", "Use SQL Server, Azure SQL Database or Managed Instance.")
    if "Express" in edition:
        return warning(
            f"{edition}: 10 GB a database, 1410 MB of memory for its pages, no compressed backups",
            "It will do for tests. For production take Standard or Enterprise if the data may outgrow that.",
        )
    if "Developer" in edition or "Evaluation" in edition:
        found = f"{edition}, which has no licence for production"
        return failure(found, "Take Standard or Enterprise.") if session.purpose is Purpose.PRODUCTION else ok(found)
    return ok(edition)


def _collation(session: Session) -> Judgement:
    """Temporary tables have the server's collation, which cannot be compared with another one: error 468.

    Microsoft: "Collation and Unicode support", "tempdb database".
    """
    server, own = (str(each or "") for each in session.row(COLLATIONS))
    if not own or server.casefold() == own.casefold():
        return ok(server)
    return warning(
        f"the database has {own}, the server {server}",
        "Write COLLATE DATABASE_DEFAULT for texts in temporary tables, or make the database with the server's.",
    )


def _option(column: str, option: str, effect: str) -> Judge:
    """Return the check of an option of the database. Those of the system cannot have it; new ones take that of model.

    Microsoft: "sys.databases (Transact-SQL)", "ALTER DATABASE SET options (Transact-SQL)".
    """

    def judge(session: Session) -> Judgement:
        name = database(session)
        new = name.lower() in SYSTEM_DATABASES
        name = MODEL if new else name
        row = session.row(f"SELECT {column} FROM sys.databases WHERE name = {literal(name)}")  # noqa: S608 - quoted
        if not row:
            return unknown(f"the server does not show the database {name}")
        where = "for new databases, as in model" if new else f"in {name}"
        if row[0] == ON:
            return ok(f"on {where}")
        other = " To look at one that exists, name it in the URL." if new else ""
        return warning(f"off {where}: {effect}", f"Run: ALTER DATABASE {quoted(name)} SET {option} ON.{other}")

    return judge


def _encryption(session: Session) -> Judgement:
    """Microsoft: "DSN and Connection String Keywords and Attributes", under TrustServerCertificate."""
    row = session.row(ENCRYPTION)
    if not row:
        return unknown("the server does not list this connection")
    local = (session.url.host or "").lower() in LOOPBACK
    if str(row[0]).upper() != "TRUE":
        if local:
            return ok("off, to a server on this machine")
        return warning("off: what is read and written can be overheard", "Leave Encrypt=no out of the URL.")
    if parameter(session.url, "TrustServerCertificate").lower() not in YES:
        return ok("on, with a certificate that was checked")
    if local:
        return ok("on; the certificate is not checked")
    return warning(
        "on, but the certificate is not checked, so anybody may pose as the server",
        "Give the server a certificate that this machine trusts, and leave TrustServerCertificate out of the URL.",
    )
