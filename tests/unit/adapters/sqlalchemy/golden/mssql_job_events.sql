-- insert
INSERT INTO corelib_job_event (at, kind, job_id, name, queue, attempt, correlation_id, tenant, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- read
SELECT CAST(MIN_ACTIVE_ROWVERSION() AS bigint) AS event_horizon_1;

-- read, 2
SELECT TOP 10 corelib_job_event.mark, corelib_job_event.number, corelib_job_event.at, corelib_job_event.kind, corelib_job_event.job_id, corelib_job_event.name, corelib_job_event.queue, corelib_job_event.attempt, corelib_job_event.correlation_id, corelib_job_event.tenant, corelib_job_event.details
FROM corelib_job_event
WHERE corelib_job_event.mark < ? ORDER BY corelib_job_event.mark, corelib_job_event.number;

-- read on
SELECT CAST(MIN_ACTIVE_ROWVERSION() AS bigint) AS event_horizon_1;

-- read on, 2
SELECT TOP 10 corelib_job_event.mark, corelib_job_event.number, corelib_job_event.at, corelib_job_event.kind, corelib_job_event.job_id, corelib_job_event.name, corelib_job_event.queue, corelib_job_event.attempt, corelib_job_event.correlation_id, corelib_job_event.tenant, corelib_job_event.details
FROM corelib_job_event
WHERE corelib_job_event.mark < ? AND corelib_job_event.mark >= ? AND (corelib_job_event.mark > ? OR corelib_job_event.number > ?) ORDER BY corelib_job_event.mark, corelib_job_event.number;

-- read on, 3
SELECT corelib_job_event_floor.mark, corelib_job_event_floor.number
FROM corelib_job_event_floor
WHERE corelib_job_event_floor.id = ?;

-- end
SELECT CAST(MIN_ACTIVE_ROWVERSION() AS bigint) AS event_horizon_1;

-- purge
SELECT corelib_job_event_floor.mark, corelib_job_event_floor.number
FROM corelib_job_event_floor
WHERE corelib_job_event_floor.id = ?;

-- purge, 2
INSERT INTO corelib_job_event_floor (id, mark, number) VALUES (?, ?, ?);

-- purge, 3
UPDATE corelib_job_event_floor SET number=corelib_job_event_floor.number WHERE corelib_job_event_floor.id = ?;

-- purge, 4
SELECT CAST(MIN_ACTIVE_ROWVERSION() AS bigint) AS event_horizon_1;

-- purge, 5
SELECT oldest.mark, oldest.number
FROM (SELECT TOP 10 corelib_job_event.mark AS mark, corelib_job_event.number AS number, corelib_job_event.at AS at
FROM corelib_job_event
WHERE corelib_job_event.mark < ? ORDER BY corelib_job_event.mark, corelib_job_event.number) AS oldest
WHERE oldest.at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6))));

-- purge, 6
DELETE FROM corelib_job_event WHERE corelib_job_event.number IN (SELECT listed.v
FROM OPENJSON(?) WITH (v BIGINT '$') AS listed);
