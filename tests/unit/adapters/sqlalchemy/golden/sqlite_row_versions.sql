-- insert
INSERT INTO club_setting (id, value, version) VALUES (?, ?, ?);

-- update
UPDATE club_setting SET value=?, version=? WHERE club_setting.id = ? AND club_setting.version = ?;

-- update for parts
UPDATE club_setting SET version=? WHERE club_setting.id = ? AND club_setting.version = ?;

-- insert parts
INSERT INTO club_word (setting_id, position, word) VALUES (?, ?, ?);

-- update where
UPDATE club_setting SET value=?, version=(club_setting.version + ?);
