"""The ports of the kit on SQL Server 2019 and newer, and on what speaks T-SQL with less."""
