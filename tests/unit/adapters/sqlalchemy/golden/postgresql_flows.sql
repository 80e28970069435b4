-- insert flow
INSERT INTO corelib_flow (id, jobs, gates, unfinished, failed, enqueued_at) VALUES (%(id)s::UUID, %(jobs)s::INTEGER, %(gates)s::INTEGER, %(unfinished)s::INTEGER, %(failed)s::INTEGER, statement_timestamp());

-- insert gates
INSERT INTO corelib_flow_gate (flow_id, number, remaining, failed) VALUES (%(flow_id)s::UUID, %(number)s::INTEGER, %(remaining)s::INTEGER, %(failed)s::INTEGER);

-- insert first
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at, priority, payload_version, flow_id, flow_position, leads_to, flow_stage) VALUES (%(id)s::UUID, %(name)s::VARCHAR, %(queue)s::VARCHAR, %(payload)s::VARCHAR, %(correlation_id)s::VARCHAR, %(causation_id)s::VARCHAR, %(principal)s::VARCHAR, %(tenant)s::VARCHAR, %(deadline)s::TIMESTAMP WITH TIME ZONE, %(state)s::VARCHAR, %(attempts)s::INTEGER, %(max_attempts)s::INTEGER, %(lease_ms)s::BIGINT, statement_timestamp(), (statement_timestamp() + %(delay_ms)s::BIGINT * interval '1 millisecond'), (statement_timestamp() + %(quiet_ms)s::BIGINT * interval '1 millisecond'), %(priority)s::SMALLINT, %(payload_version)s::INTEGER, %(flow_id)s::UUID, %(flow_position)s::INTEGER, %(leads_to)s::INTEGER, %(flow_stage)s::SMALLINT);

-- insert waiting
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at, priority, payload_version, flow_id, flow_position, waits_at, leads_to, flow_stage, start_delay_ms) VALUES (%(id)s::UUID, %(name)s::VARCHAR, %(queue)s::VARCHAR, %(payload)s::VARCHAR, %(correlation_id)s::VARCHAR, %(causation_id)s::VARCHAR, %(principal)s::VARCHAR, %(tenant)s::VARCHAR, %(deadline)s::TIMESTAMP WITH TIME ZONE, %(state)s::VARCHAR, %(attempts)s::INTEGER, %(max_attempts)s::INTEGER, %(lease_ms)s::BIGINT, statement_timestamp(), statement_timestamp(), NULL, %(priority)s::SMALLINT, %(payload_version)s::INTEGER, %(flow_id)s::UUID, %(flow_position)s::INTEGER, %(waits_at)s::INTEGER, %(leads_to)s::INTEGER, %(flow_stage)s::SMALLINT, %(start_delay_ms)s::BIGINT);

-- count in flow
UPDATE corelib_flow SET unfinished=(corelib_flow.unfinished + %(more)s::INTEGER), failed=(corelib_flow.failed + %(more_failed)s::INTEGER), finished_at=CASE WHEN (corelib_flow.unfinished + %(more)s::INTEGER > %(param_1)s::INTEGER) THEN NULL ELSE coalesce(corelib_flow.finished_at, statement_timestamp()) END WHERE corelib_flow.id = %(of_flow)s::UUID;

-- count at gate
UPDATE corelib_flow_gate SET remaining=(corelib_flow_gate.remaining + %(more)s::INTEGER), failed=(corelib_flow_gate.failed + %(more_failed)s::INTEGER) WHERE corelib_flow_gate.flow_id = %(of_flow)s::UUID AND corelib_flow_gate.number = %(of_gate)s::INTEGER RETURNING corelib_flow_gate.remaining, corelib_flow_gate.failed;

