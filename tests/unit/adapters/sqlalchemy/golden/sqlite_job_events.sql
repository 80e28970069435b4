-- insert
INSERT INTO corelib_job_event (mark, at, kind, job_id, name, queue, attempt, correlation_id, tenant, details) VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- read
SELECT 1 AS event_horizon_1;

-- read, 2
SELECT corelib_job_event.mark, corelib_job_event.number, corelib_job_event.at, corelib_job_event.kind, corelib_job_event.job_id, corelib_job_event.name, corelib_job_event.queue, corelib_job_event.attempt, corelib_job_event.correlation_id, corelib_job_event.tenant, corelib_job_event.details
FROM corelib_job_event
WHERE corelib_job_event.mark < ? ORDER BY corelib_job_event.mark, corelib_job_event.number
 LIMIT ? OFFSET ?;

-- read on
SELECT 1 AS event_horizon_1;

-- read on, 2
SELECT corelib_job_event.mark, corelib_job_event.number, corelib_job_event.at, corelib_job_event.kind, corelib_job_event.job_id, corelib_job_event.name, corelib_job_event.queue, corelib_job_event.attempt, corelib_job_event.correlation_id, corelib_job_event.tenant, corelib_job_event.details
FROM corelib_job_event
WHERE corelib_job_event.mark < ? AND corelib_job_event.mark >= ? AND (corelib_job_event.mark > ? OR corelib_job_event.number > ?) ORDER BY corelib_job_event.mark, corelib_job_event.number
 LIMIT ? OFFSET ?;

-- read on, 3
SELECT corelib_job_event_floor.mark, corelib_job_event_floor.number
FROM corelib_job_event_floor
WHERE corelib_job_event_floor.id = ?;

-- end
SELECT max(corelib_job_event.number) AS max_1
FROM corelib_job_event;

-- purge
SELECT corelib_job_event_floor.mark, corelib_job_event_floor.number
FROM corelib_job_event_floor
WHERE corelib_job_event_floor.id = ?;

-- purge, 2
INSERT INTO corelib_job_event_floor (id, mark, number) VALUES (?, ?, ?);

-- purge, 3
UPDATE corelib_job_event_floor SET number=corelib_job_event_floor.number WHERE corelib_job_event_floor.id = ?;

-- purge, 4
SELECT 1 AS event_horizon_1;

-- purge, 5
SELECT oldest.mark, oldest.number
FROM (SELECT corelib_job_event.mark AS mark, corelib_job_event.number AS number, corelib_job_event.at AS at
FROM corelib_job_event
WHERE corelib_job_event.mark < ? ORDER BY corelib_job_event.mark, corelib_job_event.number
 LIMIT ? OFFSET ?) AS oldest
WHERE oldest.at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000');

-- purge, 6
DELETE FROM corelib_job_event WHERE corelib_job_event.number IN (SELECT anon_1.value
FROM json_each(?) AS anon_1);

-- purge, 7
UPDATE corelib_job_event_floor SET mark=?, number=? WHERE corelib_job_event_floor.id = ?;
