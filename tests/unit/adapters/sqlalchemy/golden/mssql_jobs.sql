-- insert
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at, priority, payload_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(SYSUTCDATETIME() AS DATETIME2(6)), DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), ?, ?);

-- forget announcements
UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET wake_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) WHERE corelib_job.state = ? AND corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6));

-- promote
UPDATE corelib_job SET due_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), wake_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) WHERE corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.due_at > CAST(SYSUTCDATETIME() AS DATETIME2(6));

-- wake
WITH picked AS
(SELECT TOP 10 corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.wake_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6)) ORDER BY corelib_job.wake_at, corelib_job.id)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET wake_at=DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) OUTPUT inserted.id, inserted.queue, inserted.enqueued_at, inserted.state WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.wake_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6));

-- claim
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6)) AND corelib_job.attempts < corelib_job.max_attempts)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, token=?, wake_at=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, worker=?, started_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), run_until=DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), progress_at=NULL OUTPUT inserted.id, inserted.name, inserted.queue, inserted.payload, inserted.correlation_id, inserted.causation_id, inserted.principal, inserted.tenant, inserted.deadline, inserted.state, inserted.attempts, inserted.max_attempts, inserted.lease_ms, inserted.enqueued_at, inserted.due_at, inserted.lease_until, inserted.token, inserted.wake_at, inserted.finished_at, inserted.error, inserted.worker, inserted.started_at, inserted.run_until, inserted.cancel_requested_at, inserted.priority, inserted.payload_version, inserted.payload_key, inserted.unique_key, inserted.limit_key, inserted.schedule, inserted.result, inserted.result_key, inserted.progress_done, inserted.progress_total, inserted.progress_text, inserted.progress_at, inserted.flow_id, inserted.flow_position, inserted.waits_at, inserted.leads_to, inserted.runs_always, inserted.flow_stage, inserted.start_delay_ms, inserted.counted_as, inserted.trace WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6)) AND corelib_job.attempts < corelib_job.max_attempts;

-- retry
UPDATE corelib_job SET state=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN ? ELSE ? END, due_at=DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), lease_until=NULL, token=NULL, wake_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE NULL END, finished_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN NULL ELSE CAST(SYSUTCDATETIME() AS DATETIME2(6)) END, error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- record attempt
INSERT INTO corelib_job_attempt (job_id, attempt, worker, started_at, ended_at, outcome, error, traceback) SELECT corelib_job.id, corelib_job.attempts, corelib_job.worker, corelib_job.started_at, CAST(SYSUTCDATETIME() AS DATETIME2(6)) AS utc_now_1, ? AS anon_1, ? AS anon_2, CAST(? AS NVARCHAR(max)) AS anon_3
FROM corelib_job
WHERE corelib_job.id = ?;

-- release
UPDATE corelib_job SET state=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN ? ELSE ? END, attempts=(corelib_job.attempts - ?), lease_until=NULL, token=NULL, wake_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN CAST(SYSUTCDATETIME() AS DATETIME2(6)) ELSE NULL END, finished_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN NULL ELSE CAST(SYSUTCDATETIME() AS DATETIME2(6)) END, worker=NULL, started_at=NULL, run_until=NULL, progress_at=NULL WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- park
UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts - ?), lease_until=NULL, token=NULL, wake_at=NULL, error=?, worker=NULL, started_at=NULL, run_until=NULL, progress_at=NULL WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- heartbeat
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.token IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > CAST(SYSUTCDATETIME() AS DATETIME2(6))))
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET lease_until=DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), wake_at=DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) OUTPUT inserted.token, inserted.cancel_requested_at WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.token IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > CAST(SYSUTCDATETIME() AS DATETIME2(6)));

-- parked
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.state = ? AND corelib_job.name IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(201) '$') AS listed) ORDER BY corelib_job.enqueued_at, corelib_job.id;

-- unpark
UPDATE corelib_job SET state=?, due_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), wake_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), error=NULL WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.state = ?;

-- end cancelled
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- complete
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) OUTPUT inserted.flow_id WHERE corelib_job.id = ? AND corelib_job.token = ? AND (corelib_job.run_until IS NULL OR corelib_job.run_until > CAST(SYSUTCDATETIME() AS DATETIME2(6)));