-- release
UPDATE corelib_job SET state=%(state)s::VARCHAR, due_at=CASE WHEN (corelib_job.start_delay_ms IS NULL) THEN corelib_job.due_at ELSE (statement_timestamp() + corelib_job.start_delay_ms * interval '1 millisecond') END, wake_at=CASE WHEN (corelib_job.start_delay_ms IS NULL) THEN corelib_job.due_at WHEN (corelib_job.start_delay_ms = %(start_delay_ms_1)s::BIGINT) THEN (statement_timestamp() + %(quiet_ms)s::BIGINT * interval '1 millisecond') ELSE (statement_timestamp() + corelib_job.start_delay_ms * interval '1 millisecond') END WHERE corelib_job.flow_id = %(of_flow)s::UUID AND corelib_job.waits_at = %(at_gate)s::INTEGER AND corelib_job.state = 'waiting' RETURNING corelib_job.id, corelib_job.queue, corelib_job.start_delay_ms;

-- who has failed
SELECT corelib_job.id, corelib_job.name, corelib_job.state, corelib_job.error, corelib_job.counted_as
FROM corelib_job
WHERE corelib_job.flow_id = %(of_flow)s::UUID AND corelib_job.leads_to = %(gate_before)s::INTEGER AND corelib_job.counted_as IN (%(counted_as_1_1)s::VARCHAR, %(counted_as_1_2)s::VARCHAR) ORDER BY corelib_job.flow_position
 LIMIT %(param_1)s::INTEGER;

-- cancel those behind
UPDATE corelib_job SET state=%(state)s::VARCHAR, finished_at=statement_timestamp(), error=%(error)s::VARCHAR, counted_as=%(counted_as)s::VARCHAR WHERE corelib_job.flow_id = %(of_flow)s::UUID AND corelib_job.waits_at = %(at_gate)s::INTEGER AND corelib_job.state = 'waiting' AND corelib_job.runs_always IS NULL RETURNING corelib_job.id, corelib_job.flow_id, corelib_job.leads_to, corelib_job.counted_as;

-- let wait again
UPDATE corelib_job SET state=%(state)s::VARCHAR, finished_at=NULL, error=NULL, cancel_requested_at=NULL, counted_as=NULL WHERE corelib_job.flow_id = %(of_flow)s::UUID AND corelib_job.waits_at = %(at_gate)s::INTEGER AND corelib_job.counted_as = 'skipped' RETURNING corelib_job.id, corelib_job.flow_id, corelib_job.leads_to;

-- find flow
SELECT corelib_flow.id, corelib_flow.jobs, corelib_flow.gates, corelib_flow.unfinished, corelib_flow.failed, corelib_flow.enqueued_at, corelib_flow.finished_at
FROM corelib_flow
WHERE corelib_flow.id = %(id_1)s::UUID;

-- list flows
SELECT corelib_flow.id, corelib_flow.jobs, corelib_flow.gates, corelib_flow.unfinished, corelib_flow.failed, corelib_flow.enqueued_at, corelib_flow.finished_at
FROM corelib_flow
WHERE corelib_flow.finished_at IS NULL ORDER BY corelib_flow.enqueued_at DESC, corelib_flow.id DESC
 LIMIT %(param_1)s::INTEGER;

-- place
SELECT corelib_job.flow_id, corelib_job.waits_at, corelib_job.leads_to
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID;

-- children
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.flow_id = %(flow_id_1)s::UUID AND corelib_job.leads_to = %(leads_to_1)s::INTEGER ORDER BY corelib_job.flow_position;

-- followers
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.flow_id = %(flow_id_1)s::UUID AND corelib_job.waits_at = %(waits_at_1)s::INTEGER ORDER BY corelib_job.flow_position;

-- find uncounted
SELECT corelib_job.id
FROM corelib_job
WHERE corelib_job.flow_id IS NOT NULL AND corelib_job.finished_at IS NOT NULL AND corelib_job.counted_as IS NULL ORDER BY corelib_job.id
 LIMIT %(param_1)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED;

