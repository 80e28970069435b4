-- create table corelib_event
CREATE TABLE corelib_event (
	id UUID NOT NULL,
	name VARCHAR(200) NOT NULL,
	payload TEXT NOT NULL,
	correlation_id VARCHAR(100) NOT NULL,
	causation_id VARCHAR(100),
	principal VARCHAR(200),
	tenant VARCHAR(200),
	deadline TIMESTAMP WITH TIME ZONE,
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
);

-- create index ix_corelib_event_recorded_at
CREATE INDEX ix_corelib_event_recorded_at ON corelib_event (recorded_at);

-- create table corelib_flow
CREATE TABLE corelib_flow (
	id UUID NOT NULL,
	jobs INTEGER NOT NULL,
	gates INTEGER NOT NULL,
	unfinished INTEGER NOT NULL,
	failed INTEGER NOT NULL,
	enqueued_at TIMESTAMP WITH TIME ZONE NOT NULL,
	finished_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id)
);

-- create index ix_corelib_flow_enqueued_at
CREATE INDEX ix_corelib_flow_enqueued_at ON corelib_flow (enqueued_at);

-- create table corelib_idempotency_key
CREATE TABLE corelib_idempotency_key (
	key VARCHAR(200) NOT NULL,
	stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (key)
);

-- create table corelib_job
CREATE TABLE corelib_job (
	id UUID NOT NULL,
	name VARCHAR(200) NOT NULL,
	queue VARCHAR(64) NOT NULL,
	payload TEXT NOT NULL,
	correlation_id VARCHAR(100) NOT NULL,
	causation_id VARCHAR(100),
	principal VARCHAR(200),
	tenant VARCHAR(200),
	deadline TIMESTAMP WITH TIME ZONE,
	state VARCHAR(16) NOT NULL,
	attempts INTEGER NOT NULL,
	max_attempts INTEGER NOT NULL,
	lease_ms BIGINT NOT NULL,
	enqueued_at TIMESTAMP WITH TIME ZONE NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	lease_until TIMESTAMP WITH TIME ZONE,
	token UUID,
	wake_at TIMESTAMP WITH TIME ZONE,
	finished_at TIMESTAMP WITH TIME ZONE,
	error VARCHAR(1000),
	worker VARCHAR(200),
	started_at TIMESTAMP WITH TIME ZONE,
	run_until TIMESTAMP WITH TIME ZONE,
	cancel_requested_at TIMESTAMP WITH TIME ZONE,
	priority SMALLINT DEFAULT 0 NOT NULL,
	payload_version INTEGER DEFAULT 1 NOT NULL,
	payload_key VARCHAR(300),
	unique_key VARCHAR(64),
	limit_key VARCHAR(64),
	schedule VARCHAR(100),
	result TEXT,
	result_key VARCHAR(300),
	progress_done DOUBLE PRECISION,
	progress_total DOUBLE PRECISION,
	progress_text VARCHAR(400),
	progress_at TIMESTAMP WITH TIME ZONE,
	flow_id UUID,
	flow_position INTEGER,
	waits_at INTEGER,
	leads_to INTEGER,
	runs_always SMALLINT,
	flow_stage SMALLINT,
	start_delay_ms BIGINT,
	counted_as VARCHAR(16),
	trace VARCHAR(600),
	PRIMARY KEY (id)
);

-- create index ix_corelib_job_due
CREATE INDEX ix_corelib_job_due ON corelib_job (queue, priority DESC, due_at, id) WHERE state COLLATE "C" = 'pending';

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
	mark BIGINT NOT NULL,
	number BIGSERIAL NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	kind VARCHAR(16) NOT NULL,
	job_id UUID NOT NULL,
	name VARCHAR(200) NOT NULL,
	queue VARCHAR(64) NOT NULL,
	attempt INTEGER NOT NULL,
	correlation_id VARCHAR(100) NOT NULL,
	tenant VARCHAR(200),
	details TEXT NOT NULL,
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
	queue VARCHAR(64) NOT NULL,
	limit_key VARCHAR(64) NOT NULL,
	window_until TIMESTAMP WITH TIME ZONE NOT NULL,
	used INTEGER NOT NULL,
	PRIMARY KEY (queue, limit_key)
);

