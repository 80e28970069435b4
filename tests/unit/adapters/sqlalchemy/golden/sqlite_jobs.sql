-- insert
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at, priority, payload_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), ?, ?);

-- forget announcements
UPDATE corelib_job SET wake_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.state = ? AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000';

-- promote
UPDATE corelib_job SET due_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', wake_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.due_at > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000';

-- wake
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.wake_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' ORDER BY corelib_job.wake_at, corelib_job.id
 LIMIT ? OFFSET ?)
 UPDATE corelib_job SET wake_at=(strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.wake_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' RETURNING id, queue, enqueued_at, state;

-- claim
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AND corelib_job.attempts < corelib_job.max_attempts)
 UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, token=?, wake_at=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, worker=?, started_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', run_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AND corelib_job.attempts < corelib_job.max_attempts RETURNING id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, lease_until, token, wake_at, finished_at, error, worker, started_at, run_until, cancel_requested_at, priority, payload_version, payload_key, unique_key, limit_key, schedule, result, result_key, progress_done, progress_total, progress_text, progress_at, flow_id, flow_position, waits_at, leads_to, runs_always, flow_stage, start_delay_ms, counted_as, trace;

-- retry
UPDATE corelib_job SET state=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN ? ELSE ? END, due_at=(strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), lease_until=NULL, token=NULL, wake_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') ELSE NULL END, finished_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN NULL ELSE strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' END, error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- record attempt
INSERT INTO corelib_job_attempt (job_id, attempt, worker, started_at, ended_at, outcome, error, traceback) SELECT corelib_job.id, corelib_job.attempts, corelib_job.worker, corelib_job.started_at, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AS utc_now_1, ? AS anon_1, ? AS anon_2, CAST(? AS TEXT) AS anon_3
FROM corelib_job
WHERE corelib_job.id = ?;

-- release
UPDATE corelib_job SET state=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN ? ELSE ? END, attempts=(corelib_job.attempts - ?), lease_until=NULL, token=NULL, wake_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' ELSE NULL END, finished_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN NULL ELSE strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' END, worker=NULL, started_at=NULL, run_until=NULL, progress_at=NULL WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- park
UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts - ?), lease_until=NULL, token=NULL, wake_at=NULL, error=?, worker=NULL, started_at=NULL, run_until=NULL, progress_at=NULL WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- heartbeat
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) AND corelib_job.token IN (SELECT anon_2.value
FROM json_each(?) AS anon_2) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'))
 UPDATE corelib_job SET lease_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000'), wake_at=(strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) AND corelib_job.token IN (SELECT anon_2.value
FROM json_each(?) AS anon_2) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') RETURNING token, cancel_requested_at;

-- parked
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.state = ? AND corelib_job.name IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) ORDER BY corelib_job.enqueued_at, corelib_job.id;

-- unpark
UPDATE corelib_job SET state=?, due_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', wake_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', error=NULL WHERE corelib_job.id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) AND corelib_job.state = ?;

-- end cancelled
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- complete
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.id = ? AND corelib_job.token = ? AND (corelib_job.run_until IS NULL OR corelib_job.run_until > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') RETURNING flow_id;

-- bury
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', error=? WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- find abandoned
SELECT corelib_job.id, corelib_job.token, corelib_job.attempts, corelib_job.max_attempts, corelib_job.flow_id, corelib_job.worker, corelib_job.started_at, CASE WHEN (corelib_job.run_until <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') THEN ? ELSE ? END AS timed_out, CASE WHEN (corelib_job.cancel_requested_at IS NOT NULL) THEN ? ELSE ? END AS cancelled
FROM corelib_job
WHERE corelib_job.id = ? AND corelib_job.state = ? AND corelib_job.lease_until <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000';

-- take over
UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, token=?, wake_at=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, error=?, worker=?, started_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', run_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000'), progress_at=NULL WHERE corelib_job.id = ? AND corelib_job.token = ? AND corelib_job.state = ? AND corelib_job.lease_until <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' RETURNING id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, lease_until, token, wake_at, finished_at, error, worker, started_at, run_until, cancel_requested_at, priority, payload_version, payload_key, unique_key, limit_key, schedule, result, result_key, progress_done, progress_total, progress_text, progress_at, flow_id, flow_position, waits_at, leads_to, runs_always, flow_stage, start_delay_ms, counted_as, trace;

-- end abandoned
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', error=? WHERE corelib_job.id = ? AND corelib_job.token = ? AND corelib_job.state = ? AND corelib_job.lease_until <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000';

-- cancel
UPDATE corelib_job SET state=CASE WHEN (corelib_job.state = ?) THEN corelib_job.state ELSE ? END, wake_at=CASE WHEN (corelib_job.state = ?) THEN corelib_job.wake_at ELSE NULL END, finished_at=CASE WHEN (corelib_job.state = ?) THEN NULL ELSE strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' END, cancel_requested_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?, ?) RETURNING state, flow_id;

-- retry dead
UPDATE corelib_job SET state=?, max_attempts=(corelib_job.attempts + ?), due_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', wake_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', finished_at=NULL, cancel_requested_at=NULL WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?) RETURNING id, flow_id, leads_to, counted_as;

