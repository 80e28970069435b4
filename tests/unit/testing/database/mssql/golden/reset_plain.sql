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
IF EXISTS (SELECT 1 FROM [select].[a]]b'c] WITH (READCOMMITTEDLOCK))
BEGIN
    DELETE FROM [select].[a]]b'c] WITH (TABLOCK);
    INSERT INTO @emptied VALUES (0);
END;
IF EXISTS (SELECT 1 FROM [dbo].[orders] WITH (READCOMMITTEDLOCK))
BEGIN
    DELETE FROM [dbo].[orders] WITH (TABLOCK);
    INSERT INTO @emptied VALUES (1);
END;
SELECT N'emptied' AS found, e.number FROM @emptied AS e;
COMMIT TRANSACTION;
