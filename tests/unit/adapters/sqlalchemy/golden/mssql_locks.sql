-- acquire at once
SET NOCOUNT ON; DECLARE @code int; EXEC @code = sp_getapplock @Resource = N'corelib:351ed9febc70ab9ecdc3dce0', @LockMode = 'Exclusive', @LockTimeout = 1, @LockOwner = 'Session'; SELECT @code;

-- acquire within five seconds
SET NOCOUNT ON; DECLARE @code int; EXEC @code = sp_getapplock @Resource = N'corelib:351ed9febc70ab9ecdc3dce0', @LockMode = 'Exclusive', @LockTimeout = 5000, @LockOwner = 'Session'; SELECT @code;

-- is held
SELECT APPLOCK_MODE('public', N'corelib:351ed9febc70ab9ecdc3dce0', 'Session');

-- release
SET NOCOUNT ON; DECLARE @code int; EXEC @code = sp_releaseapplock @Resource = N'corelib:351ed9febc70ab9ecdc3dce0', @LockOwner = 'Session'; SELECT @code;

-- holder
SELECT TOP (1) holder.program_name FROM sys.dm_tran_locks AS held JOIN sys.dm_exec_sessions AS holder ON holder.session_id = held.request_session_id WHERE held.resource_type = N'APPLICATION' AND held.resource_database_id = DB_ID() AND held.request_status = N'GRANT' AND CHARINDEX(N'corelib:351ed9febc70ab9ecdc3dce0', held.resource_description) > 0;