-- retry dead, edited
UPDATE corelib_job SET payload=?, state=?, max_attempts=(corelib_job.attempts + ?), due_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', wake_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', finished_at=NULL, cancel_requested_at=NULL, payload_key=NULL WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?) RETURNING id, flow_id, leads_to, counted_as;

-- retry many dead
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.state = ? AND corelib_job.queue = ? AND corelib_job.name = ? ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT ? OFFSET ?)
 UPDATE corelib_job SET state=?, max_attempts=(corelib_job.attempts + ?), due_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', wake_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', finished_at=NULL, cancel_requested_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = ? AND corelib_job.queue = ? AND corelib_job.name = ? RETURNING id, flow_id, leads_to, counted_as;

-- discard
DELETE FROM corelib_job WHERE corelib_job.id = ? AND corelib_job.state IN (?, ?, ?, ?, ?);

-- drain
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.state = ? AND corelib_job.queue = ? ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT ? OFFSET ?)
 UPDATE corelib_job SET state=?, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = ? AND corelib_job.queue = ? RETURNING id, flow_id;

-- purge
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.state = ? AND corelib_job.enqueued_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AND corelib_job.finished_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL))) ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT ? OFFSET ?)
 DELETE FROM corelib_job WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = ? AND corelib_job.enqueued_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AND corelib_job.finished_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL))) RETURNING id, flow_id;

-- purge beyond the newest
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.state = ? AND corelib_job.name = ? AND corelib_job.enqueued_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AND corelib_job.finished_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL))) AND (corelib_job.enqueued_at < (SELECT newest.enqueued_at
FROM corelib_job AS newest
WHERE newest.state = ? AND newest.name = ? ORDER BY newest.enqueued_at DESC, newest.id DESC
 LIMIT ? OFFSET ?) OR corelib_job.enqueued_at = (SELECT newest.enqueued_at
FROM corelib_job AS newest
WHERE newest.state = ? AND newest.name = ? ORDER BY newest.enqueued_at DESC, newest.id DESC
 LIMIT ? OFFSET ?) AND corelib_job.id < (SELECT newest.id
FROM corelib_job AS newest
WHERE newest.state = ? AND newest.name = ? ORDER BY newest.enqueued_at DESC, newest.id DESC
 LIMIT ? OFFSET ?)) ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT ? OFFSET ?)
 DELETE FROM corelib_job WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = ? AND corelib_job.name = ? AND corelib_job.enqueued_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AND corelib_job.finished_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL))) RETURNING id, flow_id;

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
UPDATE corelib_job SET progress_done=?, progress_total=NULL, progress_text=?, progress_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- lines
INSERT INTO corelib_job_log (job_id, run, number, attempt, logged_at, text) SELECT corelib_job.id, corelib_job.token, CAST(? AS INTEGER) AS anon_1, corelib_job.attempts, (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AS utc_in_1, CAST(? AS VARCHAR(2000)) AS anon_2
FROM corelib_job
WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- progress of a total
UPDATE corelib_job SET progress_done=?, progress_total=?, progress_text=?, progress_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- is held
SELECT corelib_job.id
FROM corelib_job
WHERE corelib_job.id = ? AND corelib_job.token = ?;

-- log
SELECT corelib_job_log.job_id, corelib_job_log.run, corelib_job_log.number, corelib_job_log.attempt, corelib_job_log.logged_at, corelib_job_log.text
FROM corelib_job_log
WHERE corelib_job_log.job_id = ? ORDER BY corelib_job_log.attempt DESC, corelib_job_log.logged_at DESC, corelib_job_log.number DESC
 LIMIT ? OFFSET ?;

-- claim due
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AND NOT (EXISTS (SELECT 1
FROM corelib_queue
WHERE corelib_queue.name = ? AND (corelib_queue.paused_at IS NOT NULL OR corelib_queue.concurrency IS NOT NULL OR corelib_queue.rate_limit IS NOT NULL OR corelib_queue.key_concurrency IS NOT NULL OR corelib_queue.key_rate_limit IS NOT NULL))) ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id
 LIMIT ? OFFSET ?)
 UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, token=lower(hex(randomblob(16))), wake_at=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, worker=?, started_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', run_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = 'pending' RETURNING id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, lease_until, token, wake_at, finished_at, error, worker, started_at, run_until, cancel_requested_at, priority, payload_version, payload_key, unique_key, limit_key, schedule, result, result_key, progress_done, progress_total, progress_text, progress_at, flow_id, flow_position, waits_at, leads_to, runs_always, flow_stage, start_delay_ms, counted_as, trace;

