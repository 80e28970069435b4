-- insert flow
INSERT INTO corelib_flow (id, jobs, gates, unfinished, failed, enqueued_at) VALUES (?, ?, ?, ?, ?, CAST(SYSUTCDATETIME() AS DATETIME2(6)));

-- insert gates
INSERT INTO corelib_flow_gate (flow_id, number, remaining, failed) VALUES (?, ?, ?, ?);

-- insert first
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at, priority, payload_version, flow_id, flow_position, leads_to, flow_stage) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(SYSUTCDATETIME() AS DATETIME2(6)), DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), ?, ?, ?, ?, ?, ?);

-- insert waiting
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at, priority, payload_version, flow_id, flow_position, waits_at, leads_to, flow_stage, start_delay_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(SYSUTCDATETIME() AS DATETIME2(6)), CAST(SYSUTCDATETIME() AS DATETIME2(6)), NULL, ?, ?, ?, ?, ?, ?, ?, ?);

-- count in flow
UPDATE corelib_flow SET unfinished=(corelib_flow.unfinished + ?), failed=(corelib_flow.failed + ?), finished_at=CASE WHEN (corelib_flow.unfinished + ? > ?) THEN NULL ELSE coalesce(corelib_flow.finished_at, CAST(SYSUTCDATETIME() AS DATETIME2(6))) END WHERE corelib_flow.id = ?;

-- count at gate
UPDATE corelib_flow_gate SET remaining=(corelib_flow_gate.remaining + ?), failed=(corelib_flow_gate.failed + ?) OUTPUT inserted.remaining, inserted.failed WHERE corelib_flow_gate.flow_id = ? AND corelib_flow_gate.number = ?;

-- release
UPDATE corelib_job SET state=?, due_at=CASE WHEN (corelib_job.start_delay_ms IS NULL) THEN corelib_job.due_at ELSE DATEADD(millisecond, CAST(CAST(corelib_job.start_delay_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.start_delay_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, wake_at=CASE WHEN (corelib_job.start_delay_ms IS NULL) THEN corelib_job.due_at WHEN (corelib_job.start_delay_ms = ?) THEN DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(corelib_job.start_delay_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.start_delay_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END OUTPUT inserted.id, inserted.queue, inserted.start_delay_ms WHERE corelib_job.flow_id = ? AND corelib_job.waits_at = ? AND corelib_job.state = 'waiting';

-- who has failed
SELECT TOP 1 corelib_job.id, corelib_job.name, corelib_job.state, corelib_job.error, corelib_job.counted_as
FROM corelib_job
WHERE corelib_job.flow_id = ? AND corelib_job.leads_to = ? AND corelib_job.counted_as IN (?, ?) ORDER BY corelib_job.flow_position;

-- cancel those behind
UPDATE corelib_job SET state=?, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), error=?, counted_as=? OUTPUT inserted.id, inserted.flow_id, inserted.leads_to, inserted.counted_as WHERE corelib_job.flow_id = ? AND corelib_job.waits_at = ? AND corelib_job.state = 'waiting' AND corelib_job.runs_always IS NULL;

-- let wait again
UPDATE corelib_job SET state=?, finished_at=NULL, error=NULL, cancel_requested_at=NULL, counted_as=NULL OUTPUT inserted.id, inserted.flow_id, inserted.leads_to WHERE corelib_job.flow_id = ? AND corelib_job.waits_at = ? AND corelib_job.counted_as = 'skipped';

-- find flow
SELECT corelib_flow.id, corelib_flow.jobs, corelib_flow.gates, corelib_flow.unfinished, corelib_flow.failed, corelib_flow.enqueued_at, corelib_flow.finished_at
FROM corelib_flow
WHERE corelib_flow.id = ?;

-- list flows
SELECT TOP 5 corelib_flow.id, corelib_flow.jobs, corelib_flow.gates, corelib_flow.unfinished, corelib_flow.failed, corelib_flow.enqueued_at, corelib_flow.finished_at
FROM corelib_flow
WHERE corelib_flow.finished_at IS NULL ORDER BY corelib_flow.enqueued_at DESC, corelib_flow.id DESC;

-- place
SELECT corelib_job.flow_id, corelib_job.waits_at, corelib_job.leads_to
FROM corelib_job
WHERE corelib_job.id = ?;

-- children
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.flow_id = ? AND corelib_job.leads_to = ? ORDER BY corelib_job.flow_position;

-- followers
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.flow_id = ? AND corelib_job.waits_at = ? ORDER BY corelib_job.flow_position;

-- find uncounted
SELECT TOP 500 corelib_job.id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.flow_id IS NOT NULL AND corelib_job.finished_at IS NOT NULL AND corelib_job.counted_as IS NULL ORDER BY corelib_job.id;

-- mark as counted
UPDATE corelib_job SET counted_as=CASE WHEN (corelib_job.state = ?) THEN ? ELSE ? END OUTPUT inserted.id, inserted.flow_id, inserted.leads_to, inserted.counted_as WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.finished_at IS NOT NULL AND corelib_job.counted_as IS NULL;

-- mark as not counted
UPDATE corelib_job SET counted_as=NULL WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed);

-- jobs of flow
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.flow_id = ? ORDER BY corelib_job.flow_position;

-- cancel unlocked
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.state IN (?, ?, ?))
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=CASE WHEN (corelib_job.state = ?) THEN corelib_job.state ELSE ? END, wake_at=CASE WHEN (corelib_job.state = ?) THEN corelib_job.wake_at ELSE NULL END, finished_at=CASE WHEN (corelib_job.state = ?) THEN NULL ELSE CAST(SYSUTCDATETIME() AS DATETIME2(6)) END, cancel_requested_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) OUTPUT inserted.id WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.state IN (?, ?, ?);

-- lock flow
UPDATE corelib_flow SET unfinished=(corelib_flow.unfinished + ?), failed=(corelib_flow.failed + ?), finished_at=CASE WHEN (corelib_flow.unfinished + ? > ?) THEN NULL ELSE coalesce(corelib_flow.finished_at, CAST(SYSUTCDATETIME() AS DATETIME2(6))) END WHERE corelib_flow.id = ?;

-- cancel waiting
UPDATE corelib_job SET state=?, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), cancel_requested_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) OUTPUT inserted.id WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.state = 'waiting';

-- step that has not begun
SELECT corelib_job.flow_id, corelib_job.waits_at
FROM corelib_job
WHERE corelib_job.id = ? AND corelib_job.waits_at IS NOT NULL AND corelib_job.attempts = ?;

-- who is left
SELECT corelib_flow_gate.remaining
FROM corelib_flow_gate
WHERE corelib_flow_gate.flow_id = ? AND corelib_flow_gate.number = ?;

-- let one wait again
UPDATE corelib_job SET state=?, max_attempts=(corelib_job.attempts + ?), due_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), wake_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), finished_at=NULL, cancel_requested_at=NULL OUTPUT inserted.id, inserted.flow_id, inserted.leads_to, inserted.counted_as WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?);

-- step to discard
SELECT corelib_job.flow_id, corelib_job.state
FROM corelib_job
WHERE corelib_job.id = ? AND corelib_job.flow_id IS NOT NULL;

-- end the discarded
UPDATE corelib_job SET state=?, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?, ?);

-- delete flow
DELETE FROM corelib_flow WHERE corelib_flow.id = ? AND corelib_flow.finished_at IS NOT NULL AND NOT (EXISTS (SELECT 1
FROM corelib_job
WHERE corelib_job.flow_id = corelib_flow.id));