-- bury
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- find abandoned
SELECT corelib_job.id, corelib_job.token, corelib_job.attempts, corelib_job.max_attempts, corelib_job.flow_id, corelib_job.worker, corelib_job.started_at, CASE WHEN (corelib_job.run_until <= CAST(SYSUTCDATETIME() AS DATETIME2(6))) THEN ? ELSE ? END AS timed_out, CASE WHEN (corelib_job.cancel_requested_at IS NOT NULL) THEN ? ELSE ? END AS cancelled
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.lease_until <= CAST(SYSUTCDATETIME() AS DATETIME2(6));

-- take over
UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, token=?, wake_at=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, error=?, worker=?, started_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), run_until=DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), progress_at=NULL OUTPUT inserted.id, inserted.name, inserted.queue, inserted.payload, inserted.correlation_id, inserted.causation_id, inserted.principal, inserted.tenant, inserted.deadline, inserted.state, inserted.attempts, inserted.max_attempts, inserted.lease_ms, inserted.enqueued_at, inserted.due_at, inserted.lease_until, inserted.token, inserted.wake_at, inserted.finished_at, inserted.error, inserted.worker, inserted.started_at, inserted.run_until, inserted.cancel_requested_at, inserted.priority, inserted.payload_version, inserted.payload_key, inserted.unique_key, inserted.limit_key, inserted.schedule, inserted.result, inserted.result_key, inserted.progress_done, inserted.progress_total, inserted.progress_text, inserted.progress_at, inserted.flow_id, inserted.flow_position, inserted.waits_at, inserted.leads_to, inserted.runs_always, inserted.flow_stage, inserted.start_delay_ms, inserted.counted_as, inserted.trace WHERE corelib_job.id = ? AND corelib_job.token = ? AND corelib_job.state = ? AND corelib_job.lease_until <= CAST(SYSUTCDATETIME() AS DATETIME2(6));

-- end abandoned
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), error=? WHERE corelib_job.id = ? AND corelib_job.token = ? AND corelib_job.state = ? AND corelib_job.lease_until <= CAST(SYSUTCDATETIME() AS DATETIME2(6));

-- cancel
UPDATE corelib_job SET state=CASE WHEN (corelib_job.state = ?) THEN corelib_job.state ELSE ? END, wake_at=CASE WHEN (corelib_job.state = ?) THEN corelib_job.wake_at ELSE NULL END, finished_at=CASE WHEN (corelib_job.state = ?) THEN NULL ELSE CAST(SYSUTCDATETIME() AS DATETIME2(6)) END, cancel_requested_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) OUTPUT inserted.state, inserted.flow_id WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?, ?);

-- retry dead
UPDATE corelib_job SET state=?, max_attempts=(corelib_job.attempts + ?), due_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), wake_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), finished_at=NULL, cancel_requested_at=NULL OUTPUT inserted.id, inserted.flow_id, inserted.leads_to, inserted.counted_as WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?);

-- retry dead, edited
UPDATE corelib_job SET payload=?, state=?, max_attempts=(corelib_job.attempts + ?), due_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), wake_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), finished_at=NULL, cancel_requested_at=NULL, payload_key=NULL OUTPUT inserted.id, inserted.flow_id, inserted.leads_to, inserted.counted_as WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?);

-- retry many dead
WITH picked AS
(SELECT TOP 10 corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.state = ? AND corelib_job.queue = ? AND corelib_job.name = ? ORDER BY corelib_job.enqueued_at, corelib_job.id)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=?, max_attempts=(corelib_job.attempts + ?), due_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), wake_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), finished_at=NULL, cancel_requested_at=NULL OUTPUT inserted.id, inserted.flow_id, inserted.leads_to, inserted.counted_as WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = ? AND corelib_job.queue = ? AND corelib_job.name = ?;

-- discard
DELETE FROM corelib_job WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?, ?, ?, ?);

-- drain
WITH picked AS
(SELECT TOP 10 corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.state = ? AND corelib_job.queue = ? ORDER BY corelib_job.enqueued_at, corelib_job.id)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=?, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) OUTPUT inserted.id, inserted.flow_id WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = ? AND corelib_job.queue = ?;

