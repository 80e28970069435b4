-- insert
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at, priority, payload_version) VALUES (%(id)s::UUID, %(name)s::VARCHAR, %(queue)s::VARCHAR, %(payload)s::VARCHAR, %(correlation_id)s::VARCHAR, %(causation_id)s::VARCHAR, %(principal)s::VARCHAR, %(tenant)s::VARCHAR, %(deadline)s::TIMESTAMP WITH TIME ZONE, %(state)s::VARCHAR, %(attempts)s::INTEGER, %(max_attempts)s::INTEGER, %(lease_ms)s::BIGINT, statement_timestamp(), (statement_timestamp() + %(delay_ms)s::BIGINT * interval '1 millisecond'), (statement_timestamp() + %(quiet_ms)s::BIGINT * interval '1 millisecond'), %(priority)s::SMALLINT, %(payload_version)s::INTEGER);

-- forget announcements
UPDATE corelib_job SET wake_at=statement_timestamp() WHERE corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.due_at <= statement_timestamp();

-- promote
UPDATE corelib_job SET due_at=statement_timestamp(), wake_at=statement_timestamp() WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.due_at > statement_timestamp();

-- wake
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.wake_at <= statement_timestamp() ORDER BY corelib_job.wake_at, corelib_job.id
 LIMIT %(param_1)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET wake_at=(statement_timestamp() + %(again_ms)s::BIGINT * interval '1 millisecond') WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.queue, corelib_job.enqueued_at, corelib_job.state;

-- claim
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.due_at <= statement_timestamp() AND corelib_job.attempts < corelib_job.max_attempts FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=%(state)s::VARCHAR, attempts=(corelib_job.attempts + %(attempts_1)s::INTEGER), lease_until=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, token=%(new_token)s::UUID, wake_at=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, worker=%(claimant)s::VARCHAR, started_at=statement_timestamp(), run_until=(statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace;

-- retry
UPDATE corelib_job SET state=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN %(param_1)s::VARCHAR ELSE %(param_2)s::VARCHAR END, due_at=(statement_timestamp() + %(wait_ms)s::BIGINT * interval '1 millisecond'), lease_until=NULL, token=NULL, wake_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN (statement_timestamp() + %(wait_ms)s::BIGINT * interval '1 millisecond') ELSE NULL END, finished_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN NULL ELSE statement_timestamp() END, error=%(error)s::VARCHAR WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- record attempt
INSERT INTO corelib_job_attempt (job_id, attempt, worker, started_at, ended_at, outcome, error, traceback) SELECT corelib_job.id, corelib_job.attempts, corelib_job.worker, corelib_job.started_at, statement_timestamp() AS utc_now_1, %(outcome)s::VARCHAR AS anon_1, %(message)s::VARCHAR AS anon_2, CAST(%(trace)s::VARCHAR AS TEXT) AS anon_3
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID;

-- release
UPDATE corelib_job SET state=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN %(param_1)s::VARCHAR ELSE %(param_2)s::VARCHAR END, attempts=(corelib_job.attempts - %(attempts_1)s::INTEGER), lease_until=NULL, token=NULL, wake_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN statement_timestamp() ELSE NULL END, finished_at=CASE WHEN (corelib_job.cancel_requested_at IS NULL) THEN NULL ELSE statement_timestamp() END, worker=NULL, started_at=NULL, run_until=NULL, progress_at=NULL WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- park
UPDATE corelib_job SET state=%(state)s::VARCHAR, attempts=(corelib_job.attempts - %(attempts_1)s::INTEGER), lease_until=NULL, token=NULL, wake_at=NULL, error=%(reason)s::VARCHAR, worker=NULL, started_at=NULL, run_until=NULL, progress_at=NULL WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- heartbeat
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id = ANY (%(held_ids)s::UUID[]) AND corelib_job.token = ANY (%(held_tokens)s::UUID[]) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > statement_timestamp()) FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET lease_until=(statement_timestamp() + %(beat_ms)s::BIGINT * interval '1 millisecond'), wake_at=(statement_timestamp() + %(beat_ms)s::BIGINT * interval '1 millisecond') WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.token, corelib_job.cancel_requested_at;

-- parked
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.name = ANY (%(names)s::VARCHAR(200)[]) ORDER BY corelib_job.enqueued_at, corelib_job.id;

