-- flush the log
EXEC sys.sp_flush_log;

-- back up
BACKUP DATABASE [shop_b_1] TO DISK = N'/var/opt/mssql/backup/shop_t_1.bak' WITH COPY_ONLY, FORMAT, INIT, CHECKSUM;

-- back up, compressed
BACKUP DATABASE [shop_b_1] TO DISK = N'\\files\backup\shop_t_1.bak' WITH COPY_ONLY, FORMAT, INIT, CHECKSUM, COMPRESSION;

-- verify
RESTORE VERIFYONLY FROM DISK = N'/var/opt/mssql/backup/shop_t_1.bak' WITH CHECKSUM;

-- list the files
RESTORE FILELISTONLY FROM DISK = N'/var/opt/mssql/backup/shop_t_1.bak';

-- restore on Linux
RESTORE DATABASE [shop_c_1] FROM DISK = N'/var/opt/mssql/backup/shop_t_1.bak' WITH CHECKSUM, RECOVERY, MOVE N'shop' TO N'/var/opt/mssql/data/shop_c_1_1.mdf', MOVE N'shop_log' TO N'/var/opt/mssql/log/shop_c_1_2.ldf', MOVE N'Archive of 2025''s [orders]' TO N'/var/opt/mssql/data/shop_c_1_3.ndf', MOVE N'in_memory' TO N'/var/opt/mssql/data/shop_c_1_65537', MOVE N'words' TO N'/var/opt/mssql/data/shop_c_1_65538';

-- restore on Windows
RESTORE DATABASE [shop_c_1] FROM DISK = N'\\files\backup\shop_t_1.bak' WITH CHECKSUM, RECOVERY, MOVE N'shop' TO N'E:\SQL\DATA\shop_c_1_1.mdf', MOVE N'shop_log' TO N'F:\LOG\shop_c_1_2.ldf', MOVE N'Archive of 2025''s [orders]' TO N'E:\SQL\DATA\shop_c_1_3.ndf', MOVE N'in_memory' TO N'E:\SQL\DATA\shop_c_1_65537', MOVE N'words' TO N'E:\SQL\DATA\shop_c_1_65538';

-- look at the files
SELECT name, state_desc FROM sys.master_files WHERE database_id = DB_ID(N'shop_c_1');

-- delete
IF EXISTS (SELECT 1 FROM sys.all_objects WHERE name = N'xp_delete_files') EXEC master.sys.xp_delete_files N'/var/opt/mssql/backup/shop_t_1.bak';
