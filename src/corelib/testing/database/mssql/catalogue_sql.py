"""The questions to the catalogue, as T-SQL; nothing here connects.

The views are those that SQL Server 2019 and Azure SQL have (Microsoft: "Object catalog views"). What came later is a
column of sys.tables or sys.columns that is simply not among the answers of an older version, or a view that is asked
for alone (`EDGE_CONSTRAINTS`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from corelib.testing.database.mssql.quoting import quoted
from corelib.testing.database.planning.catalogue import TableName

TABLES = (
    "SELECT s.name AS schema_name, t.* FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
    "WHERE t.is_ms_shipped = 0 ORDER BY s.name, t.name"
)
"""Microsoft: "sys.tables (Transact-SQL)"."""

COUNTERS = (
    "SELECT i.object_id, i.name, TYPE_NAME(i.system_type_id) AS type_name, i.precision, "
    "CONVERT(decimal(38, 0), i.seed_value) AS seed_value, "
    "CONVERT(decimal(38, 0), i.increment_value) AS increment_value, "
    "CONVERT(decimal(38, 0), i.last_value) AS last_value FROM sys.identity_columns AS i"
)
"""Values are of the type sql_variant (Microsoft: "sys.identity_columns (Transact-SQL)"), which no driver fetches well.

last_value is the last value that was generated. The rule for an unused table is that it is NULL: then, says Microsoft's
page "IDENT_CURRENT (Transact-SQL)", that function answers with the seed, "because the table has never contained rows or
has been truncated". On a server whose last_value is the seed there, the first spread value is off by one increment.
"""

KEYS = (
    "SELECT k.name, k.parent_object_id, k.referenced_object_id, k.delete_referential_action, k.is_disabled, "
    "k.is_not_trusted FROM sys.foreign_keys AS k WHERE k.is_ms_shipped = 0"
)
"""Microsoft: "sys.foreign_keys (Transact-SQL)"."""

SEQUENCES = (
    "SELECT s.name AS schema_name, q.name, q.is_cycling, CONVERT(decimal(38, 0), q.start_value) AS start_value, "
    "CONVERT(decimal(38, 0), q.increment) AS increment_value, "
    "CONVERT(decimal(38, 0), q.minimum_value) AS minimum_value, "
    "CONVERT(decimal(38, 0), q.maximum_value) AS maximum_value, "
    "CONVERT(decimal(38, 0), q.current_value) AS current_value, "
    "CONVERT(decimal(38, 0), q.last_used_value) AS last_used_value "
    "FROM sys.sequences AS q JOIN sys.schemas AS s ON s.schema_id = q.schema_id WHERE q.is_ms_shipped = 0 "
    "ORDER BY s.name, q.name"
)
"""Sequences belong to no column here. Before the first use current_value is the first value that will be generated,
afterwards the last one that was; last_used_value can be NULL (Microsoft: "sys.sequences (Transact-SQL)").
"""

TRIGGERS = (
    "SELECT g.parent_id, g.name, g.is_disabled, g.is_instead_of_trigger, "
    "MAX(CASE WHEN e.type_desc = N'DELETE' THEN 1 ELSE 0 END) AS on_delete, "
    "MAX(CASE WHEN e.type_desc = N'UPDATE' THEN 1 ELSE 0 END) AS on_update FROM sys.triggers AS g "
    "JOIN sys.trigger_events AS e ON e.object_id = g.object_id "
    "WHERE g.parent_class = 1 AND e.type_desc IN (N'DELETE', N'UPDATE') "
    "GROUP BY g.parent_id, g.name, g.is_disabled, g.is_instead_of_trigger ORDER BY g.name"
)
"""Microsoft: "sys.triggers (Transact-SQL)", "sys.trigger_events (Transact-SQL)"."""

INDEXED_VIEWS = (
    "SELECT DISTINCT d.referenced_id FROM sys.views AS v "
    "JOIN sys.indexes AS i ON i.object_id = v.object_id AND i.index_id = 1 "
    "JOIN sys.sql_expression_dependencies AS d ON d.referencing_id = v.object_id WHERE d.referenced_id IS NOT NULL"
)
"""Microsoft: "Create Indexed Views": the first index of a view is unique and clustered."""

EDGE_CONSTRAINTS = (
    "SELECT e.name, e.parent_object_id, e.delete_referential_action, e.is_disabled, e.is_not_trusted, "
    "c.from_object_id, c.to_object_id FROM sys.edge_constraints AS e "
    "JOIN sys.edge_constraint_clauses AS c ON c.object_id = e.object_id"
)
"""Microsoft: "sys.edge_constraints (Transact-SQL)", since SQL Server 2019."""

POLICIES_THERE = "SELECT o.object_id FROM sys.objects AS o WHERE o.type = 'SP'"
"""Whether there are security policies, asked of a view that every server has (Microsoft: "sys.objects")."""

POLICIES = (
    "SELECT s.name AS schema_name, p.name, p.is_not_for_replication, d.target_object_id, d.predicate_definition, "
    "d.predicate_type_desc, d.operation_desc, "
    "HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'ALTER ANY SECURITY POLICY') AS may_alter "
    "FROM sys.security_policies AS p JOIN sys.schemas AS s ON s.schema_id = p.schema_id "
    "JOIN sys.security_predicates AS d ON d.object_id = p.object_id "
    "WHERE p.is_enabled = 1 AND (d.predicate_type = 0 OR d.operation IS NULL OR d.operation = 4) "
    "ORDER BY s.name, p.name, d.security_predicate_id"
)
"""Those that hide rows (FILTER, type 0) or keep them from being deleted (BLOCK, operation 4: BEFORE DELETE; NULL: all).

