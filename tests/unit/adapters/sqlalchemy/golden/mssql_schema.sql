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
	PRIMARY KEY (id)
);

-- create index ix_corelib_job_state
CREATE INDEX ix_corelib_job_state ON corelib_job (state, enqueued_at, id);

-- create index ix_corelib_job_wake
CREATE INDEX ix_corelib_job_wake ON corelib_job (wake_at, id) WHERE wake_at IS NOT NULL;

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
