-- insert
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'));

-- forget announcements
UPDATE corelib_job SET wake_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.state = ? AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000';

-- wake
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.wake_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' ORDER BY corelib_job.wake_at, corelib_job.id
 LIMIT ? OFFSET ?)
 UPDATE corelib_job SET wake_at=(strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.wake_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' RETURNING id, queue, enqueued_at;

-- claim
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id = ? AND (corelib_job.state = ? AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' OR corelib_job.state = ? AND corelib_job.lease_until <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') AND corelib_job.attempts < corelib_job.max_attempts)
 UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts + ?), lease_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000'), token=?, wake_at=(strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id = ? AND (corelib_job.state = ? AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' OR corelib_job.state = ? AND corelib_job.lease_until <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') AND corelib_job.attempts < corelib_job.max_attempts RETURNING id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, lease_until, token, wake_at, finished_at, error;

-- retry
UPDATE corelib_job SET state=?, due_at=(strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), lease_until=NULL, token=NULL, wake_at=(strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- release
UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts - ?), lease_until=NULL, token=NULL, wake_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- complete
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- bury
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- bury abandoned
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.lease_until <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AND corelib_job.attempts >= corelib_job.max_attempts)
 UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', error=? WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.lease_until <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AND corelib_job.attempts >= corelib_job.max_attempts;

-- find
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error
FROM corelib_job
WHERE corelib_job.id = ?;

-- list
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error
FROM corelib_job
WHERE corelib_job.state = ? ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT ? OFFSET ?;

-- count
SELECT corelib_job.state, count(*) AS count_1
FROM corelib_job GROUP BY corelib_job.state;

-- stream
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error
FROM corelib_job ORDER BY corelib_job.enqueued_at, corelib_job.id;

-- insert event
INSERT INTO corelib_event (id, name, payload, correlation_id, causation_id, principal, tenant, deadline, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- stream events
SELECT corelib_event.id, corelib_event.name, corelib_event.payload, corelib_event.correlation_id, corelib_event.causation_id, corelib_event.principal, corelib_event.tenant, corelib_event.deadline, corelib_event.recorded_at
FROM corelib_event ORDER BY corelib_event.recorded_at, corelib_event.id;