-- purge
WITH picked AS
(SELECT TOP 10 corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.state = ? AND corelib_job.enqueued_at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AND corelib_job.finished_at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL))) ORDER BY corelib_job.enqueued_at, corelib_job.id)
 DELETE FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) OUTPUT deleted.id, deleted.flow_id WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = ? AND corelib_job.enqueued_at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AND corelib_job.finished_at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL)));

-- purge beyond the newest
WITH picked AS
(SELECT TOP 10 corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.state = ? AND corelib_job.name = ? AND corelib_job.enqueued_at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AND corelib_job.finished_at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL))) AND (corelib_job.enqueued_at < (SELECT newest.enqueued_at
FROM corelib_job AS newest
WHERE newest.state = ? AND newest.name = ? ORDER BY newest.enqueued_at DESC, newest.id DESC
 OFFSET ? ROWS
 FETCH FIRST ? ROWS ONLY) OR corelib_job.enqueued_at = (SELECT newest.enqueued_at
FROM corelib_job AS newest
WHERE newest.state = ? AND newest.name = ? ORDER BY newest.enqueued_at DESC, newest.id DESC
 OFFSET ? ROWS
 FETCH FIRST ? ROWS ONLY) AND corelib_job.id < (SELECT newest.id
FROM corelib_job AS newest
WHERE newest.state = ? AND newest.name = ? ORDER BY newest.enqueued_at DESC, newest.id DESC
 OFFSET ? ROWS
 FETCH FIRST ? ROWS ONLY)) ORDER BY corelib_job.enqueued_at, corelib_job.id)
 DELETE FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) OUTPUT deleted.id, deleted.flow_id WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = ? AND corelib_job.name = ? AND corelib_job.enqueued_at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AND corelib_job.finished_at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL)));

-- count by queue
SELECT corelib_job.queue, corelib_job.state, count(*) AS count_1
FROM corelib_job GROUP BY corelib_job.queue, corelib_job.state ORDER BY corelib_job.queue, corelib_job.state;

-- find
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.id = ?;

-- attempts
SELECT corelib_job_attempt.job_id, corelib_job_attempt.attempt, corelib_job_attempt.outcome, corelib_job_attempt.worker, corelib_job_attempt.started_at, corelib_job_attempt.ended_at, corelib_job_attempt.error, corelib_job_attempt.traceback
FROM corelib_job_attempt
WHERE corelib_job_attempt.job_id = ? ORDER BY corelib_job_attempt.attempt;

-- progress
UPDATE corelib_job SET progress_done=?, progress_total=NULL, progress_text=?, progress_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- lines
INSERT INTO corelib_job_log (job_id, run, number, attempt, logged_at, text) SELECT corelib_job.id, corelib_job.token, CAST(? AS INTEGER) AS anon_1, corelib_job.attempts, DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AS utc_in_1, CAST(? AS NVARCHAR(2000)) AS anon_2
FROM corelib_job
WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- progress of a total
UPDATE corelib_job SET progress_done=?, progress_total=?, progress_text=?, progress_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- is held
SELECT corelib_job.id
FROM corelib_job
WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- log
SELECT TOP 20 corelib_job_log.job_id, corelib_job_log.run, corelib_job_log.number, corelib_job_log.attempt, corelib_job_log.logged_at, corelib_job_log.text
FROM corelib_job_log
WHERE corelib_job_log.job_id = ? ORDER BY corelib_job_log.attempt DESC, corelib_job_log.logged_at DESC, corelib_job_log.number DESC;

