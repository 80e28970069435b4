-- create table corelib_event
CREATE TABLE corelib_event (
	id UNIQUEIDENTIFIER NOT NULL,
	name NVARCHAR(200) NOT NULL,
	payload NVARCHAR(max) NOT NULL,
	correlation_id NVARCHAR(100) NOT NULL,
	causation_id NVARCHAR(100) NULL,
	principal NVARCHAR(200) NULL,
	tenant NVARCHAR(200) NULL,
	deadline DATETIME2(6) NULL,
	recorded_at DATETIME2(6) NOT NULL,
	PRIMARY KEY (id)
);

-- create index ix_corelib_event_recorded_at
CREATE INDEX ix_corelib_event_recorded_at ON corelib_event (recorded_at);

-- create table corelib_flow
CREATE TABLE corelib_flow (
	id UNIQUEIDENTIFIER NOT NULL,
	jobs INTEGER NOT NULL,
	gates INTEGER NOT NULL,
	unfinished INTEGER NOT NULL,
	failed INTEGER NOT NULL,
	enqueued_at DATETIME2(6) NOT NULL,
	finished_at DATETIME2(6) NULL,
	PRIMARY KEY (id)
);

-- create index ix_corelib_flow_enqueued_at
CREATE INDEX ix_corelib_flow_enqueued_at ON corelib_flow (enqueued_at);