Microsoft: "sys.security_policies (Transact-SQL)", "sys.security_predicates (Transact-SQL)".
"""

SHAPES = """SELECT t.object_id, HASHBYTES('SHA2_256', CONCAT(
    (SELECT c.column_id, c.name, c.user_type_id, c.max_length, c.precision, c.scale, c.is_nullable
        FROM sys.columns AS c WHERE c.object_id = t.object_id ORDER BY c.column_id FOR JSON PATH),
    (SELECT k.object_id, k.is_disabled, k.is_not_trusted FROM sys.check_constraints AS k
        WHERE k.parent_object_id = t.object_id ORDER BY k.object_id FOR JSON PATH))) AS shape
FROM sys.tables AS t WHERE t.is_ms_shipped = 0"""
"""A digest of the columns and check constraints of each table, by which a changed one is named."""

CATALOGUE = ";\n".join((TABLES, COUNTERS, KEYS, TRIGGERS, INDEXED_VIEWS, SHAPES, SEQUENCES, POLICIES_THERE))

STAMP = """HASHBYTES('SHA2_256', CONCAT(
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
    (SELECT o.object_id FROM sys.objects AS o WHERE o.type = 'SP' ORDER BY o.object_id FOR JSON PATH)))"""
"""A digest of the tables and their columns, keys and triggers, and of which security policies there are.

It does not move by what a reset does, since that leaves each of these as it was; sys.objects.modify_date would, with
every key and trigger that is switched off and on again (Microsoft: "sys.objects (Transact-SQL)").
"""

STAMP_WITH_POLICIES = f"""{STAMP[:-2]},
    (SELECT p.object_id, p.is_enabled, p.is_not_for_replication FROM sys.security_policies AS p
        ORDER BY p.object_id FOR JSON PATH),
    (SELECT d.object_id, d.security_predicate_id, d.target_object_id, d.predicate_definition, d.predicate_type,
            d.operation FROM sys.security_predicates AS d
        ORDER BY d.object_id, d.security_predicate_id FOR JSON PATH)))"""  # noqa: S608 - constants
"""The same with what the policies say, for databases that have some: not every server has these views."""

_TABLES_AT_ONCE = 100


def counted(tables: Sequence[TableName]) -> str:
    """Return a batch that counts the rows of tables, by their place in the sequence; empty ones are left out.

    Exact numbers: those of sys.partitions are approximate (Microsoft: "sys.partitions (Transact-SQL)").
    """
    selects = [
        f"SELECT {number} AS number, COUNT_BIG(*) AS quantity FROM {quoted(name)} HAVING COUNT_BIG(*) > 0"  # noqa: S608 - names are delimited
        for number, name in enumerate(tables)
    ]
    groups = (selects[start : start + _TABLES_AT_ONCE] for start in range(0, len(selects), _TABLES_AT_ONCE))
    return ";\n".join("\nUNION ALL ".join(group) for group in groups)


def columns_of(object_ids: Iterable[int]) -> str:
    """Return a query for the columns of some tables; at least one."""
    listed = ", ".join(map(str, object_ids))
    return (
        "SELECT c.*, TYPE_NAME(c.system_type_id) AS type_name, y.is_assembly_type FROM sys.columns AS c "  # noqa: S608 - numbers
        f"LEFT JOIN sys.types AS y ON y.user_type_id = c.user_type_id WHERE c.object_id IN ({listed}) "
        "ORDER BY c.object_id, c.column_id"
    )