-- claim batch
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') AND corelib_job.name = ? AND NOT (EXISTS (SELECT 1
FROM corelib_queue
WHERE corelib_queue.name = ? AND (corelib_queue.paused_at IS NOT NULL OR corelib_queue.concurrency IS NOT NULL OR corelib_queue.rate_limit IS NOT NULL OR corelib_queue.key_concurrency IS NOT NULL OR corelib_queue.key_rate_limit IS NOT NULL))) ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id
 LIMIT ? OFFSET ?)
 UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, token=lower(hex(randomblob(16))), wake_at=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, worker=?, started_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', run_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = 'pending' RETURNING id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, lease_until, token, wake_at, finished_at, error, worker, started_at, run_until, cancel_requested_at, priority, payload_version, payload_key, unique_key, limit_key, schedule, result, result_key, progress_done, progress_total, progress_text, progress_at, flow_id, flow_position, waits_at, leads_to, runs_always, flow_stage, start_delay_ms, counted_as, trace;

-- complete together
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) AND corelib_job.token IN (SELECT anon_2.value
FROM json_each(?) AS anon_2) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') RETURNING id, finished_at;

-- complete together with results
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', result=CASE WHEN (corelib_job.token = ?) THEN ? WHEN (corelib_job.token = ?) THEN ? END WHERE corelib_job.id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) AND corelib_job.token IN (SELECT anon_2.value
FROM json_each(?) AS anon_2) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') RETURNING id, finished_at;

-- complete with an object as its result
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', result=CASE WHEN (corelib_job.token = ?) THEN ? END, result_key=CASE WHEN (corelib_job.token = ?) THEN ? END WHERE corelib_job.id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) AND corelib_job.token IN (SELECT anon_2.value
FROM json_each(?) AS anon_2) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') RETURNING id, finished_at;

-- complete with a result
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', result=? WHERE corelib_job.id = ? AND corelib_job.token = ? AND (corelib_job.run_until IS NULL OR corelib_job.run_until > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') RETURNING flow_id;

-- complete with the key of a result
UPDATE corelib_job SET state=?, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', result=?, result_key=? WHERE corelib_job.id = ? AND corelib_job.token = ? AND (corelib_job.run_until IS NULL OR corelib_job.run_until > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') RETURNING flow_id;

-- find queue
SELECT corelib_queue.name
FROM corelib_queue
WHERE corelib_queue.name = ?;

-- make queue
INSERT INTO corelib_queue (name) VALUES (?);

-- pause
UPDATE corelib_queue SET paused_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_queue.name = ? AND corelib_queue.paused_at IS NULL;

-- resume
UPDATE corelib_queue SET paused_at=NULL WHERE corelib_queue.name = ? AND corelib_queue.paused_at IS NOT NULL;

-- announce
UPDATE corelib_job SET wake_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000';

-- limit
UPDATE corelib_queue SET concurrency=?, rate_limit=?, rate_ms=? WHERE corelib_queue.name = ?;

-- declare
UPDATE corelib_queue SET concurrency=?, rate_limit=NULL, rate_ms=NULL, key_concurrency=NULL, key_rate_limit=NULL, key_rate_ms=NULL, declared=? WHERE corelib_queue.name = ? AND (corelib_queue.declared IS NULL OR corelib_queue.declared != ?);

-- is limited
SELECT corelib_queue.name
FROM corelib_queue
WHERE corelib_queue.name = ? AND (corelib_queue.paused_at IS NOT NULL OR corelib_queue.concurrency IS NOT NULL OR corelib_queue.rate_limit IS NOT NULL OR corelib_queue.key_concurrency IS NOT NULL OR corelib_queue.key_rate_limit IS NOT NULL);

