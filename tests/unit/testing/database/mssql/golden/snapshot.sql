-- files
SELECT file_id, name, type_desc, physical_name, is_read_only FROM sys.master_files WHERE database_id = DB_ID(N'shop_c_0123456789ab_gw0_1') ORDER BY file_id;

-- full-text catalogues
SELECT c.name FROM sys.fulltext_catalogs AS c ORDER BY c.name;

-- make on Linux
CREATE DATABASE [shop_c_0123456789ab_gw0_1_s] ON (NAME = [shop], FILENAME = N'/var/opt/mssql/data/shop_c_0123456789ab_gw0_1_s_1.ss'), (NAME = [Archive of 2025's [orders]]], FILENAME = N'/mnt/archive/shop_c_0123456789ab_gw0_1_s_3.ss') AS SNAPSHOT OF [shop_c_0123456789ab_gw0_1];

-- make on Windows
CREATE DATABASE [shop_c_0123456789ab_gw0_1_s] ON (NAME = [shop], FILENAME = N'E:\SQL\DATA\shop_c_0123456789ab_gw0_1_s_1.ss') AS SNAPSHOT OF [shop_c_0123456789ab_gw0_1];

-- counters before
SELECT s.name AS schema_name, t.name AS table_name, i.name AS column_name, CONVERT(decimal(38, 0), i.last_value) AS last_value FROM sys.identity_columns AS i JOIN sys.tables AS t ON t.object_id = i.object_id JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE i.last_value IS NOT NULL;

-- throw out and revert
ALTER DATABASE [shop_c_0123456789ab_gw0_1] SET SINGLE_USER WITH ROLLBACK IMMEDIATE; RESTORE DATABASE [shop_c_0123456789ab_gw0_1] FROM DATABASE_SNAPSHOT = 'shop_c_0123456789ab_gw0_1_s';

-- open to all
ALTER DATABASE [shop_c_0123456789ab_gw0_1] SET MULTI_USER;

-- snapshots
SELECT name FROM sys.databases WHERE source_database_id = DB_ID(N'shop_c_0123456789ab_gw0_1') ORDER BY name;