-- unpark
UPDATE corelib_job SET state=%(state)s::VARCHAR, due_at=statement_timestamp(), wake_at=statement_timestamp(), error=NULL WHERE corelib_job.id = ANY (%(parked_ids)s::UUID[]) AND corelib_job.state = %(state_1)s::VARCHAR;

-- end cancelled
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=statement_timestamp(), error=%(error)s::VARCHAR WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- complete
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=statement_timestamp() WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID AND (corelib_job.run_until IS NULL OR corelib_job.run_until > statement_timestamp()) RETURNING corelib_job.flow_id;

-- bury
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=statement_timestamp(), error=%(error)s::VARCHAR WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- find abandoned
SELECT corelib_job.id, corelib_job.token, corelib_job.attempts, corelib_job.max_attempts, corelib_job.flow_id, corelib_job.worker, corelib_job.started_at, CASE WHEN (corelib_job.run_until <= statement_timestamp()) THEN %(param_1)s::INTEGER ELSE %(param_2)s::INTEGER END AS timed_out, CASE WHEN (corelib_job.cancel_requested_at IS NOT NULL) THEN %(param_3)s::INTEGER ELSE %(param_4)s::INTEGER END AS cancelled
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.lease_until <= statement_timestamp() FOR UPDATE OF corelib_job SKIP LOCKED;

-- take over
UPDATE corelib_job SET state=%(state)s::VARCHAR, attempts=(corelib_job.attempts + %(attempts_1)s::INTEGER), lease_until=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, token=%(new_token)s::UUID, wake_at=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, error=%(error)s::VARCHAR, worker=%(claimant)s::VARCHAR, started_at=statement_timestamp(), run_until=(statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond'), progress_at=NULL WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID AND corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.lease_until <= statement_timestamp() RETURNING corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace;

-- end abandoned
UPDATE corelib_job SET state=%(ended)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=statement_timestamp(), error=%(error)s::VARCHAR WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID AND corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.lease_until <= statement_timestamp();

-- cancel
UPDATE corelib_job SET state=CASE WHEN (corelib_job.state = %(state_1)s::VARCHAR) THEN corelib_job.state ELSE %(param_1)s::VARCHAR END, wake_at=CASE WHEN (corelib_job.state = %(state_1)s::VARCHAR) THEN corelib_job.wake_at ELSE NULL END, finished_at=CASE WHEN (corelib_job.state = %(state_1)s::VARCHAR) THEN NULL ELSE statement_timestamp() END, cancel_requested_at=statement_timestamp() WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state IN (%(state_2_1)s::VARCHAR, %(state_2_2)s::VARCHAR, %(state_2_3)s::VARCHAR) RETURNING corelib_job.state, corelib_job.flow_id;

-- retry dead
UPDATE corelib_job SET state=%(state)s::VARCHAR, max_attempts=(corelib_job.attempts + %(more)s::INTEGER), due_at=statement_timestamp(), wake_at=statement_timestamp(), finished_at=NULL, cancel_requested_at=NULL WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state IN (%(state_1_1)s::VARCHAR, %(state_1_2)s::VARCHAR) RETURNING corelib_job.id, corelib_job.flow_id, corelib_job.leads_to, corelib_job.counted_as;

-- retry dead, edited
UPDATE corelib_job SET payload=%(edited)s::VARCHAR, state=%(state)s::VARCHAR, max_attempts=(corelib_job.attempts + %(more)s::INTEGER), due_at=statement_timestamp(), wake_at=statement_timestamp(), finished_at=NULL, cancel_requested_at=NULL, payload_key=NULL WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state IN (%(state_1_1)s::VARCHAR, %(state_1_2)s::VARCHAR) RETURNING corelib_job.id, corelib_job.flow_id, corelib_job.leads_to, corelib_job.counted_as;

-- retry many dead
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.queue = %(queue_1)s::VARCHAR AND corelib_job.name = %(name_1)s::VARCHAR ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT %(param_1)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=%(state)s::VARCHAR, max_attempts=(corelib_job.attempts + %(more)s::INTEGER), due_at=statement_timestamp(), wake_at=statement_timestamp(), finished_at=NULL, cancel_requested_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.flow_id, corelib_job.leads_to, corelib_job.counted_as;

-- discard
DELETE FROM corelib_job WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state IN (%(state_1_1)s::VARCHAR, %(state_1_2)s::VARCHAR, %(state_1_3)s::VARCHAR, %(state_1_4)s::VARCHAR, %(state_1_5)s::VARCHAR);

-- drain
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.queue = %(queue_1)s::VARCHAR ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT %(param_1)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=%(state)s::VARCHAR, wake_at=NULL, finished_at=statement_timestamp() WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.flow_id;

-- purge
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.state = %(ended)s::VARCHAR AND corelib_job.enqueued_at <= (statement_timestamp() + %(age_ms)s::BIGINT * interval '1 millisecond') AND corelib_job.finished_at <= (statement_timestamp() + %(age_ms)s::BIGINT * interval '1 millisecond') AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL))) ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT %(param_1)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED)
 DELETE FROM corelib_job WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.flow_id;