-- claim due
WITH picked AS
(SELECT TOP 8 corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6)) AND corelib_job.attempts >= 0 AND NOT (EXISTS (SELECT 1
FROM corelib_queue
WHERE corelib_queue.name = ? AND (corelib_queue.paused_at IS NOT NULL OR corelib_queue.concurrency IS NOT NULL OR corelib_queue.rate_limit IS NOT NULL OR corelib_queue.key_concurrency IS NOT NULL OR corelib_queue.key_rate_limit IS NOT NULL))) ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, token=NEWID(), wake_at=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, worker=?, started_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), run_until=DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), progress_at=NULL OUTPUT inserted.id, inserted.name, inserted.queue, inserted.payload, inserted.correlation_id, inserted.causation_id, inserted.principal, inserted.tenant, inserted.deadline, inserted.state, inserted.attempts, inserted.max_attempts, inserted.lease_ms, inserted.enqueued_at, inserted.due_at, inserted.lease_until, inserted.token, inserted.wake_at, inserted.finished_at, inserted.error, inserted.worker, inserted.started_at, inserted.run_until, inserted.cancel_requested_at, inserted.priority, inserted.payload_version, inserted.payload_key, inserted.unique_key, inserted.limit_key, inserted.schedule, inserted.result, inserted.result_key, inserted.progress_done, inserted.progress_total, inserted.progress_text, inserted.progress_at, inserted.flow_id, inserted.flow_position, inserted.waits_at, inserted.leads_to, inserted.runs_always, inserted.flow_stage, inserted.start_delay_ms, inserted.counted_as, inserted.trace WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = 'pending';

-- claim batch
WITH picked AS
(SELECT TOP 8 corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AND corelib_job.attempts >= 0 AND corelib_job.name = ? AND NOT (EXISTS (SELECT 1
FROM corelib_queue
WHERE corelib_queue.name = ? AND (corelib_queue.paused_at IS NOT NULL OR corelib_queue.concurrency IS NOT NULL OR corelib_queue.rate_limit IS NOT NULL OR corelib_queue.key_concurrency IS NOT NULL OR corelib_queue.key_rate_limit IS NOT NULL))) ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, token=NEWID(), wake_at=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, worker=?, started_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), run_until=DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), progress_at=NULL OUTPUT inserted.id, inserted.name, inserted.queue, inserted.payload, inserted.correlation_id, inserted.causation_id, inserted.principal, inserted.tenant, inserted.deadline, inserted.state, inserted.attempts, inserted.max_attempts, inserted.lease_ms, inserted.enqueued_at, inserted.due_at, inserted.lease_until, inserted.token, inserted.wake_at, inserted.finished_at, inserted.error, inserted.worker, inserted.started_at, inserted.run_until, inserted.cancel_requested_at, inserted.priority, inserted.payload_version, inserted.payload_key, inserted.unique_key, inserted.limit_key, inserted.schedule, inserted.result, inserted.result_key, inserted.progress_done, inserted.progress_total, inserted.progress_text, inserted.progress_at, inserted.flow_id, inserted.flow_position, inserted.waits_at, inserted.leads_to, inserted.runs_always, inserted.flow_stage, inserted.start_delay_ms, inserted.counted_as, inserted.trace WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = 'pending';

-- complete together
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) OUTPUT inserted.id, inserted.finished_at WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.token IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > CAST(SYSUTCDATETIME() AS DATETIME2(6)));

-- complete together with results
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), result=CASE WHEN (corelib_job.token = ?) THEN ? WHEN (corelib_job.token = ?) THEN ? END OUTPUT inserted.id, inserted.finished_at WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.token IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > CAST(SYSUTCDATETIME() AS DATETIME2(6)));

-- complete with an object as its result
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), result=CASE WHEN (corelib_job.token = ?) THEN ? END, result_key=CASE WHEN (corelib_job.token = ?) THEN ? END OUTPUT inserted.id, inserted.finished_at WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.token IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > CAST(SYSUTCDATETIME() AS DATETIME2(6)));

-- complete with a result
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), result=? OUTPUT inserted.flow_id WHERE corelib_job.id = ? AND corelib_job.token = ? AND (corelib_job.run_until IS NULL OR corelib_job.run_until > CAST(SYSUTCDATETIME() AS DATETIME2(6)));

-- complete with the key of a result
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), result=?, result_key=? OUTPUT inserted.flow_id WHERE corelib_job.id = ? AND corelib_job.token = ? AND (corelib_job.run_until IS NULL OR corelib_job.run_until > CAST(SYSUTCDATETIME() AS DATETIME2(6)));

-- find queue
SELECT corelib_queue.name
FROM corelib_queue
WHERE corelib_queue.name = ?;

-- make queue
INSERT INTO corelib_queue (name) VALUES (?);

