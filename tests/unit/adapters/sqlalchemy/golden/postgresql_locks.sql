-- acquire at once
SELECT set_config('lock_timeout', '0', false) AS set_config_1, set_config('statement_timeout', '0', false) AS set_config_2, set_config('idle_session_timeout', '0', false) AS set_config_3, set_config('tcp_keepalives_idle', '30', false) AS set_config_4, set_config('tcp_keepalives_interval', '10', false) AS set_config_5, set_config('tcp_keepalives_count', '3', false) AS set_config_6;
SELECT pg_try_advisory_lock(2510819422553447316) AS pg_try_advisory_lock_1;

-- acquire within five seconds
SELECT set_config('lock_timeout', '5000', false) AS set_config_1, set_config('statement_timeout', '0', false) AS set_config_2, set_config('idle_session_timeout', '0', false) AS set_config_3, set_config('tcp_keepalives_idle', '30', false) AS set_config_4, set_config('tcp_keepalives_interval', '10', false) AS set_config_5, set_config('tcp_keepalives_count', '3', false) AS set_config_6;
SELECT pg_advisory_lock(2510819422553447316) AS pg_advisory_lock_1;

-- is held
SELECT 1;

-- release
SELECT pg_advisory_unlock(2510819422553447316) AS pg_advisory_unlock_1;

-- holder
SELECT activity.application_name FROM pg_locks AS lock JOIN pg_stat_activity AS activity ON activity.pid = lock.pid WHERE lock.locktype = 'advisory' AND lock.granted AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND lock.classid = CAST(584595702 AS bigint) AND lock.objid = CAST(1081285524 AS bigint) AND lock.objsubid = 1;
