"""Who has a transaction open in a database."""

from __future__ import annotations

MAY_SEE = (
    "SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM sys.all_views AS v WHERE v.name = N'dm_tran_session_transactions') "
    "THEN 0 WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1 THEN 1 "
    "WHEN CONVERT(int, SERVERPROPERTY(N'EngineEdition')) = 5 "
    "AND HAS_PERMS_BY_NAME(NULL, N'DATABASE', N'VIEW DATABASE STATE') = 1 THEN 1 ELSE 0 END AS allowed, "
    "SUSER_SNAME() AS login_name"
)
"""Whether the transactions of others can be seen: not on servers that speak T-SQL with less, which lack the view.

The right is another one on Azure SQL Database, engine edition 5 (Microsoft: "sys.dm_tran_session_transactions
(Transact-SQL)", "SERVERPROPERTY (Transact-SQL)").
"""

_OPEN = """SELECT DISTINCT s.session_id, s.program_name, s.status, a.transaction_begin_time, LEFT(q.text, 200)
FROM sys.dm_tran_session_transactions AS st
JOIN sys.dm_exec_sessions AS s ON s.session_id = st.session_id
JOIN sys.dm_tran_active_transactions AS a ON a.transaction_id = st.transaction_id
LEFT JOIN sys.dm_exec_connections AS c ON c.session_id = st.session_id AND c.parent_connection_id IS NULL
OUTER APPLY sys.dm_exec_sql_text(c.most_recent_sql_handle) AS q
WHERE st.session_id <> @@SPID AND """

_USED = """((s.database_id = DB_ID() AND a.transaction_begin_time < s.last_request_start_time)
    OR EXISTS (SELECT 1 FROM sys.dm_tran_database_transactions AS d
        WHERE d.transaction_id = st.transaction_id AND d.database_id = DB_ID()
            AND d.database_transaction_begin_time IS NOT NULL))"""

_LOCKED = """EXISTS (SELECT 1 FROM sys.dm_tran_locks AS l
    WHERE l.request_owner_type = N'TRANSACTION' AND l.request_owner_id = st.transaction_id
        AND l.resource_database_id = DB_ID() AND l.resource_type <> N'DATABASE' AND l.request_status = N'GRANT')"""

_DECLARED = (
    "DECLARE @leaked TABLE (session_id int, program_name nvarchar(128), status nvarchar(30), since datetime, "
    "statement nvarchar(200))"
)

OPEN_TRANSACTIONS = f"{_DECLARED};\nINSERT INTO @leaked {_OPEN}{_USED}"
"""Keep in @leaked the sessions that have run a statement in their open transaction, or have written here with it.

Others are passed over: Microsoft's driver begins a transaction with every end of one, so an idle connection of a pool
has an empty one, which is younger than its last request ("[MS-TDS]: Transaction Manager Request"). The time at which a
database became involved is that of its first log record (Microsoft: "sys.dm_tran_database_transactions (Transact-SQL)",
"sys.dm_tran_active_transactions (Transact-SQL)", "sys.dm_exec_sessions (Transact-SQL)").
"""

HOLDERS = f"""{_DECLARED};
INSERT INTO @leaked {_OPEN}({_USED}
    OR {_LOCKED});
SELECT N'leaked' AS found, * FROM @leaked"""  # noqa: S608 - constants
"""Ask for those as well that hold a lock otherwise, after a reset has waited for one in vain.

By then nothing waits any more, so sys.dm_os_waiting_tasks would be empty; the locks are still there (Microsoft:
"sys.dm_tran_locks (Transact-SQL)").
"""
