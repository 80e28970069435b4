SET NOCOUNT ON;
SET XACT_ABORT ON;
SET ANSI_NULLS ON;
SET ANSI_PADDING ON;
SET ANSI_WARNINGS ON;
SET ARITHABORT ON;
SET CONCAT_NULL_YIELDS_NULL ON;
SET QUOTED_IDENTIFIER ON;
SET NUMERIC_ROUNDABORT OFF;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCK_TIMEOUT 2000;
IF @@TRANCOUNT > 0
BEGIN
    ROLLBACK TRANSACTION;
END;
DECLARE @emptied TABLE (number int NOT NULL);
DECLARE @stamp varbinary(32) = HASHBYTES('SHA2_256', CONCAT(
    (SELECT t.object_id, t.schema_id, t.name FROM sys.tables AS t WHERE t.is_ms_shipped = 0
        ORDER BY t.object_id FOR JSON PATH),
    (SELECT c.object_id, c.column_id, c.name, c.user_type_id, c.max_length, c.precision, c.scale, c.is_nullable
        FROM sys.columns AS c JOIN sys.tables AS t ON t.object_id = c.object_id WHERE t.is_ms_shipped = 0
        ORDER BY c.object_id, c.column_id FOR JSON PATH),
    (SELECT k.object_id, k.is_disabled, k.is_not_trusted FROM sys.foreign_keys AS k
        ORDER BY k.object_id FOR JSON PATH),
    (SELECT k.object_id, k.is_disabled, k.is_not_trusted FROM sys.check_constraints AS k
        ORDER BY k.object_id FOR JSON PATH),
    (SELECT g.object_id, g.is_disabled FROM sys.triggers AS g WHERE g.parent_class = 1
        ORDER BY g.object_id FOR JSON PATH),
    (SELECT o.object_id FROM sys.objects AS o WHERE o.type = 'SP' ORDER BY o.object_id FOR JSON PATH)));
IF @stamp <> 0x0102
BEGIN
    SELECT N'changed' AS found;
    RETURN;
END;
BEGIN TRANSACTION;
IF EXISTS (SELECT 1 FROM [dbo].[orders] WITH (READCOMMITTEDLOCK))
BEGIN
    DELETE FROM [dbo].[orders] WITH (TABLOCK);
    INSERT INTO @emptied VALUES (0);
END;
IF EXISTS (SELECT 1 FROM [dbo].[members] WITH (READCOMMITTEDLOCK))
BEGIN
    DELETE FROM [dbo].[members] WITH (TABLOCK);
    INSERT INTO @emptied VALUES (1);
END;
DECLARE @moved TABLE (
    number int NOT NULL, argument nvarchar(600) NOT NULL, fresh int NOT NULL, value decimal(38, 0) NOT NULL);
INSERT INTO @moved
SELECT w.number, w.argument, f.fresh, CASE f.fresh WHEN 1 THEN w.next_value ELSE w.current_value END
    FROM (VALUES
        (0, OBJECT_ID(N'[dbo].[orders]'), N'''[dbo].[orders]''', 0, 1, CONVERT(decimal(38, 0), NULL), 0),
        (1, OBJECT_ID(N'[dbo].[members]'), N'''[dbo].[members]''', 7, 8, CONVERT(decimal(38, 0), NULL), 1),
        (-1, OBJECT_ID(N'[dbo].[states]'), N'''[dbo].[states]''', 3, 4, CONVERT(decimal(38, 0), NULL), 1)
    ) AS w (number, object_id, argument, current_value, next_value, unused_value, differs)
    JOIN sys.identity_columns AS i ON i.object_id = w.object_id
    CROSS APPLY (SELECT CASE WHEN i.last_value IS NULL THEN 1
        ELSE 0 END AS fresh) AS f
    WHERE (f.fresh = 1 AND w.differs = 1)
        OR (f.fresh = 0 AND CONVERT(decimal(38, 0), i.last_value) <> w.current_value);
DECLARE @reseed nvarchar(max);
SELECT @reseed = STRING_AGG(CONCAT(CONVERT(nvarchar(max), N'DBCC CHECKIDENT ('), m.argument, N', RESEED, ', m.value,
    N') WITH NO_INFOMSGS'), N'; ') FROM @moved AS m;
IF @reseed IS NOT NULL
BEGIN
    EXEC sys.sp_executesql @reseed;
END;
SELECT N'fresh' AS found, m.number FROM @moved AS m WHERE m.fresh = 1;
SELECT N'emptied' AS found, e.number FROM @emptied AS e;
COMMIT TRANSACTION;