-- purge beyond the newest
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.state = %(ended)s::VARCHAR AND corelib_job.name = %(name_1)s::VARCHAR AND corelib_job.enqueued_at <= (statement_timestamp() + %(age_ms)s::BIGINT * interval '1 millisecond') AND corelib_job.finished_at <= (statement_timestamp() + %(age_ms)s::BIGINT * interval '1 millisecond') AND (corelib_job.flow_id IS NULL OR NOT (EXISTS (SELECT 1
FROM corelib_flow
WHERE corelib_flow.id = corelib_job.flow_id AND corelib_flow.finished_at IS NULL))) AND (corelib_job.enqueued_at < (SELECT newest.enqueued_at
FROM corelib_job AS newest
WHERE newest.state = %(ended)s::VARCHAR AND newest.name = %(name_2)s::VARCHAR ORDER BY newest.enqueued_at DESC, newest.id DESC
 LIMIT %(param_1)s::INTEGER OFFSET %(param_2)s::INTEGER) OR corelib_job.enqueued_at = (SELECT newest.enqueued_at
FROM corelib_job AS newest
WHERE newest.state = %(ended)s::VARCHAR AND newest.name = %(name_2)s::VARCHAR ORDER BY newest.enqueued_at DESC, newest.id DESC
 LIMIT %(param_1)s::INTEGER OFFSET %(param_2)s::INTEGER) AND corelib_job.id < (SELECT newest.id
FROM corelib_job AS newest
WHERE newest.state = %(ended)s::VARCHAR AND newest.name = %(name_2)s::VARCHAR ORDER BY newest.enqueued_at DESC, newest.id DESC
 LIMIT %(param_1)s::INTEGER OFFSET %(param_2)s::INTEGER)) ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT %(param_3)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED)
 DELETE FROM corelib_job WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.flow_id;

-- count by queue
SELECT corelib_job.queue, corelib_job.state, count(*) AS count_1
FROM corelib_job GROUP BY corelib_job.queue, corelib_job.state ORDER BY corelib_job.queue, corelib_job.state;

-- find
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.id = %(id_1)s::UUID;

-- attempts
SELECT corelib_job_attempt.job_id, corelib_job_attempt.attempt, corelib_job_attempt.outcome, corelib_job_attempt.worker, corelib_job_attempt.started_at, corelib_job_attempt.ended_at, corelib_job_attempt.error, corelib_job_attempt.traceback
FROM corelib_job_attempt
WHERE corelib_job_attempt.job_id = %(job_id)s::UUID ORDER BY corelib_job_attempt.attempt;

-- progress
UPDATE corelib_job SET progress_done=%(done)s, progress_total=NULL, progress_text=%(told)s::VARCHAR, progress_at=statement_timestamp() WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- lines
INSERT INTO corelib_job_log (job_id, run, number, attempt, logged_at, text) SELECT corelib_job.id, corelib_job.token, CAST(%(number)s::INTEGER AS INTEGER) AS anon_1, corelib_job.attempts, (statement_timestamp() + %(ago_ms)s::BIGINT * interval '1 millisecond') AS utc_in_1, CAST(%(line)s::VARCHAR AS VARCHAR(2000)) AS anon_2
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- progress of a total
UPDATE corelib_job SET progress_done=%(done)s, progress_total=%(total)s, progress_text=%(told)s::VARCHAR, progress_at=statement_timestamp() WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- is held
SELECT corelib_job.id
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- log
SELECT corelib_job_log.job_id, corelib_job_log.run, corelib_job_log.number, corelib_job_log.attempt, corelib_job_log.logged_at, corelib_job_log.text
FROM corelib_job_log
WHERE corelib_job_log.job_id = %(job_id_1)s::UUID ORDER BY corelib_job_log.attempt DESC, corelib_job_log.logged_at DESC, corelib_job_log.number DESC
 LIMIT %(param_1)s::INTEGER;

