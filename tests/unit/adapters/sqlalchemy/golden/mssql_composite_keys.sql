-- insert
INSERT INTO club_member (id_club, id_number, name, version) VALUES (?, ?, ?, ?);

-- insert positioned values
INSERT INTO club_phone (club, member, position, phone) VALUES (?, ?, ?, ?);

-- insert a set
INSERT INTO club_role (club, member, role) VALUES (?, ?, ?);

-- select one
SELECT club_member.version AS corelib_version, club_member.id_club, club_member.id_number, club_member.name
FROM club_member
WHERE club_member.id_club = ? AND club_member.id_number = ?;

-- select positioned values
SELECT NULL AS corelib_owner_0, NULL AS corelib_owner_1, club_phone.phone
FROM club_phone
WHERE club_phone.club = ? AND club_phone.member = ? ORDER BY club_phone.position;

-- select a set
SELECT NULL AS corelib_owner_0, NULL AS corelib_owner_1, club_role.role
FROM club_role
WHERE club_role.club = ? AND club_role.member = ? ORDER BY club_role.role;

-- select many
SELECT club_member.version AS corelib_version, club_member.id_club, club_member.id_number, club_member.name
FROM club_member
WHERE club_member.id_club = ? AND club_member.id_number = ? OR club_member.id_club = ? AND club_member.id_number = ?;

-- select positioned values of many
SELECT club_phone.club, club_phone.member, club_phone.phone
FROM club_phone
WHERE club_phone.club = ? AND club_phone.member = ? OR club_phone.club = ? AND club_phone.member = ? ORDER BY club_phone.club, club_phone.member, club_phone.position;

-- select sets of many
SELECT club_role.club, club_role.member, club_role.role
FROM club_role
WHERE club_role.club = ? AND club_role.member = ? OR club_role.club = ? AND club_role.member = ? ORDER BY club_role.club, club_role.member, club_role.role;

-- update
UPDATE club_member SET name=?, version=? WHERE club_member.id_club = ? AND club_member.id_number = ? AND club_member.version = ?;

-- add a positioned value
INSERT INTO club_phone (club, member, position, phone) VALUES (?, ?, ?, ?);

-- delete from a set
DELETE FROM club_role WHERE club_role.club = ? AND club_role.member = ? AND club_role.role = ?;

-- add to a set
INSERT INTO club_role (club, member, role) VALUES (?, ?, ?);

-- delete positioned values
DELETE FROM club_phone WHERE club_phone.club = ? AND club_phone.member = ?;

-- delete a set
DELETE FROM club_role WHERE club_role.club = ? AND club_role.member = ?;

-- delete
DELETE FROM club_member WHERE club_member.id_club = ? AND club_member.id_number = ? AND club_member.version = ?;

-- page after
SELECT TOP 3 club_member.version AS corelib_version, club_member.id_club, club_member.id_number, club_member.name
FROM club_member
WHERE (club_member.id_club COLLATE Latin1_General_100_BIN2) > ? OR (club_member.id_club COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_member.id_club) > datalength(?) OR club_member.id_club = ? AND (club_member.id_club COLLATE Latin1_General_100_BIN2) = ? AND datalength(club_member.id_club) = datalength(?) AND club_member.id_number > ? ORDER BY club_member.id_club COLLATE Latin1_General_100_BIN2, datalength(club_member.id_club), club_member.id_number;

-- upsert 1
SELECT club_member.id_club, club_member.id_number
FROM club_member WITH (UPDLOCK, SERIALIZABLE)
WHERE club_member.id_club = ? AND club_member.id_number = ? OR club_member.id_club = ? AND club_member.id_number = ?;

-- upsert 2
UPDATE club_member SET name=?, version=(club_member.version + ?) WHERE club_member.id_club = ? AND club_member.id_number = ?;

-- upsert 3
INSERT INTO club_member (id_club, id_number, name, version) VALUES (?, ?, ?, ?);

-- upsert 4
DELETE FROM club_phone WHERE club_phone.club = ? AND club_phone.member = ? OR club_phone.club = ? AND club_phone.member = ?;

-- upsert 5
DELETE FROM club_role WHERE club_role.club = ? AND club_role.member = ? OR club_role.club = ? AND club_role.member = ?;

-- upsert 6
INSERT INTO club_phone (club, member, position, phone) VALUES (?, ?, ?, ?);

-- upsert 7
INSERT INTO club_role (club, member, role) VALUES (?, ?, ?);
