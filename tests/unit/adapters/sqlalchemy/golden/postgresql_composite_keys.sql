-- insert
INSERT INTO club_member (id_club, id_number, name, version) VALUES (%(id_club)s::VARCHAR, %(id_number)s::INTEGER, %(name)s::VARCHAR, %(version)s::INTEGER);

-- insert positioned values
INSERT INTO club_phone (club, member, position, phone) VALUES (%(club)s::VARCHAR, %(member)s::INTEGER, %(position)s::INTEGER, %(phone)s::VARCHAR);

-- insert a set
INSERT INTO club_role (club, member, role) VALUES (%(club)s::VARCHAR, %(member)s::INTEGER, %(role)s::VARCHAR);

-- select one
SELECT club_member.version AS corelib_version, club_member.id_club, club_member.id_number, club_member.name
FROM club_member
WHERE club_member.id_club = %(corelib_key_0)s::VARCHAR AND club_member.id_number = %(corelib_key_1)s::INTEGER;

-- select positioned values
SELECT NULL AS corelib_owner_0, NULL AS corelib_owner_1, club_phone.phone
FROM club_phone
WHERE club_phone.club = %(corelib_owner_0)s::VARCHAR AND club_phone.member = %(corelib_owner_1)s::INTEGER ORDER BY club_phone.position;

-- select a set
SELECT NULL AS corelib_owner_0, NULL AS corelib_owner_1, club_role.role
FROM club_role
WHERE club_role.club = %(corelib_owner_0)s::VARCHAR AND club_role.member = %(corelib_owner_1)s::INTEGER ORDER BY club_role.role;

-- select many
SELECT club_member.version AS corelib_version, club_member.id_club, club_member.id_number, club_member.name
FROM club_member
WHERE club_member.id_club = %(id_club_1)s::VARCHAR AND club_member.id_number = %(id_number_1)s::INTEGER OR club_member.id_club = %(id_club_2)s::VARCHAR AND club_member.id_number = %(id_number_2)s::INTEGER;

-- select positioned values of many
SELECT club_phone.club, club_phone.member, club_phone.phone
FROM club_phone
WHERE club_phone.club = %(club_1)s::VARCHAR AND club_phone.member = %(member_1)s::INTEGER OR club_phone.club = %(club_2)s::VARCHAR AND club_phone.member = %(member_2)s::INTEGER ORDER BY club_phone.club, club_phone.member, club_phone.position;

-- select sets of many
SELECT club_role.club, club_role.member, club_role.role
FROM club_role
WHERE club_role.club = %(club_1)s::VARCHAR AND club_role.member = %(member_1)s::INTEGER OR club_role.club = %(club_2)s::VARCHAR AND club_role.member = %(member_2)s::INTEGER ORDER BY club_role.club, club_role.member, club_role.role;

-- update
UPDATE club_member SET name=%(name)s::VARCHAR, version=%(version)s::INTEGER WHERE club_member.id_club = %(corelib_key_0)s::VARCHAR AND club_member.id_number = %(corelib_key_1)s::INTEGER AND club_member.version = %(corelib_loaded)s::INTEGER;

-- add a positioned value
INSERT INTO club_phone (club, member, position, phone) VALUES (%(club)s::VARCHAR, %(member)s::INTEGER, %(position)s::INTEGER, %(phone)s::VARCHAR);

-- delete from a set
DELETE FROM club_role WHERE club_role.club = %(corelib_owner_0)s::VARCHAR AND club_role.member = %(corelib_owner_1)s::INTEGER AND club_role.role = %(corelib_part)s::VARCHAR;

-- add to a set
INSERT INTO club_role (club, member, role) VALUES (%(club)s::VARCHAR, %(member)s::INTEGER, %(role)s::VARCHAR);

-- delete positioned values
DELETE FROM club_phone WHERE club_phone.club = %(corelib_owner_0)s::VARCHAR AND club_phone.member = %(corelib_owner_1)s::INTEGER;

-- delete a set
DELETE FROM club_role WHERE club_role.club = %(corelib_owner_0)s::VARCHAR AND club_role.member = %(corelib_owner_1)s::INTEGER;

-- delete
DELETE FROM club_member WHERE club_member.id_club = %(corelib_key_0)s::VARCHAR AND club_member.id_number = %(corelib_key_1)s::INTEGER AND club_member.version = %(corelib_loaded)s::INTEGER;

-- page after
SELECT club_member.version AS corelib_version, club_member.id_club, club_member.id_number, club_member.name
FROM club_member
WHERE (club_member.id_club COLLATE "C") > %(corelib_value_0)s::VARCHAR OR club_member.id_club = %(corelib_value_0)s::VARCHAR AND club_member.id_number > %(corelib_value_1)s::INTEGER ORDER BY club_member.id_club COLLATE "C", club_member.id_number
 LIMIT %(param_1)s::INTEGER;

-- upsert 1
INSERT INTO club_member (id_club, id_number, name, version) VALUES (%(id_club)s::VARCHAR, %(id_number)s::INTEGER, %(name)s::VARCHAR, %(version)s::INTEGER) ON CONFLICT (id_club, id_number) DO UPDATE SET name = excluded.name, version = (club_member.version + %(version_1)s::INTEGER);

-- upsert 2
DELETE FROM club_phone WHERE club_phone.club = %(club_1)s::VARCHAR AND club_phone.member = %(member_1)s::INTEGER OR club_phone.club = %(club_2)s::VARCHAR AND club_phone.member = %(member_2)s::INTEGER;

-- upsert 3
DELETE FROM club_role WHERE club_role.club = %(club_1)s::VARCHAR AND club_role.member = %(member_1)s::INTEGER OR club_role.club = %(club_2)s::VARCHAR AND club_role.member = %(member_2)s::INTEGER;

-- upsert 4
INSERT INTO club_phone (club, member, position, phone) VALUES (%(club)s::VARCHAR, %(member)s::INTEGER, %(position)s::INTEGER, %(phone)s::VARCHAR);

-- upsert 5
INSERT INTO club_role (club, member, role) VALUES (%(club)s::VARCHAR, %(member)s::INTEGER, %(role)s::VARCHAR);