-- claim due
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.queue = %(of_queue)s::VARCHAR AND corelib_job.state COLLATE "C" = 'pending' AND corelib_job.due_at <= statement_timestamp() AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL AND NOT (EXISTS (SELECT 1
FROM corelib_queue
WHERE corelib_queue.name = %(of_queue)s::VARCHAR AND (corelib_queue.paused_at IS NOT NULL OR corelib_queue.concurrency IS NOT NULL OR corelib_queue.rate_limit IS NOT NULL OR corelib_queue.key_concurrency IS NOT NULL OR corelib_queue.key_rate_limit IS NOT NULL))) ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id
 LIMIT %(param_2)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=%(state)s::VARCHAR, attempts=(corelib_job.attempts + %(attempts_1)s::INTEGER), lease_until=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, token=gen_random_uuid(), wake_at=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, worker=%(claimant)s::VARCHAR, started_at=statement_timestamp(), run_until=(statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace;

-- claim batch
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.queue = %(of_queue)s::VARCHAR AND corelib_job.state COLLATE "C" = 'pending' AND corelib_job.due_at <= (statement_timestamp() + %(within_ms)s::BIGINT * interval '1 millisecond') AND corelib_job.name = %(of_name)s::VARCHAR AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL AND NOT (EXISTS (SELECT 1
FROM corelib_queue
WHERE corelib_queue.name = %(of_queue)s::VARCHAR AND (corelib_queue.paused_at IS NOT NULL OR corelib_queue.concurrency IS NOT NULL OR corelib_queue.rate_limit IS NOT NULL OR corelib_queue.key_concurrency IS NOT NULL OR corelib_queue.key_rate_limit IS NOT NULL))) ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id
 LIMIT %(param_2)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=%(state)s::VARCHAR, attempts=(corelib_job.attempts + %(attempts_1)s::INTEGER), lease_until=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, token=gen_random_uuid(), wake_at=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, worker=%(claimant)s::VARCHAR, started_at=statement_timestamp(), run_until=(statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace;

-- complete together
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=statement_timestamp() WHERE corelib_job.id = ANY (%(job_ids)s::UUID[]) AND corelib_job.token = ANY (%(held)s::UUID[]) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > statement_timestamp()) RETURNING corelib_job.id, corelib_job.finished_at;

-- complete together with results
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=statement_timestamp(), result=CASE WHEN (corelib_job.token = %(token_0)s::UUID) THEN %(result_0)s::VARCHAR WHEN (corelib_job.token = %(token_1)s::UUID) THEN %(result_1)s::VARCHAR END WHERE corelib_job.id = ANY (%(job_ids)s::UUID[]) AND corelib_job.token = ANY (%(held)s::UUID[]) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > statement_timestamp()) RETURNING corelib_job.id, corelib_job.finished_at;

-- complete with an object as its result
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=statement_timestamp(), result=CASE WHEN (corelib_job.token = %(token_0)s::UUID) THEN %(result_0)s::VARCHAR END, result_key=CASE WHEN (corelib_job.token = %(token_0)s::UUID) THEN %(result_key_0)s::VARCHAR END WHERE corelib_job.id = ANY (%(job_ids)s::UUID[]) AND corelib_job.token = ANY (%(held)s::UUID[]) AND (corelib_job.run_until IS NULL OR corelib_job.run_until > statement_timestamp()) RETURNING corelib_job.id, corelib_job.finished_at;

-- complete with a result
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=statement_timestamp(), result=%(returned)s::VARCHAR WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID AND (corelib_job.run_until IS NULL OR corelib_job.run_until > statement_timestamp()) RETURNING corelib_job.flow_id;

-- complete with the key of a result
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=statement_timestamp(), result=%(returned)s::VARCHAR, result_key=%(returned_key)s::VARCHAR WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID AND (corelib_job.run_until IS NULL OR corelib_job.run_until > statement_timestamp()) RETURNING corelib_job.flow_id;

-- find queue
SELECT corelib_queue.name
FROM corelib_queue
WHERE corelib_queue.name = %(of_queue)s::VARCHAR;

-- make queue
INSERT INTO corelib_queue (name) VALUES (%(new_name)s::VARCHAR);

-- pause
UPDATE corelib_queue SET paused_at=statement_timestamp() WHERE corelib_queue.name = %(of_queue)s::VARCHAR AND corelib_queue.paused_at IS NULL;

