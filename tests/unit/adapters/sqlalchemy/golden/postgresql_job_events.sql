-- insert
INSERT INTO corelib_job_event (mark, at, kind, job_id, name, queue, attempt, correlation_id, tenant, details) VALUES (CAST(CAST(pg_current_xact_id() AS text) AS bigint), %(at)s::TIMESTAMP WITH TIME ZONE, %(kind)s::VARCHAR, %(job_id)s::UUID, %(name)s::VARCHAR, %(queue)s::VARCHAR, %(attempt)s::INTEGER, %(correlation_id)s::VARCHAR, %(tenant)s::VARCHAR, %(details)s::VARCHAR);

-- read
SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS event_horizon_1;

-- read, 2
SELECT corelib_job_event.mark, corelib_job_event.number, corelib_job_event.at, corelib_job_event.kind, corelib_job_event.job_id, corelib_job_event.name, corelib_job_event.queue, corelib_job_event.attempt, corelib_job_event.correlation_id, corelib_job_event.tenant, corelib_job_event.details
FROM corelib_job_event
WHERE corelib_job_event.mark < %(horizon)s::BIGINT ORDER BY corelib_job_event.mark, corelib_job_event.number
 LIMIT %(param_1)s::INTEGER;

-- read on
SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS event_horizon_1;

-- read on, 2
SELECT corelib_job_event.mark, corelib_job_event.number, corelib_job_event.at, corelib_job_event.kind, corelib_job_event.job_id, corelib_job_event.name, corelib_job_event.queue, corelib_job_event.attempt, corelib_job_event.correlation_id, corelib_job_event.tenant, corelib_job_event.details
FROM corelib_job_event
WHERE corelib_job_event.mark < %(horizon)s::BIGINT AND corelib_job_event.mark >= %(after_mark)s::BIGINT AND (corelib_job_event.mark > %(after_mark)s::BIGINT OR corelib_job_event.number > %(after_number)s::BIGINT) ORDER BY corelib_job_event.mark, corelib_job_event.number
 LIMIT %(param_1)s::INTEGER;

-- read on, 3
SELECT corelib_job_event_floor.mark, corelib_job_event_floor.number
FROM corelib_job_event_floor
WHERE corelib_job_event_floor.id = %(id_1)s::SMALLINT;

-- end
SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS event_horizon_1;

-- purge
SELECT corelib_job_event_floor.mark, corelib_job_event_floor.number
FROM corelib_job_event_floor
WHERE corelib_job_event_floor.id = %(id_1)s::SMALLINT;

-- purge, 2
INSERT INTO corelib_job_event_floor (id, mark, number) VALUES (%(id)s::SMALLINT, %(mark)s::BIGINT, %(number)s::BIGINT);

-- purge, 3
UPDATE corelib_job_event_floor SET number=corelib_job_event_floor.number WHERE corelib_job_event_floor.id = %(id_1)s::SMALLINT;

-- purge, 4
SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS event_horizon_1;

-- purge, 5
SELECT oldest.mark, oldest.number
FROM (SELECT corelib_job_event.mark AS mark, corelib_job_event.number AS number, corelib_job_event.at AS at
FROM corelib_job_event
WHERE corelib_job_event.mark < %(horizon)s::BIGINT ORDER BY corelib_job_event.mark, corelib_job_event.number
 LIMIT %(param_1)s::INTEGER) AS oldest
WHERE oldest.at <= (statement_timestamp() + %(age_ms)s::BIGINT * interval '1 millisecond');

-- purge, 6
DELETE FROM corelib_job_event WHERE corelib_job_event.number = ANY (%(numbers)s::BIGINT[]);
