CREATE OR REPLACE FUNCTION pg_temp.corelib_reset(identity text, since xid, outline text, alone boolean,
  OUT open_transactions integer[], OUT tables_touched boolean, OUT rows_touched boolean,
  OUT emptied integer[], OUT swollen integer[])
LANGUAGE plpgsql AS $corelib$
#variable_conflict use_variable
DECLARE
  filled boolean[];
BEGIN
IF alone THEN open_transactions := ARRAY(SELECT a.pid FROM pg_stat_activity a
  WHERE a.datname = current_database() AND a.xact_start IS NOT NULL AND a.backend_type = 'client backend'
    AND a.pid <> pg_backend_pid()); END IF;
tables_touched := (SELECT concat_ws(' ',
  (SELECT count(*) FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)),
  (SELECT count(*) FROM pg_constraint k WHERE k.contype = 'f'),
  (SELECT sum(hashtextextended(concat(t.oid, t.tgenabled), 0)) FROM pg_trigger t
    WHERE t.tgenabled <> 'O' OR NOT t.tgisinternal),
  (SELECT shobj_description(d.oid, 'pg_database') FROM pg_database d WHERE d.datname = current_database()))) <> outline OR COALESCE((SELECT min(age(c.xmin)) FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)) <= age(since)
  OR (SELECT min(age(k.xmin)) FROM pg_constraint k WHERE k.contype = 'f') <= age(since), false);
IF cardinality(open_transactions) > 0 OR tables_touched THEN RETURN; END IF;
rows_touched := COALESCE(false, false);
IF rows_touched THEN RETURN; END IF;
END
$corelib$
