-- first
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at, priority, payload_version, unique_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), ?, ?, ?) ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO NOTHING;

-- find the waiting one
SELECT corelib_job.id, corelib_job.queue, corelib_job.enqueued_at, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AS now, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS waits, CASE WHEN (corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') THEN ? ELSE ? END AS is_due, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS blocks, CASE WHEN (corelib_job.state = ?) THEN ? ELSE ? END AS behind_gate
FROM corelib_job
WHERE corelib_job.unique_key = ? AND corelib_job.unique_key IS NOT NULL AND corelib_job.finished_at IS NULL AND corelib_job.state != ?;

-- replace
UPDATE corelib_job SET name=?, queue=?, payload=?, correlation_id=?, causation_id=?, principal=?, tenant=?, deadline=?, state=?, attempts=?, max_attempts=?, lease_ms=?, due_at=(strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), wake_at=(strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), error=NULL, priority=?, payload_version=?, payload_key=NULL, trace=NULL WHERE corelib_job.id = ? AND corelib_job.finished_at IS NULL AND corelib_job.state != ?;

-- replace for an instant
UPDATE corelib_job SET name=?, queue=?, payload=?, correlation_id=?, causation_id=?, principal=?, tenant=?, deadline=?, state=?, attempts=?, max_attempts=?, lease_ms=?, due_at=?, wake_at=?, error=NULL, priority=?, payload_version=?, payload_key=NULL, trace=NULL WHERE corelib_job.id = ? AND corelib_job.finished_at IS NULL AND corelib_job.state != ?;

-- find the waiting one until the end
SELECT corelib_job.id, corelib_job.queue, corelib_job.enqueued_at, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AS now, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS waits, CASE WHEN (corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') THEN ? ELSE ? END AS is_due, CASE WHEN (corelib_job.finished_at IS NULL) THEN ? ELSE ? END AS blocks, CASE WHEN (corelib_job.state = ?) THEN ? ELSE ? END AS behind_gate
FROM corelib_job
WHERE corelib_job.unique_key = ? AND corelib_job.unique_key IS NOT NULL AND corelib_job.finished_at IS NULL AND corelib_job.state != ?;

-- find the waiting one in a window
SELECT corelib_job.id, corelib_job.queue, corelib_job.enqueued_at, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AS now, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS waits, CASE WHEN (corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') THEN ? ELSE ? END AS is_due, CASE WHEN (corelib_job.enqueued_at > (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000')) THEN ? ELSE ? END AS blocks, CASE WHEN (corelib_job.state = ?) THEN ? ELSE ? END AS behind_gate
FROM corelib_job
WHERE corelib_job.unique_key = ? AND corelib_job.unique_key IS NOT NULL AND corelib_job.finished_at IS NULL AND corelib_job.state != ?;

-- find the started one
SELECT corelib_job.id, corelib_job.queue, corelib_job.enqueued_at, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AS now, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS waits, CASE WHEN (corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') THEN ? ELSE ? END AS is_due, CASE WHEN (corelib_job.finished_at IS NULL AND corelib_job.state != ?) THEN ? ELSE ? END AS blocks, CASE WHEN (corelib_job.state = ?) THEN ? ELSE ? END AS behind_gate
FROM corelib_job
WHERE corelib_job.unique_key = ? AND corelib_job.unique_key IS NOT NULL AND NOT (corelib_job.finished_at IS NULL AND corelib_job.state != ?);

-- take the key away
UPDATE corelib_job SET unique_key=NULL WHERE corelib_job.id = ? AND corelib_job.unique_key = ?;