-- mark as counted
UPDATE corelib_job SET counted_as=CASE WHEN (corelib_job.state = %(state_1)s::VARCHAR) THEN %(param_1)s::VARCHAR ELSE %(param_2)s::VARCHAR END WHERE corelib_job.id = ANY (%(job_ids)s::UUID[]) AND corelib_job.finished_at IS NOT NULL AND corelib_job.counted_as IS NULL RETURNING corelib_job.id, corelib_job.flow_id, corelib_job.leads_to, corelib_job.counted_as;

-- mark as not counted
UPDATE corelib_job SET counted_as=NULL WHERE corelib_job.id = ANY (%(job_ids)s::UUID[]);

-- jobs of flow
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.flow_id = %(flow_id_1)s::UUID ORDER BY corelib_job.flow_position;

-- cancel unlocked
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id = ANY (%(job_ids)s::UUID[]) AND corelib_job.state IN (%(state_2_1)s::VARCHAR, %(state_2_2)s::VARCHAR, %(state_2_3)s::VARCHAR) FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=CASE WHEN (corelib_job.state = %(state_1)s::VARCHAR) THEN corelib_job.state ELSE %(param_1)s::VARCHAR END, wake_at=CASE WHEN (corelib_job.state = %(state_1)s::VARCHAR) THEN corelib_job.wake_at ELSE NULL END, finished_at=CASE WHEN (corelib_job.state = %(state_1)s::VARCHAR) THEN NULL ELSE statement_timestamp() END, cancel_requested_at=statement_timestamp() WHERE corelib_job.id IN (SELECT picked.id
FROM picked) RETURNING corelib_job.id;

-- lock flow
UPDATE corelib_flow SET unfinished=(corelib_flow.unfinished + %(more)s::INTEGER), failed=(corelib_flow.failed + %(more_failed)s::INTEGER), finished_at=CASE WHEN (corelib_flow.unfinished + %(more)s::INTEGER > %(param_1)s::INTEGER) THEN NULL ELSE coalesce(corelib_flow.finished_at, statement_timestamp()) END WHERE corelib_flow.id = %(of_flow)s::UUID;

-- cancel waiting
UPDATE corelib_job SET state=%(state)s::VARCHAR, finished_at=statement_timestamp(), cancel_requested_at=statement_timestamp() WHERE corelib_job.id = ANY (%(job_ids)s::UUID[]) AND corelib_job.state = 'waiting' RETURNING corelib_job.id;

-- step that has not begun
SELECT corelib_job.flow_id, corelib_job.waits_at
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.waits_at IS NOT NULL AND corelib_job.attempts = %(attempts_1)s::INTEGER;

-- who is left
SELECT corelib_flow_gate.remaining
FROM corelib_flow_gate
WHERE corelib_flow_gate.flow_id = %(of_flow)s::UUID AND corelib_flow_gate.number = %(of_gate)s::INTEGER;

-- let one wait again
UPDATE corelib_job SET state=%(state)s::VARCHAR, max_attempts=(corelib_job.attempts + %(more)s::INTEGER), due_at=statement_timestamp(), wake_at=statement_timestamp(), finished_at=NULL, cancel_requested_at=NULL WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state IN (%(state_1_1)s::VARCHAR, %(state_1_2)s::VARCHAR) RETURNING corelib_job.id, corelib_job.flow_id, corelib_job.leads_to, corelib_job.counted_as;

-- step to discard
SELECT corelib_job.flow_id, corelib_job.state
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.flow_id IS NOT NULL;

-- end the discarded
UPDATE corelib_job SET state=%(state)s::VARCHAR, wake_at=NULL, finished_at=statement_timestamp() WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state IN (%(state_1_1)s::VARCHAR, %(state_1_2)s::VARCHAR, %(state_1_3)s::VARCHAR);

-- delete flow
DELETE FROM corelib_flow WHERE corelib_flow.id = %(of_flow)s::UUID AND corelib_flow.finished_at IS NOT NULL AND NOT (EXISTS (SELECT 1
FROM corelib_job
WHERE corelib_job.flow_id = corelib_flow.id));
