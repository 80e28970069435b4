-- insert
INSERT INTO corelib_job (id, name, queue, payload, correlation_id, causation_id, principal, tenant, deadline, state, attempts, max_attempts, lease_ms, enqueued_at, due_at, wake_at) VALUES (%(id)s::UUID, %(name)s::VARCHAR, %(queue)s::VARCHAR, %(payload)s::VARCHAR, %(correlation_id)s::VARCHAR, %(causation_id)s::VARCHAR, %(principal)s::VARCHAR, %(tenant)s::VARCHAR, %(deadline)s::TIMESTAMP WITH TIME ZONE, %(state)s::VARCHAR, %(attempts)s::INTEGER, %(max_attempts)s::INTEGER, %(lease_ms)s::BIGINT, clock_timestamp(), (clock_timestamp() + %(delay_ms)s::BIGINT * interval '1 millisecond'), (clock_timestamp() + %(quiet_ms)s::BIGINT * interval '1 millisecond'));

-- forget announcements
UPDATE corelib_job SET wake_at=clock_timestamp() WHERE corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.due_at <= clock_timestamp();

-- wake
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.wake_at <= clock_timestamp() ORDER BY corelib_job.wake_at, corelib_job.id
 LIMIT %(param_1)s::INTEGER FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET wake_at=(clock_timestamp() + %(again_ms)s::BIGINT * interval '1 millisecond') WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.wake_at <= clock_timestamp() RETURNING corelib_job.id, corelib_job.queue, corelib_job.enqueued_at;

-- claim
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID AND (corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.due_at <= clock_timestamp() OR corelib_job.state = %(state_2)s::VARCHAR AND corelib_job.lease_until <= clock_timestamp()) AND corelib_job.attempts < corelib_job.max_attempts FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=%(state)s::VARCHAR, attempts=(corelib_job.attempts + %(attempts_1)s::INTEGER), lease_until=(clock_timestamp() + corelib_job.lease_ms * interval '1 millisecond'), token=%(new_token)s::UUID, wake_at=(clock_timestamp() + corelib_job.lease_ms * interval '1 millisecond') WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id = %(job_id)s::UUID AND (corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.due_at <= clock_timestamp() OR corelib_job.state = %(state_2)s::VARCHAR AND corelib_job.lease_until <= clock_timestamp()) AND corelib_job.attempts < corelib_job.max_attempts RETURNING corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error;

-- retry
UPDATE corelib_job SET state=%(state)s::VARCHAR, due_at=(clock_timestamp() + %(wait_ms)s::BIGINT * interval '1 millisecond'), lease_until=NULL, token=NULL, wake_at=(clock_timestamp() + %(wait_ms)s::BIGINT * interval '1 millisecond'), error=%(error)s::VARCHAR WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- release
UPDATE corelib_job SET state=%(state)s::VARCHAR, attempts=(corelib_job.attempts - %(attempts_1)s::INTEGER), lease_until=NULL, token=NULL, wake_at=clock_timestamp() WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- complete
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=clock_timestamp() WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- bury
UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=clock_timestamp(), error=%(error)s::VARCHAR WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.token = %(held)s::UUID;

-- bury abandoned
WITH picked AS
(SELECT corelib_job.id AS id
FROM corelib_job
WHERE corelib_job.id = %(job_id)s::UUID AND corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.lease_until <= clock_timestamp() AND corelib_job.attempts >= corelib_job.max_attempts FOR UPDATE OF corelib_job SKIP LOCKED)
 UPDATE corelib_job SET state=%(state)s::VARCHAR, lease_until=NULL, token=NULL, wake_at=NULL, finished_at=clock_timestamp(), error=%(error)s::VARCHAR WHERE corelib_job.id IN (SELECT picked.id
FROM picked) AND corelib_job.id = %(job_id)s::UUID AND corelib_job.state = %(state_1)s::VARCHAR AND corelib_job.lease_until <= clock_timestamp() AND corelib_job.attempts >= corelib_job.max_attempts;

-- find
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error
FROM corelib_job
WHERE corelib_job.id = %(id_1)s::UUID;

-- list
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error
FROM corelib_job
WHERE corelib_job.state = %(state_1)s::VARCHAR ORDER BY corelib_job.enqueued_at, corelib_job.id
 LIMIT %(param_1)s::INTEGER;

-- count
SELECT corelib_job.state, count(*) AS count_1
FROM corelib_job GROUP BY corelib_job.state;

-- stream
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error
FROM corelib_job ORDER BY corelib_job.enqueued_at, corelib_job.id;

-- insert event
INSERT INTO corelib_event (id, name, payload, correlation_id, causation_id, principal, tenant, deadline, recorded_at) VALUES (%(id)s::UUID, %(name)s::VARCHAR, %(payload)s::VARCHAR, %(correlation_id)s::VARCHAR, %(causation_id)s::VARCHAR, %(principal)s::VARCHAR, %(tenant)s::VARCHAR, %(deadline)s::TIMESTAMP WITH TIME ZONE, %(recorded_at)s::TIMESTAMP WITH TIME ZONE);

-- stream events
SELECT corelib_event.id, corelib_event.name, corelib_event.payload, corelib_event.correlation_id, corelib_event.causation_id, corelib_event.principal, corelib_event.tenant, corelib_event.deadline, corelib_event.recorded_at
FROM corelib_event ORDER BY corelib_event.recorded_at, corelib_event.id;
