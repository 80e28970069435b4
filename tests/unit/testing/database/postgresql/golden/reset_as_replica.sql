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
rows_touched := COALESCE((SELECT count(*) <> 250 OR min(age(xmin)) <= age(since) FROM ONLY "app"."countries"), false);
IF rows_touched THEN RETURN; END IF;
filled := (SELECT ARRAY[
  EXISTS (SELECT FROM ONLY "app"."Weiß ""x"""),
  EXISTS (SELECT FROM ONLY "app"."members"),
  EXISTS (SELECT FROM ONLY "app"."teams"),
  EXISTS (SELECT FROM ONLY "app"."offices"),
  EXISTS (SELECT FROM ONLY "app"."order"),
  EXISTS (SELECT FROM "audit log"."a.b")
]);
emptied := array_positions(filled, true);
IF cardinality(emptied) > 0 THEN
SET CONSTRAINTS ALL IMMEDIATE;
IF filled[1] THEN
  DELETE FROM ONLY "app"."Weiß ""x""";
END IF;
IF filled[2] OR filled[3] THEN
  WITH deletion_1 AS (DELETE FROM ONLY "app"."members") DELETE FROM ONLY "app"."teams";
END IF;
IF filled[4] THEN
  DELETE FROM ONLY "app"."offices";
END IF;
IF filled[5] THEN
  ALTER TABLE "app"."order" DISABLE TRIGGER "in mode R";
  ALTER TABLE "app"."order" DISABLE TRIGGER "in mode A";
  DELETE FROM ONLY "app"."order";
  ALTER TABLE "app"."order" ENABLE REPLICA TRIGGER "in mode R";
  ALTER TABLE "app"."order" ENABLE ALWAYS TRIGGER "in mode A";
END IF;
IF filled[6] THEN
  DELETE FROM "audit log"."a.b";
END IF;
swollen := ARRAY(SELECT place FROM unnest(emptied) place WHERE pg_relation_size((ARRAY[
  '"app"."Weiß ""x"""'::regclass,
  '"app"."members"'::regclass,
  '"app"."teams"'::regclass,
  '"app"."offices"'::regclass,
  '"app"."order"'::regclass,
  '"audit log"."a.b"'::regclass
])[place]) > 131072);
END IF;
IF identity <> 'keep' THEN
PERFORM setval(c.counter, CASE identity WHEN 'spread' THEN c.spread ELSE c.reseed END, false) FROM (
SELECT '"app"."it''s"'::regclass, 7::bigint, 1001::bigint, last_value, is_called FROM "app"."it's"
  UNION ALL SELECT '"app"."order_id_seq"'::regclass, 1::bigint, 2001::bigint, last_value, is_called FROM "app"."order_id_seq"
  UNION ALL SELECT '"app"."countries_id_seq"'::regclass, 251::bigint, 251::bigint, last_value, is_called FROM "app"."countries_id_seq"
  UNION ALL SELECT '"app"."numbers"'::regclass, 1000::bigint, 1000::bigint, last_value, is_called FROM "app"."numbers"
) c (counter, reseed, spread, last_value, is_called)
WHERE c.is_called OR c.last_value <> CASE identity WHEN 'spread' THEN c.spread ELSE c.reseed END;
END IF;
END
$corelib$
