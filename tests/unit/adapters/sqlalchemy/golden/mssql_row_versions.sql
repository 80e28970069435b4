-- insert
INSERT INTO club_setting (id, value) VALUES (?, ?);

-- update
UPDATE club_setting SET value=? WHERE club_setting.id = ? AND club_setting.version = ?;

-- update for parts
UPDATE club_setting SET value=? WHERE club_setting.id = ? AND club_setting.version = ?;

-- insert parts
INSERT INTO club_word (setting_id, position, word) VALUES (?, ?, ?);

-- update where
UPDATE club_setting SET value=?;
