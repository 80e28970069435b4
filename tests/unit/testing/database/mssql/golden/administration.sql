-- properties
SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(400)) AS [ProductVersion], CAST(SERVERPROPERTY('Edition') AS nvarchar(400)) AS [Edition], CAST(SERVERPROPERTY('Collation') AS nvarchar(400)) AS [Collation], CAST(SERVERPROPERTY('InstanceDefaultDataPath') AS nvarchar(400)) AS [InstanceDefaultDataPath], CAST(SERVERPROPERTY('InstanceDefaultLogPath') AS nvarchar(400)) AS [InstanceDefaultLogPath], CAST(SERVERPROPERTY('InstanceDefaultBackupPath') AS nvarchar(400)) AS [InstanceDefaultBackupPath], CAST(SERVERPROPERTY('EngineEdition') AS int) AS [EngineEdition], (SELECT COUNT(*) FROM sys.all_objects WHERE name = N'dm_io_backup_tapes') AS [BackupViews];

-- rights
SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'CREATE ANY DATABASE'), HAS_PERMS_BY_NAME(N'master', 'DATABASE', 'CREATE DATABASE'), HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE'), SUSER_SNAME();

-- files of master
SELECT type_desc, physical_name FROM sys.master_files WHERE database_id = DB_ID(N'master');

-- options of model
SELECT compatibility_level, is_read_committed_snapshot_on, snapshot_isolation_state FROM sys.databases WHERE name = N'model';

-- names
SELECT name FROM sys.databases WHERE LEFT(name, 7) = N'shop_c_';

-- state
SELECT state_desc, is_read_only FROM sys.databases WHERE name = N'shop_c_1';

-- create
CREATE DATABASE [shop_c_1];

-- create with a collation
CREATE DATABASE [shop_c_1] COLLATE Latin1_General_100_CI_AS;

-- set AUTO_CLOSE
ALTER DATABASE [shop_c_1] SET AUTO_CLOSE OFF;

-- set AUTO_SHRINK
ALTER DATABASE [shop_c_1] SET AUTO_SHRINK OFF;

-- set DELAYED_DURABILITY
ALTER DATABASE [shop_c_1] SET DELAYED_DURABILITY = FORCED;

-- set RECOVERY
ALTER DATABASE [shop_c_1] SET RECOVERY SIMPLE;

-- throw out and drop
ALTER DATABASE [shop_c_1] SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE [shop_c_1];

-- drop
DROP DATABASE [shop_c_1];

-- rename
ALTER DATABASE [shop_b_1] MODIFY NAME = [shop_t_1];

-- seal
ALTER DATABASE [shop_t_1] SET READ_ONLY WITH ROLLBACK IMMEDIATE;

-- unseal
ALTER DATABASE [shop_t_1] SET READ_WRITE WITH ROLLBACK IMMEDIATE;

-- read the mark
SELECT CAST(value AS nvarchar(2000)) FROM sys.extended_properties WHERE class = 0 AND name = N'corelib_test_kit';

-- write the mark
IF EXISTS (SELECT CAST(value AS nvarchar(2000)) FROM sys.extended_properties WHERE class = 0 AND name = N'corelib_test_kit') EXEC sys.sp_updateextendedproperty @name = N'corelib_test_kit', @value = N'{"corelib_test_database": 1, "about": "Made by the database test kit of corelib for automated tests. Nothing in it is worth keeping: the kit drops it without asking.", "kind": "clone", "run": "0123456789ab", "fingerprint": "f00d"}' ELSE EXEC sys.sp_addextendedproperty @name = N'corelib_test_kit', @value = N'{"corelib_test_database": 1, "about": "Made by the database test kit of corelib for automated tests. Nothing in it is worth keeping: the kit drops it without asking.", "kind": "clone", "run": "0123456789ab", "fingerprint": "f00d"}';

-- sessions
SELECT who.session_id, who.program_name, who.status, DATEADD(second, -DATEDIFF(second, begun.transaction_begin_time, GETDATE()), SYSUTCDATETIME()), LEFT(batch.text, 200) FROM sys.dm_exec_sessions AS who LEFT JOIN sys.dm_exec_connections AS way ON way.session_id = who.session_id AND way.parent_connection_id IS NULL OUTER APPLY sys.dm_exec_sql_text(way.most_recent_sql_handle) AS batch OUTER APPLY (SELECT MIN(active.transaction_begin_time) AS transaction_begin_time FROM sys.dm_tran_session_transactions AS held JOIN sys.dm_tran_active_transactions AS active ON active.transaction_id = held.transaction_id WHERE held.session_id = who.session_id) AS begun WHERE who.is_user_process = 1 AND who.database_id = DB_ID(N'shop_c_1') AND who.session_id <> @@SPID ORDER BY who.session_id;

-- sessions, plainly
SELECT who.session_id, who.program_name, who.status, NULL, NULL FROM sys.dm_exec_sessions AS who WHERE who.database_id = DB_ID(N'shop_c_1') AND who.session_id <> @@SPID ORDER BY who.session_id;

-- one session
SELECT session_id FROM sys.dm_exec_sessions WHERE session_id = 55;

-- end a session
KILL 55;

-- being made
SELECT COUNT(*) FROM sys.dm_exec_requests AS request CROSS APPLY sys.dm_exec_sql_text(request.sql_handle) AS batch WHERE request.session_id <> @@SPID AND request.command IN (N'CREATE DATABASE', N'RESTORE DATABASE', N'KILLED/ROLLBACK') AND (CHARINDEX(N'CREATE DATABASE [shop_c_1]', batch.text) > 0 OR CHARINDEX(N'RESTORE DATABASE [shop_c_1]', batch.text) > 0);
