-- insert
INSERT INTO club_errand (id, title, tenant, created_at, created_by, updated_at, updated_by, removed_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- insert parts
INSERT INTO club_step (errand_id, number, position, text, done) VALUES (?, ?, ?, ?, ?);

-- select one
SELECT club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?) AND club_errand.removed_at IS NULL AND club_errand.id = ?;

-- select parts of one
SELECT NULL AS corelib_owner_0, club_step.number, club_step.text, club_step.done
FROM club_step
WHERE club_step.errand_id = ? ORDER BY club_step.position;

-- select many
SELECT club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?) AND club_errand.removed_at IS NULL AND club_errand.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(51) '$') AS listed);

-- update
UPDATE club_errand SET updated_at=?, version=? WHERE club_errand.id = ? AND club_errand.version = ? AND club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?);

-- delete parts
DELETE FROM club_step WHERE club_step.errand_id = ? AND club_step.number = ?;

-- move and change a part
UPDATE club_step SET position=?, text=? WHERE club_step.errand_id = ? AND club_step.number = ?;

-- move a part
UPDATE club_step SET position=? WHERE club_step.errand_id = ? AND club_step.number = ?;

-- insert a part
INSERT INTO club_step (errand_id, number, position, text, done) VALUES (?, ?, ?, ?, ?);

-- mark as removed
UPDATE club_errand SET updated_at=?, removed_at=?, version=? WHERE club_errand.id = ? AND club_errand.version = ? AND club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?);

-- mark as removed where
UPDATE club_errand SET updated_at=?, updated_by=?, removed_at=?, version=(club_errand.version + ?) WHERE club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?) AND club_errand.removed_at IS NULL AND club_errand.title = ? AND (club_errand.title COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.title) = datalength(?);

-- update where
UPDATE club_errand SET title=?, updated_at=?, updated_by=?, version=(club_errand.version + ?) WHERE club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?) AND club_errand.removed_at IS NULL AND club_errand.title = ? AND (club_errand.title COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.title) = datalength(?);

-- list
SELECT club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?) AND club_errand.removed_at IS NULL AND club_errand.title = ? AND (club_errand.title COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.title) = datalength(?) ORDER BY club_errand.id;

-- count
SELECT count(*) AS count_1
FROM club_errand
WHERE club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?) AND club_errand.removed_at IS NULL;

-- list removed
SELECT TOP 3 club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.removed_at IS NOT NULL AND club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?) AND club_errand.title = ? AND (club_errand.title COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.title) = datalength(?) ORDER BY club_errand.id;

-- select a removed one
SELECT club_errand.version AS corelib_version, club_errand.id, club_errand.title, club_errand.tenant, club_errand.created_at, club_errand.created_by, club_errand.updated_at, club_errand.updated_by, club_errand.removed_at
FROM club_errand
WHERE club_errand.removed_at IS NOT NULL AND club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?) AND club_errand.id = ?;

-- restore
UPDATE club_errand SET updated_at=?, removed_at=NULL, version=? WHERE club_errand.id = ? AND club_errand.version = ? AND club_errand.tenant = ? AND (club_errand.tenant COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_errand.tenant) = datalength(?);

-- upsert 1
SELECT club_errand.id, club_errand.tenant
FROM club_errand WITH (UPDLOCK, SERIALIZABLE)
WHERE club_errand.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(51) '$') AS listed);

-- upsert 2
UPDATE club_errand SET title=?, tenant=?, updated_at=?, updated_by=?, removed_at=?, version=(club_errand.version + ?) WHERE club_errand.id = ?;

-- upsert 3
INSERT INTO club_errand (id, title, tenant, created_at, created_by, updated_at, updated_by, removed_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- upsert 4
DELETE FROM club_step WHERE club_step.errand_id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(51) '$') AS listed);
