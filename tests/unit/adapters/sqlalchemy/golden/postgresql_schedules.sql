-- now
SELECT statement_timestamp() AS utc_now_1;

-- make
INSERT INTO corelib_schedule (name, job, payload, payload_version, cron, every_us, zone, start_at, missed, bound, grace_ms, owner, revision, next_at) VALUES (%(name)s::VARCHAR, %(job)s::VARCHAR, %(payload)s::VARCHAR, %(payload_version)s::INTEGER, NULL, %(every_us)s::BIGINT, %(zone)s::VARCHAR, %(start_at)s::TIMESTAMP WITH TIME ZONE, %(missed)s::VARCHAR, %(bound)s::INTEGER, %(grace_ms)s::BIGINT, %(owner)s::VARCHAR, %(revision)s::INTEGER, %(next_at)s::TIMESTAMP WITH TIME ZONE);

-- replace
UPDATE corelib_schedule SET job=%(job)s::VARCHAR, payload=%(payload)s::VARCHAR, payload_version=%(payload_version)s::INTEGER, cron=NULL, every_us=%(every_us)s::BIGINT, zone=%(zone)s::VARCHAR, start_at=%(start_at)s::TIMESTAMP WITH TIME ZONE, missed=%(missed)s::VARCHAR, bound=%(bound)s::INTEGER, grace_ms=%(grace_ms)s::BIGINT, owner=%(owner)s::VARCHAR, revision=%(revision)s::INTEGER, next_at=%(next_at)s::TIMESTAMP WITH TIME ZONE WHERE corelib_schedule.name = %(of_name)s::VARCHAR AND corelib_schedule.revision = %(seen_revision)s::INTEGER;

-- due
SELECT corelib_schedule.name, corelib_schedule.job, corelib_schedule.payload, corelib_schedule.payload_version, corelib_schedule.cron, corelib_schedule.every_us, corelib_schedule.zone, corelib_schedule.start_at, corelib_schedule.missed, corelib_schedule.bound, corelib_schedule.grace_ms, corelib_schedule.owner, corelib_schedule.revision, corelib_schedule.next_at, corelib_schedule.last_at, corelib_schedule.paused_at, statement_timestamp() AS read_at
FROM corelib_schedule
WHERE corelib_schedule.next_at <= statement_timestamp() AND corelib_schedule.paused_at IS NULL AND corelib_schedule.job = ANY (%(names)s::VARCHAR(200)[]) ORDER BY corelib_schedule.next_at, corelib_schedule.name
 LIMIT %(param_1)s::INTEGER;

-- fire
WITH picked AS
(SELECT corelib_schedule.name AS name
FROM corelib_schedule
WHERE corelib_schedule.name = %(of_name)s::VARCHAR AND corelib_schedule.revision = %(seen_revision)s::INTEGER AND corelib_schedule.next_at = %(seen_next)s::TIMESTAMP WITH TIME ZONE AND corelib_schedule.paused_at IS NULL FOR UPDATE OF corelib_schedule SKIP LOCKED)
 UPDATE corelib_schedule SET next_at=%(next_at)s::TIMESTAMP WITH TIME ZONE, last_at=%(last_at)s::TIMESTAMP WITH TIME ZONE WHERE corelib_schedule.name IN (SELECT picked.name
FROM picked) AND corelib_schedule.name = %(of_name)s::VARCHAR AND corelib_schedule.revision = %(seen_revision)s::INTEGER AND corelib_schedule.next_at = %(seen_next)s::TIMESTAMP WITH TIME ZONE AND corelib_schedule.paused_at IS NULL RETURNING corelib_schedule.name;

-- fire for the last time
WITH picked AS
(SELECT corelib_schedule.name AS name
FROM corelib_schedule
WHERE corelib_schedule.name = %(of_name)s::VARCHAR AND corelib_schedule.revision = %(seen_revision)s::INTEGER AND corelib_schedule.next_at = %(seen_next)s::TIMESTAMP WITH TIME ZONE AND corelib_schedule.paused_at IS NULL FOR UPDATE OF corelib_schedule SKIP LOCKED)
 UPDATE corelib_schedule SET next_at=NULL, last_at=corelib_schedule.last_at WHERE corelib_schedule.name IN (SELECT picked.name
FROM picked) AND corelib_schedule.name = %(of_name)s::VARCHAR AND corelib_schedule.revision = %(seen_revision)s::INTEGER AND corelib_schedule.next_at = %(seen_next)s::TIMESTAMP WITH TIME ZONE AND corelib_schedule.paused_at IS NULL RETURNING corelib_schedule.name;

-- pause
UPDATE corelib_schedule SET paused_at=statement_timestamp() WHERE corelib_schedule.name = %(of_name)s::VARCHAR AND corelib_schedule.paused_at IS NULL;

-- resume
UPDATE corelib_schedule SET paused_at=NULL WHERE corelib_schedule.name = %(of_name)s::VARCHAR AND corelib_schedule.paused_at IS NOT NULL;

-- find
SELECT corelib_schedule.name, corelib_schedule.job, corelib_schedule.payload, corelib_schedule.payload_version, corelib_schedule.cron, corelib_schedule.every_us, corelib_schedule.zone, corelib_schedule.start_at, corelib_schedule.missed, corelib_schedule.bound, corelib_schedule.grace_ms, corelib_schedule.owner, corelib_schedule.revision, corelib_schedule.next_at, corelib_schedule.last_at, corelib_schedule.paused_at
FROM corelib_schedule
WHERE corelib_schedule.name = %(of_name)s::VARCHAR;

-- list
SELECT corelib_schedule.name, corelib_schedule.job, corelib_schedule.payload, corelib_schedule.payload_version, corelib_schedule.cron, corelib_schedule.every_us, corelib_schedule.zone, corelib_schedule.start_at, corelib_schedule.missed, corelib_schedule.bound, corelib_schedule.grace_ms, corelib_schedule.owner, corelib_schedule.revision, corelib_schedule.next_at, corelib_schedule.last_at, corelib_schedule.paused_at
FROM corelib_schedule;

-- runs
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.schedule = %(of_name)s::VARCHAR ORDER BY corelib_job.enqueued_at DESC, corelib_job.id DESC
 LIMIT %(param_1)s::INTEGER;

-- remove
DELETE FROM corelib_schedule WHERE corelib_schedule.name = %(of_name)s::VARCHAR;

-- remove own
DELETE FROM corelib_schedule WHERE corelib_schedule.name = %(of_name)s::VARCHAR AND corelib_schedule.owner = %(of_owner)s::VARCHAR;
