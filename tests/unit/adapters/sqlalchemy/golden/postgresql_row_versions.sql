-- insert
INSERT INTO club_setting (id, value, version) VALUES (%(id)s::VARCHAR, %(value)s::VARCHAR, %(version)s::BIGINT);

-- update
UPDATE club_setting SET value=%(value)s::VARCHAR, version=%(version)s::BIGINT WHERE club_setting.id = %(corelib_key)s::VARCHAR AND club_setting.version = %(corelib_loaded)s::BIGINT;

-- update for parts
UPDATE club_setting SET version=%(version)s::BIGINT WHERE club_setting.id = %(corelib_key)s::VARCHAR AND club_setting.version = %(corelib_loaded)s::BIGINT;

-- insert parts
INSERT INTO club_word (setting_id, position, word) VALUES (%(setting_id)s::VARCHAR, %(position)s::INTEGER, %(word)s::VARCHAR);

-- update where
UPDATE club_setting SET value=%(value)s::VARCHAR, version=(club_setting.version + %(version_1)s::BIGINT);