-- resume
UPDATE corelib_queue SET paused_at=NULL WHERE corelib_queue.name = %(of_queue)s::VARCHAR AND corelib_queue.paused_at IS NOT NULL;

-- announce
UPDATE corelib_job SET wake_at=statement_timestamp() WHERE corelib_job.queue = %(of_queue)s::VARCHAR AND corelib_job.state COLLATE "C" = 'pending' AND corelib_job.due_at <= statement_timestamp();

-- limit
UPDATE corelib_queue SET concurrency=%(concurrency)s::INTEGER, rate_limit=%(rate_limit)s::INTEGER, rate_ms=%(rate_ms)s::BIGINT WHERE corelib_queue.name = %(name_1)s::VARCHAR;

-- declare
UPDATE corelib_queue SET concurrency=%(concurrency)s::INTEGER, rate_limit=NULL, rate_ms=NULL, key_concurrency=NULL, key_rate_limit=NULL, key_rate_ms=NULL, declared=%(declared)s::VARCHAR WHERE corelib_queue.name = %(name_1)s::VARCHAR AND (corelib_queue.declared IS NULL OR corelib_queue.declared != %(declared_1)s::VARCHAR);

-- is limited
SELECT corelib_queue.name
FROM corelib_queue
WHERE corelib_queue.name = %(of_queue)s::VARCHAR AND (corelib_queue.paused_at IS NOT NULL OR corelib_queue.concurrency IS NOT NULL OR corelib_queue.rate_limit IS NOT NULL OR corelib_queue.key_concurrency IS NOT NULL OR corelib_queue.key_rate_limit IS NOT NULL);

-- lock queue
SELECT corelib_queue.name, corelib_queue.paused_at, corelib_queue.concurrency, corelib_queue.rate_limit, corelib_queue.rate_ms, corelib_queue.window_until, corelib_queue.window_used, corelib_queue.key_concurrency, corelib_queue.key_rate_limit, corelib_queue.key_rate_ms, corelib_queue.declared, CASE WHEN (corelib_queue.window_until > statement_timestamp()) THEN %(param_1)s::INTEGER ELSE %(param_2)s::INTEGER END AS window_open
FROM corelib_queue
WHERE corelib_queue.name = %(of_queue)s::VARCHAR FOR NO KEY UPDATE OF corelib_queue;

-- count running
SELECT count(*) AS count_1
FROM corelib_job
WHERE corelib_job.queue = %(of_queue)s::VARCHAR AND corelib_job.state = %(state_1)s::VARCHAR;