-- create table corelib_idempotency_key
CREATE TABLE corelib_idempotency_key (
	[key] NVARCHAR(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
	stored_at DATETIME2(6) NOT NULL,
	PRIMARY KEY ([key])
);

-- create table corelib_job
CREATE TABLE corelib_job (
	id UNIQUEIDENTIFIER NOT NULL,
	name NVARCHAR(200) NOT NULL,
	queue NVARCHAR(64) NOT NULL,
	payload NVARCHAR(max) NOT NULL,
	correlation_id NVARCHAR(100) NOT NULL,
	causation_id NVARCHAR(100) NULL,
	principal NVARCHAR(200) NULL,
	tenant NVARCHAR(200) NULL,
	deadline DATETIME2(6) NULL,
	state NVARCHAR(16) NOT NULL,
	attempts INTEGER NOT NULL,
	max_attempts INTEGER NOT NULL,
	lease_ms BIGINT NOT NULL,
	enqueued_at DATETIME2(6) NOT NULL,
	due_at DATETIME2(6) NOT NULL,
	lease_until DATETIME2(6) NULL,
	token UNIQUEIDENTIFIER NULL,
	wake_at DATETIME2(6) NULL,
	finished_at DATETIME2(6) NULL,
	error NVARCHAR(1000) NULL,
	worker NVARCHAR(200) NULL,
	started_at DATETIME2(6) NULL,
	run_until DATETIME2(6) NULL,
	cancel_requested_at DATETIME2(6) NULL,
	priority SMALLINT NOT NULL DEFAULT 0,
	payload_version INTEGER NOT NULL DEFAULT 1,
	payload_key NVARCHAR(300) NULL,
	unique_key NVARCHAR(64) NULL,
	limit_key NVARCHAR(64) NULL,
	schedule NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NULL,
	result NVARCHAR(max) NULL,
	result_key NVARCHAR(300) NULL,
	progress_done DOUBLE PRECISION NULL,
	progress_total DOUBLE PRECISION NULL,
	progress_text NVARCHAR(400) NULL,
	progress_at DATETIME2(6) NULL,
	flow_id UNIQUEIDENTIFIER NULL,
	flow_position INTEGER NULL,
	waits_at INTEGER NULL,
	leads_to INTEGER NULL,
	runs_always SMALLINT NULL,
	flow_stage SMALLINT NULL,
	start_delay_ms BIGINT NULL,
	counted_as NVARCHAR(16) NULL,
	trace NVARCHAR(600) NULL,
	PRIMARY KEY (id)
);

-- create index ix_corelib_job_due
CREATE INDEX ix_corelib_job_due ON corelib_job (queue, priority DESC, due_at, id) WHERE state = 'pending';

-- create index ix_corelib_job_flow
CREATE INDEX ix_corelib_job_flow ON corelib_job (flow_id, leads_to, flow_position) WHERE flow_id IS NOT NULL;

-- create index ix_corelib_job_payload_key
CREATE INDEX ix_corelib_job_payload_key ON corelib_job (payload_key) WHERE payload_key IS NOT NULL;

-- create index ix_corelib_job_result_key
CREATE INDEX ix_corelib_job_result_key ON corelib_job (result_key) WHERE result_key IS NOT NULL;

-- create index ix_corelib_job_schedule
CREATE INDEX ix_corelib_job_schedule ON corelib_job (schedule, enqueued_at) WHERE schedule IS NOT NULL;

-- create index ix_corelib_job_skipped
CREATE INDEX ix_corelib_job_skipped ON corelib_job (flow_id, waits_at) WHERE counted_as = 'skipped';

-- create index ix_corelib_job_state
CREATE INDEX ix_corelib_job_state ON corelib_job (state, enqueued_at, id);

-- create index ix_corelib_job_uncounted
CREATE INDEX ix_corelib_job_uncounted ON corelib_job (id) WHERE flow_id IS NOT NULL AND finished_at IS NOT NULL AND counted_as IS NULL;

-- create index ix_corelib_job_waits_at
CREATE INDEX ix_corelib_job_waits_at ON corelib_job (flow_id, waits_at) WHERE state = 'waiting';

-- create index ix_corelib_job_wake
CREATE INDEX ix_corelib_job_wake ON corelib_job (wake_at, id) WHERE wake_at IS NOT NULL;

-- create index uq_corelib_job_unique_key
CREATE UNIQUE INDEX uq_corelib_job_unique_key ON corelib_job (unique_key) WHERE unique_key IS NOT NULL;

-- create table corelib_job_event
CREATE TABLE corelib_job_event (
	mark ROWVERSION NOT NULL,
	number BIGINT NOT NULL IDENTITY,
	at DATETIME2(6) NOT NULL,
	kind NVARCHAR(16) NOT NULL,
	job_id UNIQUEIDENTIFIER NOT NULL,
	name NVARCHAR(200) NOT NULL,
	queue NVARCHAR(64) NOT NULL,
	attempt INTEGER NOT NULL,
	correlation_id NVARCHAR(100) NOT NULL,
	tenant NVARCHAR(200) NULL,
	details NVARCHAR(max) NOT NULL,
	PRIMARY KEY (number)
);

-- create index ix_corelib_job_event_mark
CREATE INDEX ix_corelib_job_event_mark ON corelib_job_event (mark, number);

-- create table corelib_job_event_floor
CREATE TABLE corelib_job_event_floor (
	id SMALLINT NOT NULL,
	mark BIGINT NOT NULL,
	number BIGINT NOT NULL,
	PRIMARY KEY (id)
);

-- create table corelib_job_key
CREATE TABLE corelib_job_key (
	queue NVARCHAR(64) NOT NULL,
	limit_key NVARCHAR(64) NOT NULL,
	window_until DATETIME2(6) NOT NULL,
	used INTEGER NOT NULL,
	PRIMARY KEY (queue, limit_key)
);

-- create index ix_corelib_job_key_window
CREATE INDEX ix_corelib_job_key_window ON corelib_job_key (queue, window_until);

-- create table corelib_queue
CREATE TABLE corelib_queue (
	name NVARCHAR(64) NOT NULL,
	paused_at DATETIME2(6) NULL,
	concurrency INTEGER NULL,
	rate_limit INTEGER NULL,
	rate_ms BIGINT NULL,
	window_until DATETIME2(6) NULL,
	window_used INTEGER NOT NULL DEFAULT 0,
	key_concurrency INTEGER NULL,
	key_rate_limit INTEGER NULL,
	key_rate_ms BIGINT NULL,
	declared NVARCHAR(100) NULL,
	PRIMARY KEY (name)
);

-- create table corelib_schedule
CREATE TABLE corelib_schedule (
	name NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
	job NVARCHAR(200) NOT NULL,
	payload NVARCHAR(max) NOT NULL,
	payload_version INTEGER NOT NULL,
	cron NVARCHAR(200) NULL,
	every_us BIGINT NULL,
	zone NVARCHAR(64) NOT NULL,
	start_at DATETIME2(6) NOT NULL,
	missed NVARCHAR(16) NOT NULL,
	bound INTEGER NOT NULL,
	grace_ms BIGINT NOT NULL,
	owner NVARCHAR(100) NULL,
	revision INTEGER NOT NULL,
	next_at DATETIME2(6) NULL,
	last_at DATETIME2(6) NULL,
	paused_at DATETIME2(6) NULL,
	PRIMARY KEY (name)
);

-- create index ix_corelib_schedule_next_at
CREATE INDEX ix_corelib_schedule_next_at ON corelib_schedule (next_at);

-- create table corelib_flow_gate
CREATE TABLE corelib_flow_gate (
	flow_id UNIQUEIDENTIFIER NOT NULL,
	number INTEGER NOT NULL,
	remaining INTEGER NOT NULL,
	failed INTEGER NOT NULL,
	PRIMARY KEY (flow_id, number),
	FOREIGN KEY(flow_id) REFERENCES corelib_flow (id) ON DELETE CASCADE
);

-- create table corelib_job_attempt
CREATE TABLE corelib_job_attempt (
	job_id UNIQUEIDENTIFIER NOT NULL,
	attempt INTEGER NOT NULL,
	outcome NVARCHAR(16) NOT NULL,
	worker NVARCHAR(200) NULL,
	started_at DATETIME2(6) NULL,
	ended_at DATETIME2(6) NOT NULL,
	error NVARCHAR(1000) NULL,
	traceback NVARCHAR(max) NULL,
	PRIMARY KEY (job_id, attempt),
	FOREIGN KEY(job_id) REFERENCES corelib_job (id) ON DELETE CASCADE
);

-- create table corelib_job_log
CREATE TABLE corelib_job_log (
	job_id UNIQUEIDENTIFIER NOT NULL,
	run UNIQUEIDENTIFIER NOT NULL,
	number INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	logged_at DATETIME2(6) NOT NULL,
	text NVARCHAR(2000) NOT NULL,
	PRIMARY KEY (job_id, run, number),
	FOREIGN KEY(job_id) REFERENCES corelib_job (id) ON DELETE CASCADE
);

-- create table shop_basket
CREATE TABLE shop_basket (
	id NVARCHAR(100) NOT NULL,
	opened_at DATETIME2(6) NOT NULL,
	limit_amount NUMERIC(18, 4) NOT NULL,
	limit_currency NVARCHAR(3) NOT NULL,
	status NVARCHAR(10) NOT NULL,
	note NVARCHAR(200) NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (id)
);

-- create table shop_ware
CREATE TABLE shop_ware (
	id NVARCHAR(100) NOT NULL,
	name NVARCHAR(100) NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (id)
);

-- create table shop_a_receipt
CREATE TABLE shop_a_receipt (
	id UNIQUEIDENTIFIER NOT NULL,
	basket_id NVARCHAR(100) NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(basket_id) REFERENCES shop_basket (id)
);

-- create table shop_basket_line
CREATE TABLE shop_basket_line (
	basket_id NVARCHAR(100) NOT NULL,
	position INTEGER NOT NULL,
	ware_id NVARCHAR(100) NOT NULL,
	quantity INTEGER NOT NULL,
	price_amount NUMERIC(18, 4) NOT NULL,
	price_currency NVARCHAR(3) NOT NULL,
	PRIMARY KEY (basket_id, position),
	FOREIGN KEY(basket_id) REFERENCES shop_basket (id),
	FOREIGN KEY(ware_id) REFERENCES shop_ware (id)
);
