-- create table corelib_event
CREATE TABLE corelib_event (
	id CHAR(32) NOT NULL,
	name VARCHAR(200) NOT NULL,
	payload TEXT NOT NULL,
	correlation_id VARCHAR(100) NOT NULL,
	causation_id VARCHAR(100),
	principal VARCHAR(200),
	tenant VARCHAR(200),
	deadline DATETIME,
	recorded_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);

-- create index ix_corelib_event_recorded_at
CREATE INDEX ix_corelib_event_recorded_at ON corelib_event (recorded_at);

-- create table corelib_idempotency_key
CREATE TABLE corelib_idempotency_key (
	"key" VARCHAR(200) NOT NULL,
	stored_at DATETIME NOT NULL,
	PRIMARY KEY ("key")
);

-- create table corelib_job
CREATE TABLE corelib_job (
	id CHAR(32) NOT NULL,
	name VARCHAR(200) NOT NULL,
	queue VARCHAR(64) NOT NULL,
	payload TEXT NOT NULL,
	correlation_id VARCHAR(100) NOT NULL,
	causation_id VARCHAR(100),
	principal VARCHAR(200),
	tenant VARCHAR(200),
	deadline DATETIME,
	state VARCHAR(16) NOT NULL,
	attempts INTEGER NOT NULL,
	max_attempts INTEGER NOT NULL,
	lease_ms BIGINT NOT NULL,
	enqueued_at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	lease_until DATETIME,
	token CHAR(32),
	wake_at DATETIME,
	finished_at DATETIME,
	error VARCHAR(1000),
	PRIMARY KEY (id)
);

-- create index ix_corelib_job_state
CREATE INDEX ix_corelib_job_state ON corelib_job (state, enqueued_at, id);

-- create index ix_corelib_job_wake
CREATE INDEX ix_corelib_job_wake ON corelib_job (wake_at, id) WHERE wake_at IS NOT NULL;

-- create table shop_basket
CREATE TABLE shop_basket (
	id VARCHAR(100) NOT NULL,
	opened_at DATETIME NOT NULL,
	limit_amount BIGINT NOT NULL,
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
	id CHAR(32) NOT NULL,
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
	price_amount BIGINT NOT NULL,
	price_currency VARCHAR(3) NOT NULL,
	PRIMARY KEY (basket_id, position),
	FOREIGN KEY(basket_id) REFERENCES shop_basket (id),
	FOREIGN KEY(ware_id) REFERENCES shop_ware (id)
);
