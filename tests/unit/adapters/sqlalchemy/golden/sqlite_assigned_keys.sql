-- insert
INSERT INTO club_ticket (title, version) VALUES (?, ?) RETURNING id;