-- claim within limits
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.queue = %(of_queue)s::VARCHAR AND corelib_job.state COLLATE "C" = 'pending' AND corelib_job.due_at <= statement_timestamp() AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id
 LIMIT %(param_2)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=%(state)s::VARCHAR, attempts=(corelib_job.attempts + %(attempts_1)s::INTEGER), lease_until=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, token=gen_random_uuid(), wake_at=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, worker=%(claimant)s::VARCHAR, started_at=statement_timestamp(), run_until=(statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace;

-- open window
UPDATE corelib_queue SET window_until=(statement_timestamp() + corelib_queue.rate_ms * interval '1 millisecond'), window_used=%(taken)s::INTEGER WHERE corelib_queue.name = %(of_queue)s::VARCHAR;

-- count within window
UPDATE corelib_queue SET window_used=(corelib_queue.window_used + %(taken)s::INTEGER) WHERE corelib_queue.name = %(of_queue)s::VARCHAR;

-- limit keys
UPDATE corelib_queue SET key_concurrency=%(key_concurrency)s::INTEGER, key_rate_limit=%(key_rate_limit)s::INTEGER, key_rate_ms=%(key_rate_ms)s::BIGINT WHERE corelib_queue.name = %(name_1)s::VARCHAR;

-- forget windows
DELETE FROM corelib_job_key WHERE corelib_job_key.queue = %(of_queue)s::VARCHAR AND corelib_job_key.window_until <= statement_timestamp();

-- candidates
SELECT corelib_job.id, corelib_job.limit_key
FROM corelib_job
WHERE corelib_job.queue = %(of_queue)s::VARCHAR AND corelib_job.state COLLATE "C" = 'pending' AND corelib_job.due_at <= statement_timestamp() AND (corelib_job.limit_key IS NULL OR (corelib_job.limit_key NOT IN (SELECT running.limit_key
FROM corelib_job AS running
WHERE running.queue = %(of_queue)s::VARCHAR AND running.state = %(state_1)s::VARCHAR AND running.limit_key IS NOT NULL GROUP BY running.limit_key
HAVING count(*) >= %(most)s::INTEGER)) AND NOT (EXISTS (SELECT 1
FROM corelib_job_key
WHERE corelib_job_key.queue = %(of_queue)s::VARCHAR AND corelib_job_key.limit_key = corelib_job.limit_key AND corelib_job_key.used >= %(rate)s::INTEGER)) AND NOT (corelib_job.limit_key = ANY (%(full)s::VARCHAR(64)[]))) AND NOT (corelib_job.id = ANY (%(taken)s::UUID[])) ORDER BY corelib_job.priority DESC, corelib_job.due_at, corelib_job.id
 LIMIT %(param_1)s::INTEGER;

-- count running of keys
SELECT corelib_job.limit_key, count(*) AS jobs
FROM corelib_job
WHERE corelib_job.queue = %(of_queue)s::VARCHAR AND corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.limit_key IS NOT NULL GROUP BY corelib_job.limit_key;

-- used within windows
SELECT corelib_job_key.limit_key, corelib_job_key.used
FROM corelib_job_key
WHERE corelib_job_key.queue = %(of_queue)s::VARCHAR AND corelib_job_key.limit_key = ANY (%(keys)s::VARCHAR(64)[]);

-- claim of keys
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id = ANY (%(chosen)s::UUID[]) AND corelib_job.queue = %(of_queue)s::VARCHAR AND corelib_job.state COLLATE "C" = 'pending' AND corelib_job.due_at <= statement_timestamp() AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=%(state)s::VARCHAR, attempts=(corelib_job.attempts + %(attempts_1)s::INTEGER), lease_until=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, token=gen_random_uuid(), wake_at=CASE WHEN (%(claim_ms)s::BIGINT < %(param_1)s::BIGINT) THEN (statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond') ELSE (statement_timestamp() + %(claim_ms)s::BIGINT * interval '1 millisecond') END, worker=%(claimant)s::VARCHAR, started_at=statement_timestamp(), run_until=(statement_timestamp() + corelib_job.lease_ms * interval '1 millisecond'), progress_at=NULL WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace;

-- open window of key
INSERT INTO corelib_job_key (queue, limit_key, window_until, used) SELECT corelib_queue.name, %(of_key)s::VARCHAR AS anon_1, (statement_timestamp() + corelib_queue.key_rate_ms * interval '1 millisecond') AS utc_in_1, %(begun)s::INTEGER AS anon_2
FROM corelib_queue
WHERE corelib_queue.name = %(of_queue)s::VARCHAR;

-- count within window of key
UPDATE corelib_job_key SET used=(corelib_job_key.used + %(begun)s::INTEGER) WHERE corelib_job_key.queue = %(of_queue)s::VARCHAR AND corelib_job_key.limit_key = %(of_key)s::VARCHAR;

-- look whether jobs wait
SELECT corelib_job.id
FROM corelib_job
WHERE corelib_job.queue = %(of_queue)s::VARCHAR AND corelib_job.state COLLATE "C" = 'pending' AND corelib_job.due_at <= statement_timestamp()
 LIMIT %(param_1)s::INTEGER;

-- list
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.state = %(state_1)s::VARCHAR ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT %(param_1)s::INTEGER;

-- count
SELECT corelib_job.state, count(*) AS count_1
FROM corelib_job GROUP BY corelib_job.state;

-- stream
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job ORDER BY corelib_job.enqueued_at, corelib_job.id;

-- insert event
INSERT INTO corelib_event (id, name, payload, correlation_id, causation_id, principal, tenant, deadline, recorded_at) VALUES (%(id)s::UUID, %(name)s::VARCHAR, %(payload)s::VARCHAR, %(correlation_id)s::VARCHAR, %(causation_id)s::VARCHAR, %(principal)s::VARCHAR, %(tenant)s::VARCHAR, %(deadline)s::TIMESTAMP WITH TIME ZONE, %(recorded_at)s::TIMESTAMP WITH TIME ZONE);

-- stream events
SELECT corelib_event.id, corelib_event.name, corelib_event.payload, corelib_event.correlation_id, corelib_event.causation_id, corelib_event.principal, corelib_event.tenant, corelib_event.deadline, corelib_event.recorded_at
FROM corelib_event ORDER BY corelib_event.recorded_at, corelib_event.id;
