-- insert
INSERT INTO club_ticket (title, version) OUTPUT inserted.id VALUES (?, ?);