-- pause
UPDATE corelib_queue SET paused_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) WHERE corelib_queue.name = ? AND corelib_queue.paused_at IS NULL;

-- resume
UPDATE corelib_queue SET paused_at=NULL WHERE corelib_queue.name = ? AND corelib_queue.paused_at IS NOT NULL;

-- announce
UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET wake_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)) WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6));

-- limit
UPDATE corelib_queue SET concurrency=?, rate_limit=?, rate_ms=? WHERE corelib_queue.name = ?;

-- declare
UPDATE corelib_queue SET concurrency=?, rate_limit=NULL, rate_ms=NULL, key_concurrency=NULL, key_rate_limit=NULL, key_rate_ms=NULL, declared=? WHERE corelib_queue.name = ? AND (corelib_queue.declared IS NULL OR corelib_queue.declared != ?);

-- is limited
SELECT corelib_queue.name
FROM corelib_queue
WHERE corelib_queue.name = ? AND (corelib_queue.paused_at IS NOT NULL OR corelib_queue.concurrency IS NOT NULL OR corelib_queue.rate_limit IS NOT NULL OR corelib_queue.key_concurrency IS NOT NULL OR corelib_queue.key_rate_limit IS NOT NULL);

-- lock queue
SELECT corelib_queue.name, corelib_queue.paused_at, corelib_queue.concurrency, corelib_queue.rate_limit, corelib_queue.rate_ms, corelib_queue.window_until, corelib_queue.window_used, corelib_queue.key_concurrency, corelib_queue.key_rate_limit, corelib_queue.key_rate_ms, corelib_queue.declared, CASE WHEN (corelib_queue.window_until > CAST(SYSUTCDATETIME() AS DATETIME2(6))) THEN ? ELSE ? END AS window_open
FROM corelib_queue WITH (UPDLOCK, ROWLOCK)
WHERE corelib_queue.name = ?;

-- count running
SELECT count(*) AS count_1
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = ?;

-- claim within limits
WITH picked AS
(SELECT TOP 1 corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6)) AND corelib_job.attempts >= 0 ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id)
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, token=NEWID(), wake_at=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, worker=?, started_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), run_until=DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), progress_at=NULL OUTPUT inserted.id, inserted.name, inserted.queue, inserted.payload, inserted.correlation_id, inserted.causation_id, inserted.principal, inserted.tenant, inserted.deadline, inserted.state, inserted.attempts, inserted.max_attempts, inserted.lease_ms, inserted.enqueued_at, inserted.due_at, inserted.lease_until, inserted.token, inserted.wake_at, inserted.finished_at, inserted.error, inserted.worker, inserted.started_at, inserted.run_until, inserted.cancel_requested_at, inserted.priority, inserted.payload_version, inserted.payload_key, inserted.unique_key, inserted.limit_key, inserted.schedule, inserted.result, inserted.result_key, inserted.progress_done, inserted.progress_total, inserted.progress_text, inserted.progress_at, inserted.flow_id, inserted.flow_position, inserted.waits_at, inserted.leads_to, inserted.runs_always, inserted.flow_stage, inserted.start_delay_ms, inserted.counted_as, inserted.trace WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = 'pending';

-- open window
UPDATE corelib_queue SET window_until=DATEADD(millisecond, CAST(CAST(corelib_queue.rate_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_queue.rate_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), window_used=? WHERE corelib_queue.name = ?;

-- count within window
UPDATE corelib_queue SET window_used=(corelib_queue.window_used + ?) WHERE corelib_queue.name = ?;

-- limit keys
UPDATE corelib_queue SET key_concurrency=?, key_rate_limit=?, key_rate_ms=? WHERE corelib_queue.name = ?;

-- forget windows
DELETE FROM corelib_job_key WHERE corelib_job_key.queue = ? AND corelib_job_key.window_until <= CAST(SYSUTCDATETIME() AS DATETIME2(6));

-- candidates
SELECT TOP 20 corelib_job.id, corelib_job.limit_key
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6)) AND (corelib_job.limit_key IS NULL OR (corelib_job.limit_key NOT IN (SELECT running.limit_key
FROM corelib_job AS running
WHERE running.queue = ? AND running.state = ? AND running.limit_key IS NOT NULL GROUP BY running.limit_key
HAVING count(*) >= ?)) AND NOT (EXISTS (SELECT 1
FROM corelib_job_key
WHERE corelib_job_key.queue = ? AND corelib_job_key.limit_key = corelib_job.limit_key AND corelib_job_key.used >= ?)) AND (corelib_job.limit_key NOT IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(65) '$') AS listed))) AND (corelib_job.id NOT IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed)) ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id;

