"""The statements of administration; those of copying are in `backup_sql`."""

from __future__ import annotations

from corelib.testing.database.mssql.quoting import identifier, literal

BEING_MADE_BY = ("CREATE DATABASE", "RESTORE DATABASE")
LONGEST_STATEMENT = 200


def databases_like(prefix: str) -> str:
    """Return the query for names; the collation of master decides what is equal, so the names are looked at again."""
    return f"SELECT name FROM sys.databases WHERE LEFT(name, {len(prefix)}) = {literal(prefix)}"  # noqa: S608


def state_of(database: str) -> str:
    """Return the query for state and mode; no row if there is no such database (Microsoft: "sys.databases")."""
    return f"SELECT state_desc, is_read_only FROM sys.databases WHERE name = {literal(database)}"  # noqa: S608


def close_and_drop(database: str) -> str:
    """Return the batch that throws everybody out and drops the database, before somebody else gets in."""
    return f"ALTER DATABASE {identifier(database)} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; {drop(database)}"


def drop(database: str) -> str:
    """Return the statement that drops a database in any state to which nobody is connected."""
    return f"DROP DATABASE {identifier(database)}"


def rename(database: str, new_name: str) -> str:
    """Return the statement that renames a database."""
    return f"ALTER DATABASE {identifier(database)} MODIFY NAME = {identifier(new_name)}"


def set_read_only(database: str) -> str:
    """Return the statement after which nobody changes the database."""
    return f"ALTER DATABASE {identifier(database)} SET READ_ONLY WITH ROLLBACK IMMEDIATE"


def set_read_write(database: str) -> str:
    """Return the statement after which it can be changed again."""
    return f"ALTER DATABASE {identifier(database)} SET READ_WRITE WITH ROLLBACK IMMEDIATE"


def kill(session: int) -> str:
    """Return the statement that ends a session."""
    return f"KILL {session:d}"


def session(number: int) -> str:
    """Return the query for a session; no row if there is none, or it may not be seen."""
    return f"SELECT session_id FROM sys.dm_exec_sessions WHERE session_id = {number:d}"  # noqa: S608 - a number


def being_made(database: str) -> str:
    """Return the query that counts the sessions that are making a database.

    The row of a database in sys.databases may be locked meanwhile, so the text of the running statement is looked at
    (Microsoft: "sys.dm_exec_requests (Transact-SQL)"). One that is being rolled back counts as well.
    """
    texts = " OR ".join(
        f"CHARINDEX({literal(f'{command} {identifier(database)}')}, batch.text) > 0" for command in BEING_MADE_BY
    )
    commands = ", ".join(literal(command) for command in (*BEING_MADE_BY, "KILLED/ROLLBACK"))
    return (
        "SELECT COUNT(*) FROM sys.dm_exec_requests AS request "  # noqa: S608 - quoted
        "CROSS APPLY sys.dm_exec_sql_text(request.sql_handle) AS batch "
        f"WHERE request.session_id <> @@SPID AND request.command IN ({commands}) AND ({texts})"
    )


def sessions(database: str) -> str:
    """Return the query for who is connected: number, program, status, begin of the transaction in UTC, last batch.

    Times of the server are local; the age is taken from its clock, so that they can be told in UTC. Of a session with
    several active results, only the connection that carries them is looked at (Microsoft: "sys.dm_exec_connections").
    """
    return (
        "SELECT who.session_id, who.program_name, who.status, "  # noqa: S608 - quoted
        "DATEADD(second, -DATEDIFF(second, begun.transaction_begin_time, GETDATE()), SYSUTCDATETIME()), "
        f"LEFT(batch.text, {LONGEST_STATEMENT}) "
        "FROM sys.dm_exec_sessions AS who "
        "LEFT JOIN sys.dm_exec_connections AS way "
        "ON way.session_id = who.session_id AND way.parent_connection_id IS NULL "
        "OUTER APPLY sys.dm_exec_sql_text(way.most_recent_sql_handle) AS batch "
        "OUTER APPLY (SELECT MIN(active.transaction_begin_time) AS transaction_begin_time "
        "FROM sys.dm_tran_session_transactions AS held "
        "JOIN sys.dm_tran_active_transactions AS active ON active.transaction_id = held.transaction_id "
        "WHERE held.session_id = who.session_id) AS begun "
        f"WHERE who.is_user_process = 1 AND {_in(database)} ORDER BY who.session_id"
    )


def plain_sessions(database: str) -> str:
    """Return the query for the same columns with what every server that speaks T-SQL has."""
    return (
        "SELECT who.session_id, who.program_name, who.status, NULL, NULL "  # noqa: S608 - quoted
        f"FROM sys.dm_exec_sessions AS who WHERE {_in(database)} ORDER BY who.session_id"
    )


def _in(database: str) -> str:
    return f"who.database_id = DB_ID({literal(database)}) AND who.session_id <> @@SPID"
