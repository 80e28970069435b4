-- insert
INSERT INTO club_errand (id, title, tenant, created_at, created_by, updated_at, updated_by, removed_at, version) VALUES (%(id)s::VARCHAR, %(title)s::VARCHAR, %(tenant)s::VARCHAR, %(created_at)s::TIMESTAMP WITH TIME ZONE, %(created_by)s::VARCHAR, %(updated_at)s::TIMESTAMP WITH TIME ZONE, %(updated_by)s::VARCHAR, %(removed_at)s::TIMESTAMP WITH TIME ZONE, %(version)s::INTEGER);

-- insert parts
INSERT INTO club_step (errand_id, number, position, text, done) VALUES (%(errand_id)s::VARCHAR, %(number)s::INTEGER, %(position)s::INTEGER, %(text)s::VARCHAR, %(done)s);

-- select one
SELECT club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.tenant = %(corelib_tenant)s::VARCHAR AND club_errand.removed_at IS NULL AND club_errand.id = %(corelib_key)s::VARCHAR;

-- select parts of one
SELECT NULL AS corelib_owner_0, club_step.number, club_step.text, club_step.done
FROM club_step
WHERE club_step.errand_id = %(corelib_owner)s::VARCHAR ORDER BY club_step.position;

-- select many
SELECT club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.tenant = %(corelib_tenant)s::VARCHAR AND club_errand.removed_at IS NULL AND club_errand.id = ANY (%(corelib_keys)s::VARCHAR(50)[]);

-- update
UPDATE club_errand SET updated_at=%(updated_at)s::TIMESTAMP WITH TIME ZONE, version=%(version)s::INTEGER WHERE club_errand.id = %(corelib_key)s::VARCHAR AND club_errand.version = %(corelib_loaded)s::INTEGER AND club_errand.tenant = %(corelib_tenant)s::VARCHAR;

-- delete parts
DELETE FROM club_step WHERE club_step.errand_id = %(corelib_owner)s::VARCHAR AND club_step.number = %(corelib_part)s::INTEGER;

-- move and change a part
UPDATE club_step SET position=%(position)s::INTEGER, text=%(text)s::VARCHAR WHERE club_step.errand_id = %(corelib_owner)s::VARCHAR AND club_step.number = %(corelib_part)s::INTEGER;

-- move a part
UPDATE club_step SET position=%(position)s::INTEGER WHERE club_step.errand_id = %(corelib_owner)s::VARCHAR AND club_step.number = %(corelib_part)s::INTEGER;

-- insert a part
INSERT INTO club_step (errand_id, number, position, text, done) VALUES (%(errand_id)s::VARCHAR, %(number)s::INTEGER, %(position)s::INTEGER, %(text)s::VARCHAR, %(done)s);

-- mark as removed
UPDATE club_errand SET updated_at=%(updated_at)s::TIMESTAMP WITH TIME ZONE, removed_at=%(removed_at)s::TIMESTAMP WITH TIME ZONE, version=%(version)s::INTEGER WHERE club_errand.id = %(corelib_key)s::VARCHAR AND club_errand.version = %(corelib_loaded)s::INTEGER AND club_errand.tenant = %(corelib_tenant)s::VARCHAR;

-- mark as removed where
UPDATE club_errand SET updated_at=%(updated_at)s::TIMESTAMP WITH TIME ZONE, updated_by=%(updated_by)s::VARCHAR, removed_at=%(removed_at)s::TIMESTAMP WITH TIME ZONE, version=(club_errand.version + %(version_1)s::INTEGER) WHERE club_errand.tenant = %(corelib_tenant)s::VARCHAR AND club_errand.removed_at IS NULL AND club_errand.title = %(corelib_value_0)s::VARCHAR;

-- update where
UPDATE club_errand SET title=%(title)s::VARCHAR, updated_at=%(updated_at)s::TIMESTAMP WITH TIME ZONE, updated_by=%(updated_by)s::VARCHAR, version=(club_errand.version + %(version_1)s::INTEGER) WHERE club_errand.tenant = %(corelib_tenant)s::VARCHAR AND club_errand.removed_at IS NULL AND club_errand.title = %(corelib_value_0)s::VARCHAR;

-- list
SELECT club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.tenant = %(corelib_tenant)s::VARCHAR AND club_errand.removed_at IS NULL AND club_errand.title = %(corelib_value_0)s::VARCHAR ORDER BY club_errand.id;

-- count
SELECT count(*) AS count_1
FROM club_errand
WHERE club_errand.tenant = %(corelib_tenant)s::VARCHAR AND club_errand.removed_at IS NULL;

-- list removed
SELECT club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.removed_at IS NOT NULL AND club_errand.tenant = %(corelib_tenant)s::VARCHAR AND club_errand.title = %(corelib_value_0)s::VARCHAR ORDER BY club_errand.id
 LIMIT %(param_1)s::INTEGER;

-- select a removed one
SELECT club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.removed_at IS NOT NULL AND club_errand.tenant = %(corelib_tenant)s::VARCHAR AND club_errand.id = %(corelib_key)s::VARCHAR;

-- restore
UPDATE club_errand SET updated_at=%(updated_at)s::TIMESTAMP WITH TIME ZONE, removed_at=NULL, version=%(version)s::INTEGER WHERE club_errand.id = %(corelib_key)s::VARCHAR AND club_errand.version = %(corelib_loaded)s::INTEGER AND club_errand.tenant = %(corelib_tenant)s::VARCHAR;

-- upsert 1
SELECT club_errand.id, club_errand.tenant
FROM club_errand
WHERE club_errand.id = ANY (%(corelib_keys)s::VARCHAR(50)[]) FOR UPDATE OF club_errand;

-- upsert 2
UPDATE club_errand SET title=%(title)s::VARCHAR, tenant=%(tenant)s::VARCHAR, updated_at=%(updated_at)s::TIMESTAMP WITH TIME ZONE, updated_by=%(updated_by)s::VARCHAR, removed_at=%(removed_at)s::TIMESTAMP WITH TIME ZONE, version=(club_errand.version + %(version_1)s::INTEGER) WHERE club_errand.id = %(corelib_key)s::VARCHAR;

-- upsert 3
INSERT INTO club_errand (id, title, tenant, created_at, created_by, updated_at, updated_by, removed_at, version) VALUES (%(id)s::VARCHAR, %(title)s::VARCHAR, %(tenant)s::VARCHAR, %(created_at)s::TIMESTAMP WITH TIME ZONE, %(created_by)s::VARCHAR, %(updated_at)s::TIMESTAMP WITH TIME ZONE, %(updated_by)s::VARCHAR, %(removed_at)s::TIMESTAMP WITH TIME ZONE, %(version)s::INTEGER);

-- upsert 4
DELETE FROM club_step WHERE club_step.errand_id = ANY (%(corelib_keys)s::VARCHAR(50)[]);
