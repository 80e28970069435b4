-- after the revert
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
DECLARE @moved TABLE (
    number int NOT NULL, argument nvarchar(600) NOT NULL, fresh int NOT NULL, value decimal(38, 0) NOT NULL);
INSERT INTO @moved
SELECT w.number, w.argument, f.fresh, CASE f.fresh WHEN 1 THEN w.next_value ELSE w.current_value END
    FROM (VALUES
        (0, OBJECT_ID(N'[dbo].[orders]'), N'''[dbo].[orders]''', 1000, 1001, CONVERT(decimal(38, 0), NULL), 1),
        (1, OBJECT_ID(N'[dbo].[users]'), N'''[dbo].[users]''', 2000, 2001, CONVERT(decimal(38, 0), NULL), 1)
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