-- lock queue
SELECT corelib_queue.name, corelib_queue.paused_at, corelib_queue.concurrency, corelib_queue.rate_limit, corelib_queue.rate_ms, corelib_queue.window_until, corelib_queue.window_used, corelib_queue.key_concurrency, corelib_queue.key_rate_limit, corelib_queue.key_rate_ms, corelib_queue.declared, CASE WHEN (corelib_queue.window_until > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') THEN ? ELSE ? END AS window_open
FROM corelib_queue
WHERE corelib_queue.name = ?;

-- count running
SELECT count(*) AS count_1
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = ?;

-- claim within limits
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id
 LIMIT ? OFFSET ?)
 UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, token=lower(hex(randomblob(16))), wake_at=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, worker=?, started_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', run_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = 'pending' RETURNING id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, lease_until, token, wake_at, finished_at, error, worker, started_at, run_until, cancel_requested_at, priority, payload_version, payload_key, unique_key, limit_key, schedule, result, result_key, progress_done, progress_total, progress_text, progress_at, flow_id, flow_position, waits_at, leads_to, runs_always, flow_stage, start_delay_ms, counted_as, trace;

-- open window
UPDATE corelib_queue SET window_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_queue.rate_ms / 1000.0) || ' seconds') || '000'), window_used=? WHERE corelib_queue.name = ?;

-- count within window
UPDATE corelib_queue SET window_used=(corelib_queue.window_used + ?) WHERE corelib_queue.name = ?;

-- limit keys
UPDATE corelib_queue SET key_concurrency=?, key_rate_limit=?, key_rate_ms=? WHERE corelib_queue.name = ?;

-- forget windows
DELETE FROM corelib_job_key WHERE corelib_job_key.queue = ? AND corelib_job_key.window_until <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000';

-- candidates
SELECT corelib_job.id, corelib_job.limit_key
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AND (corelib_job.limit_key IS NULL OR (corelib_job.limit_key NOT IN (SELECT running.limit_key
FROM corelib_job AS running
WHERE running.queue = ? AND running.state = ? AND running.limit_key IS NOT NULL GROUP BY running.limit_key
HAVING count(*) >= ?)) AND NOT (EXISTS (SELECT 1
FROM corelib_job_key
WHERE corelib_job_key.queue = ? AND corelib_job_key.limit_key = corelib_job.limit_key AND corelib_job_key.used >= ?)) AND (corelib_job.limit_key NOT IN (SELECT anon_1.value
FROM json_each(?) AS anon_1))) AND (corelib_job.id NOT IN (SELECT anon_2.value
FROM json_each(?) AS anon_2)) ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id
 LIMIT ? OFFSET ?;

-- count running of keys
SELECT corelib_job.limit_key, count(*) AS jobs
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = ? AND corelib_job.limit_key IS NOT NULL GROUP BY corelib_job.limit_key;

-- used within windows
SELECT corelib_job_key.limit_key, corelib_job_key.used
FROM corelib_job_key
WHERE corelib_job_key.queue = ? AND corelib_job_key.limit_key IN (SELECT anon_1.value
FROM json_each(?) AS anon_1);

-- claim of keys
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) AND corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')
 UPDATE corelib_job SET state=?, attempts=(corelib_job.attempts + ?), lease_until=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, token=lower(hex(randomblob(16))), wake_at=CASE WHEN (? < ?) THEN (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000') ELSE (strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds') || '000') END, worker=?, started_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', run_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_job.lease_ms / 1000.0) || ' seconds') || '000'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.state = 'pending' RETURNING id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, lease_until, token, wake_at, finished_at, error, worker, started_at, run_until, cancel_requested_at, priority, payload_version, payload_key, unique_key, limit_key, schedule, result, result_key, progress_done, progress_total, progress_text, progress_at, flow_id, flow_position, waits_at, leads_to, runs_always, flow_stage, start_delay_ms, counted_as, trace;

-- open window of key
INSERT INTO corelib_job_key (queue, limit_key, window_until, used) SELECT corelib_queue.name, ? AS anon_1, (strftime('%Y-%m-%d %H:%M:%f', 'now', (corelib_queue.key_rate_ms / 1000.0) || ' seconds') || '000') AS utc_in_1, ? AS anon_2
FROM corelib_queue
WHERE corelib_queue.name = ?;

-- count within window of key
UPDATE corelib_job_key SET used=(corelib_job_key.used + ?) WHERE corelib_job_key.queue = ? AND corelib_job_key.limit_key = ?;

-- look whether jobs wait
SELECT corelib_job.id
FROM corelib_job
WHERE corelib_job.queue = ? AND corelib_job.state = 'pending' AND corelib_job.due_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'
 LIMIT ? OFFSET ?;

-- list
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.state = ? ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT ? OFFSET ?;

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
