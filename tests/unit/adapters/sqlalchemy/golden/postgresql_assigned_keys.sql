-- insert
INSERT INTO club_ticket (title, version) VALUES (%(title)s::VARCHAR, %(version)s::INTEGER) RETURNING club_ticket.id;
