-- now
SELECT strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AS utc_now_1;

-- make
INSERT INTO corelib_schedule (name, job, payload, payload_version, cron, every_us, zone, start_at, missed, bound, grace_ms, owner, revision, next_at) VALUES (?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- replace
UPDATE corelib_schedule SET job=?, payload=?, payload_version=?, cron=NULL, every_us=?, zone=?, start_at=?, missed=?, bound=?, grace_ms=?, owner=?, revision=?, next_at=? WHERE corelib_schedule.name = ? AND corelib_schedule.revision = ?;

-- due
SELECT corelib_schedule.name, corelib_schedule.job, corelib_schedule.payload, corelib_schedule.payload_version, corelib_schedule.cron, corelib_schedule.every_us, corelib_schedule.zone, corelib_schedule.start_at, corelib_schedule.missed, corelib_schedule.bound, corelib_schedule.grace_ms, corelib_schedule.owner, corelib_schedule.revision, corelib_schedule.next_at, corelib_schedule.last_at, corelib_schedule.paused_at, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AS read_at
FROM corelib_schedule
WHERE corelib_schedule.next_at <= strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' AND corelib_schedule.paused_at IS NULL AND corelib_schedule.job IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) ORDER BY corelib_schedule.next_at, corelib_schedule.name
 LIMIT ? OFFSET ?;

-- fire
WITH picked AS
(SELECT corelib_schedule.name AS name
FROM corelib_schedule
WHERE corelib_schedule.name = ? AND corelib_schedule.revision = ? AND corelib_schedule.next_at = ? AND corelib_schedule.paused_at IS NULL)
 UPDATE corelib_schedule SET next_at=?, last_at=? WHERE corelib_schedule.name IN (SELECT picked.name
FROM picked) AND corelib_schedule.name = ? AND corelib_schedule.revision = ? AND corelib_schedule.next_at = ? AND corelib_schedule.paused_at IS NULL RETURNING name;

-- fire for the last time
WITH picked AS
(SELECT corelib_schedule.name AS name
FROM corelib_schedule
WHERE corelib_schedule.name = ? AND corelib_schedule.revision = ? AND corelib_schedule.next_at = ? AND corelib_schedule.paused_at IS NULL)
 UPDATE corelib_schedule SET next_at=NULL, last_at=corelib_schedule.last_at WHERE corelib_schedule.name IN (SELECT picked.name
FROM picked) AND corelib_schedule.name = ? AND corelib_schedule.revision = ? AND corelib_schedule.next_at = ? AND corelib_schedule.paused_at IS NULL RETURNING name;

-- pause
UPDATE corelib_schedule SET paused_at=strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE corelib_schedule.name = ? AND corelib_schedule.paused_at IS NULL;

-- resume
UPDATE corelib_schedule SET paused_at=NULL WHERE corelib_schedule.name = ? AND corelib_schedule.paused_at IS NOT NULL;

-- find
SELECT corelib_schedule.name, corelib_schedule.job, corelib_schedule.payload, corelib_schedule.payload_version, corelib_schedule.cron, corelib_schedule.every_us, corelib_schedule.zone, corelib_schedule.start_at, corelib_schedule.missed, corelib_schedule.bound, corelib_schedule.grace_ms, corelib_schedule.owner, corelib_schedule.revision, corelib_schedule.next_at, corelib_schedule.last_at, corelib_schedule.paused_at
FROM corelib_schedule
WHERE corelib_schedule.name = ?;

-- list
SELECT corelib_schedule.name, corelib_schedule.job, corelib_schedule.payload, corelib_schedule.payload_version, corelib_schedule.cron, corelib_schedule.every_us, corelib_schedule.zone, corelib_schedule.start_at, corelib_schedule.missed, corelib_schedule.bound, corelib_schedule.grace_ms, corelib_schedule.owner, corelib_schedule.revision, corelib_schedule.next_at, corelib_schedule.last_at, corelib_schedule.paused_at
FROM corelib_schedule;

-- runs
SELECT corelib_job.id, corelib_job.name, corelib_job.queue, corelib_job.payload, corelib_job.correlation_id, corelib_job.causation_id, corelib_job.principal, corelib_job.tenant, corelib_job.deadline, corelib_job.state, corelib_job.attempts, corelib_job.max_attempts, corelib_job.lease_ms, corelib_job.enqueued_at, corelib_job.due_at, corelib_job.lease_until, corelib_job.token, corelib_job.wake_at, corelib_job.finished_at, corelib_job.error, corelib_job.worker, corelib_job.started_at, corelib_job.run_until, corelib_job.cancel_requested_at, corelib_job.priority, corelib_job.payload_version, corelib_job.payload_key, corelib_job.unique_key, corelib_job.limit_key, corelib_job.schedule, corelib_job.result, corelib_job.result_key, corelib_job.progress_done, corelib_job.progress_total, corelib_job.progress_text, corelib_job.progress_at, corelib_job.flow_id, corelib_job.flow_position, corelib_job.waits_at, corelib_job.leads_to, corelib_job.runs_always, corelib_job.flow_stage, corelib_job.start_delay_ms, corelib_job.counted_as, corelib_job.trace
FROM corelib_job
WHERE corelib_job.schedule = ? ORDER BY corelib_job.enqueued_at DESC, corelib_job.id DESC
 LIMIT ? OFFSET ?;

-- remove
DELETE FROM corelib_schedule WHERE corelib_schedule.name = ?;

-- remove own
DELETE FROM corelib_schedule WHERE corelib_schedule.name = ? AND corelib_schedule.owner = ?;
