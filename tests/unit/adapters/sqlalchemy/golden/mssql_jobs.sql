-- insert
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, SYSUTCDATETIME(), DATEADD(millisecond, CAST(CAST(? AS bigint) % 1000 AS int), DATEADD(second, CAST(CAST(? AS bigint) / 1000 AS int), SYSUTCDATETIME())), DATEADD(millisecond, CAST(CAST(? AS bigint) % 1000 AS int), DATEADD(second, CAST(CAST(? AS bigint) / 1000 AS int), SYSUTCDATETIME())));

-- forget announcements
UPDATE corelib_job SET wake_at=SYSUTCDATETIME() WHERE corelib_job.state = ? AND corelib_job.due_at <= SYSUTCDATETIME();

-- wake
WITH picked AS
(SELECT TOP 10 corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.wake_at <= SYSUTCDATETIME() ORDER BY corelib_job.wake_at, corelib_job.id)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET wake_at=DATEADD(millisecond, CAST(CAST(? AS bigint) % 1000 AS int), DATEADD(second, CAST(CAST(? AS bigint) / 1000 AS int), SYSUTCDATETIME())) OUTPUT inserted.id, inserted.queue, inserted.enqueued_at WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.wake_at <= SYSUTCDATETIME();

-- claim
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.id = ? AND (corelib_job.state = ? AND corelib_job.due_at <= SYSUTCDATETIME() OR corelib_job.state = ? AND corelib_job.lease_until <= SYSUTCDATETIME()) AND corelib_job.attempts < corelib_job.max_attempts)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=?, attempts=(corelib_job.attempts + ?), lease_until=DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 1000 AS int), DATEADD(second, CAST(CAST(corelib_job.lease_ms AS bigint) / 1000 AS int), SYSUTCDATETIME())), token=?, wake_at=DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 1000 AS int), DATEADD(second, CAST(CAST(corelib_job.lease_ms AS bigint) / 1000 AS int), SYSUTCDATETIME())) OUTPUT inserted.id, inserted.name, inserted.queue, inserted.payload, inserted.correlation_id, inserted.causation_id, inserted.principal, inserted.tenant, inserted.deadline, inserted.state, inserted.attempts, inserted.max_attempts, inserted.lease_ms, inserted.enqueued_at, inserted.due_at, inserted.lease_until, inserted.token, inserted.wake_at, inserted.finished_at, inserted.error WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id = ? AND (corelib_job.state = ? AND corelib_job.due_at <= SYSUTCDATETIME() OR corelib_job.state = ? AND corelib_job.lease_until <= SYSUTCDATETIME()) AND corelib_job.attempts < corelib_job.max_attempts;

-- retry
UPDATE corelib_job SET state=?, due_at=DATEADD(millisecond, CAST(CAST(? AS bigint) % 1000 AS int), DATEADD(second, CAST(CAST(? AS bigint) / 1000 AS int), SYSUTCDATETIME())), lease_until=NULL, token=NULL, wake_at=DATEADD(millisecond, CAST(CAST(? AS bigint) % 1000 AS int), DATEADD(second, CAST(CAST(? AS bigint) / 1000 AS int), SYSUTCDATETIME())), error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- release
UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts - ?), lease_until=NULL, token=NULL, wake_at=SYSUTCDATETIME() WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- complete
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=SYSUTCDATETIME() WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- bury
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=SYSUTCDATETIME(), error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- bury abandoned
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.lease_until <= SYSUTCDATETIME() AND corelib_job.attempts >= corelib_job.max_attempts)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=SYSUTCDATETIME(), error=? WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.lease_until <= SYSUTCDATETIME() AND corelib_job.attempts >= corelib_job.max_attempts;

-- find
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error
FROM corelib_job
WHERE corelib_job.id = ?;

-- list
SELECT TOP 20 corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error
FROM corelib_job
WHERE corelib_job.state = ? ORDER BY corelib_job.enqueued_at, corelib_job.id;

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