-- count running of keys
SELECT corelib_job.limit_key, count(*) AS jobs
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = ? AND corelib_job.limit_key IS NOT NULL GROUP BY corelib_job.limit_key;

-- used within windows
SELECT corelib_job_key.limit_key, corelib_job_key.used
FROM corelib_job_key
WHERE corelib_job_key.queue = ? AND corelib_job_key.limit_key IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(65) '$') AS listed);

-- claim of keys
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE corelib_job.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v UNIQUEIDENTIFIER '$') AS listed) AND corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6)))
 UPDATE corelib_job WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK) SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, token=NEWID(), wake_at=CASE WHEN (? < ?) THEN DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) ELSE DATEADD(millisecond, CAST(CAST(? AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(? AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) END, worker=?, started_at=CAST(SYSUTCDATETIME() AS DATETIME2(6)), run_until=DATEADD(millisecond, CAST(CAST(corelib_job.lease_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_job.lease_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))), progress_at=NULL OUTPUT inserted.id, inserted.name, inserted.queue, inserted.payload, inserted.correlation_id, inserted.causation_id, inserted.principal, inserted.tenant, inserted.deadline, inserted.state, inserted.attempts, inserted.max_attempts, inserted.lease_ms, inserted.enqueued_at, inserted.due_at, inserted.lease_until, inserted.token, inserted.wake_at, inserted.finished_at, inserted.error, inserted.worker, inserted.started_at, inserted.run_until, inserted.cancel_requested_at, inserted.priority, inserted.payload_version, inserted.payload_key, inserted.unique_key, inserted.limit_key, inserted.schedule, inserted.result, inserted.result_key, inserted.progress_done, inserted.progress_total, inserted.progress_text, inserted.progress_at, inserted.flow_id, inserted.flow_position, inserted.waits_at, inserted.leads_to, inserted.runs_always, inserted.flow_stage, inserted.start_delay_ms, inserted.counted_as, inserted.trace WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = 'pending';

-- open window of key
INSERT INTO corelib_job_key (queue, limit_key, window_until, used) SELECT corelib_queue.name, ? AS anon_1, DATEADD(millisecond, CAST(CAST(corelib_queue.key_rate_ms AS bigint) % 86400000 AS int), DATEADD(day, CAST(CAST(corelib_queue.key_rate_ms AS bigint) / 86400000 AS int), CAST(SYSUTCDATETIME() AS DATETIME2(6)))) AS utc_in_1, ? AS anon_2
FROM corelib_queue
WHERE corelib_queue.name = ?;

-- count within window of key
UPDATE corelib_job_key SET used=(corelib_job_key.used + ?) WHERE corelib_job_key.queue = ? AND corelib_job_key.limit_key = ?;

-- look whether jobs wait
SELECT TOP 1 corelib_job.id
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= CAST(SYSUTCDATETIME() AS DATETIME2(6));

-- list
SELECT TOP 20 corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.state = ? ORDER BY corelib_job.enqueued_at, corelib_job.id;

-- count
SELECT corelib_job.state, count(*) AS count_1
FROM corelib_job GROUP BY corelib_job.state;

-- stream
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job ORDER BY corelib_job.enqueued_at, corelib_job.id;

-- insert event
INSERT INTO corelib_event (id, name, payload, correlation_id, causation_id, principal, tenant, deadline, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- stream events
SELECT corelib_event.id, corelib_event.name, corelib_event.payload, corelib_event.correlation_id, corelib_event.causation_id, corelib_event.principal, corelib_event.tenant, corelib_event.deadline, corelib_event.recorded_at
FROM corelib_event ORDER BY corelib_event.recorded_at, corelib_event.id;