-- create index ix_corelib_job_key_window
CREATE INDEX ix_corelib_job_key_window ON corelib_job_key (queue, window_until);

-- create table corelib_queue
CREATE TABLE corelib_queue (
	name VARCHAR(64) NOT NULL,
	paused_at TIMESTAMP WITH TIME ZONE,
	concurrency INTEGER,
	rate_limit INTEGER,
	rate_ms BIGINT,
	window_until TIMESTAMP WITH TIME ZONE,
	window_used INTEGER DEFAULT 0 NOT NULL,
	key_concurrency INTEGER,
	key_rate_limit INTEGER,
	key_rate_ms BIGINT,
	declared VARCHAR(100),
	PRIMARY KEY (name)
);

-- create table corelib_schedule
CREATE TABLE corelib_schedule (
	name VARCHAR(100) NOT NULL,
	job VARCHAR(200) NOT NULL,
	payload TEXT NOT NULL,
	payload_version INTEGER NOT NULL,
	cron VARCHAR(200),
	every_us BIGINT,
	zone VARCHAR(64) NOT NULL,
	start_at TIMESTAMP WITH TIME ZONE NOT NULL,
	missed VARCHAR(16) NOT NULL,
	bound INTEGER NOT NULL,
	grace_ms BIGINT NOT NULL,
	owner VARCHAR(100),
	revision INTEGER NOT NULL,
	next_at TIMESTAMP WITH TIME ZONE,
	last_at TIMESTAMP WITH TIME ZONE,
	paused_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (name)
);

-- create index ix_corelib_schedule_next_at
CREATE INDEX ix_corelib_schedule_next_at ON corelib_schedule (next_at);

-- create table corelib_flow_gate
CREATE TABLE corelib_flow_gate (
	flow_id UUID NOT NULL,
	number INTEGER NOT NULL,
	remaining INTEGER NOT NULL,
	failed INTEGER NOT NULL,
	PRIMARY KEY (flow_id, number),
	FOREIGN KEY(flow_id) REFERENCES corelib_flow (id) ON DELETE CASCADE
);

-- create table corelib_job_attempt
CREATE TABLE corelib_job_attempt (
	job_id UUID NOT NULL,
	attempt INTEGER NOT NULL,
	outcome VARCHAR(16) NOT NULL,
	worker VARCHAR(200),
	started_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE NOT NULL,
	error VARCHAR(1000),
	traceback TEXT,
	PRIMARY KEY (job_id, attempt),
	FOREIGN KEY(job_id) REFERENCES corelib_job (id) ON DELETE CASCADE
);

-- create table corelib_job_log
CREATE TABLE corelib_job_log (
	job_id UUID NOT NULL,
	run UUID NOT NULL,
	number INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	logged_at TIMESTAMP WITH TIME ZONE NOT NULL,
	text VARCHAR(2000) NOT NULL,
	PRIMARY KEY (job_id, run, number),
	FOREIGN KEY(job_id) REFERENCES corelib_job (id) ON DELETE CASCADE
);

-- create table shop_basket
CREATE TABLE shop_basket (
	id VARCHAR(100) NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	limit_amount NUMERIC(18, 4) NOT NULL,
	limit_currency VARCHAR(3) NOT NULL,
	status VARCHAR(10) NOT NULL,
	note VARCHAR(200),
	version INTEGER NOT NULL,
	PRIMARY KEY (id)
);

-- create table shop_ware
CREATE TABLE shop_ware (
	id VARCHAR(100) NOT NULL,
	name VARCHAR(100) NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (id)
);

-- create table shop_a_receipt
CREATE TABLE shop_a_receipt (
	id UUID NOT NULL,
	basket_id VARCHAR(100) NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(basket_id) REFERENCES shop_basket (id)
);

-- create table shop_basket_line
CREATE TABLE shop_basket_line (
	basket_id VARCHAR(100) NOT NULL,
	position INTEGER NOT NULL,
	ware_id VARCHAR(100) NOT NULL,
	quantity INTEGER NOT NULL,
	price_amount NUMERIC(18, 4) NOT NULL,
	price_currency VARCHAR(3) NOT NULL,
	PRIMARY KEY (basket_id, position),
	FOREIGN KEY(basket_id) REFERENCES shop_basket (id),
	FOREIGN KEY(ware_id) REFERENCES shop_ware (id)
);
