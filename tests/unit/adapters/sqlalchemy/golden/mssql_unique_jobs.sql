-- first
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at, priority, payload_version, unique_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(SYSUTCDATETIME() AS DATETIME2(6)), DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), ?, ?, ?);

-- find
SELECT corelib_job.id, corelib_job.queue, corelib_job.enqueued_at, CAST(SYSUTCDATETIME() AS DATETIME2(6)) AS now, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS waits, CASE WHEN (corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6))) THEN ? ELSE ? END AS is_due, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS blocks, CASE WHEN (corelib_job.state = ?) THEN ? ELSE ? END AS behind_gate
FROM corelib_job
WHERE corelib_job.unique_key = ? AND corelib_job.unique_key IS NOT NULL;

-- lock the waiting one
SELECT corelib_job.id
FROM corelib_job WITH (UPDLOCK, ROWLOCK)
WHERE corelib_job.id = ? AND corelib_job.finished_at IS NULL AND corelib_job.state != ?;

-- replace
UPDATE corelib_job SET name=?, queue=?, payload=?, correlation_id=?, causation_id=?, principal=?, tenant=?, deadline=?, state=?, attempts=?, max_attempts=?, lease_ms=?, due_at=DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), wake_at=DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), error=NULL, priority=?, payload_version=?, payload_key=NULL, trace=NULL WHERE corelib_job.id = ? AND corelib_job.finished_at IS NULL AND corelib_job.state != ?;

-- replace for an instant
UPDATE corelib_job SET name=?, queue=?, payload=?, correlation_id=?, causation_id=?, principal=?, tenant=?, deadline=?, state=?, attempts=?, max_attempts=?, lease_ms=?, due_at=?, wake_at=?, error=NULL, priority=?, payload_version=?, payload_key=NULL, trace=NULL WHERE corelib_job.id = ? AND corelib_job.finished_at IS NULL AND corelib_job.state != ?;

-- find until the end
SELECT corelib_job.id, corelib_job.queue, corelib_job.enqueued_at, CAST(SYSUTCDATETIME() AS DATETIME2(6)) AS now, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS waits, CASE WHEN (corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6))) THEN ? ELSE ? END AS is_due, CASE WHEN (corelib_job.finished_at IS NULL) THEN ? ELSE ? END AS blocks, CASE WHEN (corelib_job.state = ?) THEN ? ELSE ? END AS behind_gate
FROM corelib_job
WHERE corelib_job.unique_key = ? AND corelib_job.unique_key IS NOT NULL;

-- find in a window
SELECT corelib_job.id, corelib_job.queue, corelib_job.enqueued_at, CAST(SYSUTCDATETIME() AS DATETIME2(6)) AS now, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS waits, CASE WHEN (corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6))) THEN ? ELSE ? END AS is_due, CASE WHEN (corelib_job.enqueued_at > DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6))))) THEN ? ELSE ? END AS blocks, CASE WHEN (corelib_job.state = ?) THEN ? ELSE ? END AS behind_gate
FROM corelib_job
WHERE corelib_job.unique_key = ? AND corelib_job.unique_key IS NOT NULL;

-- take the key away
UPDATE corelib_job SET unique_key=NULL WHERE corelib_job.id = ? AND corelib_job.unique_key = ?;
