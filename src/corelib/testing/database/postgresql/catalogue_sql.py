"""Queries of the catalogue (PostgreSQL: "System Catalogs"); what a partition has counts for its table."""
# ruff: noqa: S608 - what is put into them are these constants

from __future__ import annotations

from corelib.testing.database.planning.catalogue import Table, Trait
from corelib.testing.database.postgresql.names import qualified

IS_HOSTS = """c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"""
"""What makes a row of pg_class a host's table or partition."""

TABLES = f"""
SELECT c.oid::bigint AS oid, COALESCE(pg_partition_root(c.oid), c.oid)::oid::bigint AS root,
  n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, pg_has_role(c.relowner, 'USAGE') AS owned,
  c.relrowsecurity AS secured, row_security_active(c.oid) AS filtered,
  (SELECT md5(string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull,
      a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum))
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT array_agg(concat(r.ev_enabled, r.rulename) ORDER BY r.rulename) FROM pg_rewrite r
    WHERE r.ev_class = c.oid AND r.ev_type = '4' AND r.ev_enabled <> 'D') AS rules
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {IS_HOSTS}"""
"""A table is filtered if its policies count for this login: it is no superuser, has not BYPASSRLS, and does not own the
table, or row security is forced on the owner. Those of a partition count only where the partition is named itself
(PostgreSQL: "Row Security Policies", "Session Information Functions")."""

FOREIGN_KEYS = """
SELECT k.conname AS name, COALESCE(pg_partition_root(k.conrelid), k.conrelid)::oid::bigint AS child,
  COALESCE(pg_partition_root(k.confrelid), k.confrelid)::oid::bigint AS parent,
  k.confdeltype::text AS on_delete, k.condeferrable AS deferrable, k.convalidated AS trusted,
  COALESCE((SELECT bool_or(t.tgenabled <> 'D') FROM pg_trigger t WHERE t.tgconstraint = k.oid), true) AS enabled,
  (SELECT string_agg(t.tgenabled, '' ORDER BY t.tgrelid, t.tgtype, t.oid) FROM pg_trigger t
    WHERE t.tgconstraint = k.oid) AS modes
FROM pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY child, name"""

TRIGGERS = """
SELECT COALESCE(pg_partition_root(t.tgrelid), t.tgrelid)::oid::bigint AS root, t.tgname AS name,
  t.tgenabled::text AS mode, (t.tgtype & 64) <> 0 AS instead_of,
  COALESCE(pg_partition_root(t.tgrelid), t.tgrelid) <> t.tgrelid AS on_partition
FROM pg_trigger t
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND (t.tgtype & 8) <> 0
ORDER BY root, name"""
"""Those that fire on DELETE: bit 8 of `tgtype`; bit 64 is INSTEAD OF (src/include/catalog/pg_trigger.h)."""

SEQUENCES = """
SELECT n.nspname AS schema, s.relname AS name, q.seqstart AS start, q.seqincrement AS increment, q.seqmin AS minimum,
  LEAST(q.seqmax, CASE a.atttypid WHEN 'smallint'::regtype THEN 32767 WHEN 'integer'::regtype THEN 2147483647
    ELSE q.seqmax END) AS maximum,
  COALESCE(pg_partition_root(a.attrelid), a.attrelid)::oid::bigint AS root, a.attname AS column
FROM pg_sequence q JOIN pg_class s ON s.oid = q.seqrelid JOIN pg_namespace n ON n.oid = s.relnamespace
LEFT JOIN LATERAL (
  SELECT 1 AS choice, d.refobjid AS relation, d.refobjsubid AS number FROM pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i')
  UNION ALL
  SELECT 2, f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
  WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid
  ORDER BY 1, 2, 3 LIMIT 1
) used_by ON true
LEFT JOIN pg_attribute a ON a.attrelid = used_by.relation AND a.attnum = used_by.number
WHERE s.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY schema, name"""
"""Sequences with the column that owns them or takes them as its default; others with NULL."""

MARK = "SELECT shobj_description(d.oid, 'pg_database') FROM pg_database d WHERE d.datname = current_database()"

OUTLINE = f"""SELECT concat_ws(' ',
  (SELECT count(*) FROM pg_class c WHERE {IS_HOSTS}),
  (SELECT count(*) FROM pg_constraint k WHERE k.contype = 'f'),
  (SELECT sum(hashtextextended(concat(t.oid, t.tgenabled), 0)) FROM pg_trigger t
    WHERE t.tgenabled <> 'O' OR NOT t.tgisinternal),
  ({MARK}))"""
"""Whose the database is, how many tables and foreign keys there are, and which triggers in which state.

It is quick to ask, at every reset.
"""

CHANGED_SINCE = f"""(SELECT min(age(c.xmin)) FROM pg_class c WHERE {IS_HOSTS}) <= age(since)
  OR (SELECT min(age(k.xmin)) FROM pg_constraint k WHERE k.contype = 'f') <= age(since)"""
"""Whether a transaction from `since` on has written one of these rows of the catalogue."""

NEXT_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text"

OPEN_TRANSACTIONS = """SELECT a.pid FROM pg_stat_activity a
  WHERE a.datname = current_database() AND a.xact_start IS NOT NULL AND a.backend_type = 'client backend'
    AND a.pid <> pg_backend_pid()"""

HOLDERS_OF_LOCKS = """SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
  WHERE d.datname = current_database() AND l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid()"""
"""Seen by every login, while the transactions of other roles are not."""


def rows_of(table: Table) -> str:
    """Return what stands behind FROM for the rows of a table: without those of tables that inherit from it."""
    return ("" if Trait.PARTITIONED in table.traits else "ONLY ") + qualified(table.name)
