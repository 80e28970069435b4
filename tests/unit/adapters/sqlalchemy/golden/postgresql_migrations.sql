-- Run it with psql -v ON_ERROR_STOP=1, which stops at the first error.

BEGIN;

CREATE TABLE corelib_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT corelib_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

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
    PRIMARY KEY (id)
);

CREATE INDEX ix_corelib_job_state ON corelib_job (state, enqueued_at, id);

CREATE INDEX ix_corelib_job_wake ON corelib_job (wake_at, id) WHERE wake_at IS NOT NULL;

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

CREATE INDEX ix_corelib_event_recorded_at ON corelib_event (recorded_at);

INSERT INTO corelib_version (version_num) VALUES ('0001') RETURNING corelib_version.version_num;

-- Running upgrade 0001 -> 0002

CREATE TABLE corelib_idempotency_key (
    key VARCHAR(200) NOT NULL,
    stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (key)
);

UPDATE corelib_version SET version_num='0002' WHERE corelib_version.version_num = '0001';

-- Running upgrade 0002 -> 0003

ALTER TABLE corelib_job ADD COLUMN worker VARCHAR(200);

ALTER TABLE corelib_job ADD COLUMN started_at TIMESTAMP WITH TIME ZONE;

ALTER TABLE corelib_job ADD COLUMN run_until TIMESTAMP WITH TIME ZONE;

ALTER TABLE corelib_job ADD COLUMN cancel_requested_at TIMESTAMP WITH TIME ZONE;

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

UPDATE corelib_version SET version_num='0003' WHERE corelib_version.version_num = '0002';

-- Running upgrade 0003 -> 0004

ALTER TABLE corelib_job ADD COLUMN priority SMALLINT DEFAULT 0 NOT NULL;

CREATE INDEX ix_corelib_job_due ON corelib_job (queue, priority DESC, due_at, id) WHERE state = 'pending';

CREATE TABLE corelib_queue (
    name VARCHAR(64) NOT NULL,
    paused_at TIMESTAMP WITH TIME ZONE,
    concurrency INTEGER,
    rate_limit INTEGER,
    rate_ms BIGINT,
    window_until TIMESTAMP WITH TIME ZONE,
    window_used INTEGER DEFAULT 0 NOT NULL,
    declared VARCHAR(100),
    PRIMARY KEY (name)
);

UPDATE corelib_version SET version_num='0004' WHERE corelib_version.version_num = '0003';

-- Running upgrade 0004 -> 0005

ALTER TABLE corelib_job ADD COLUMN payload_version INTEGER DEFAULT 1 NOT NULL;

ALTER TABLE corelib_job ADD COLUMN payload_key VARCHAR(300);

ALTER TABLE corelib_job ADD COLUMN unique_key VARCHAR(64);

CREATE UNIQUE INDEX uq_corelib_job_unique_key ON corelib_job (unique_key) WHERE unique_key IS NOT NULL;

CREATE INDEX ix_corelib_job_payload_key ON corelib_job (payload_key) WHERE payload_key IS NOT NULL;

UPDATE corelib_version SET version_num='0005' WHERE corelib_version.version_num = '0004';

-- Running upgrade 0005 -> 0006

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

CREATE INDEX ix_corelib_schedule_next_at ON corelib_schedule (next_at);

ALTER TABLE corelib_job ADD COLUMN schedule VARCHAR(100);

CREATE INDEX ix_corelib_job_schedule ON corelib_job (schedule, enqueued_at) WHERE schedule IS NOT NULL;

UPDATE corelib_version SET version_num='0006' WHERE corelib_version.version_num = '0005';

-- Running upgrade 0006 -> 0007

ALTER TABLE corelib_job ADD COLUMN result TEXT;

ALTER TABLE corelib_job ADD COLUMN result_key VARCHAR(300);

CREATE INDEX ix_corelib_job_result_key ON corelib_job (result_key) WHERE result_key IS NOT NULL;

UPDATE corelib_version SET version_num='0007' WHERE corelib_version.version_num = '0006';

-- Running upgrade 0007 -> 0008

ALTER TABLE corelib_job ADD COLUMN progress_done DOUBLE PRECISION;

ALTER TABLE corelib_job ADD COLUMN progress_total DOUBLE PRECISION;

ALTER TABLE corelib_job ADD COLUMN progress_text VARCHAR(400);

ALTER TABLE corelib_job ADD COLUMN progress_at TIMESTAMP WITH TIME ZONE;

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

UPDATE corelib_version SET version_num='0008' WHERE corelib_version.version_num = '0007';

-- Running upgrade 0008 -> 0009

ALTER TABLE corelib_job ADD COLUMN flow_id UUID;

ALTER TABLE corelib_job ADD COLUMN flow_position INTEGER;

ALTER TABLE corelib_job ADD COLUMN waits_at INTEGER;

ALTER TABLE corelib_job ADD COLUMN leads_to INTEGER;

ALTER TABLE corelib_job ADD COLUMN runs_always SMALLINT;

ALTER TABLE corelib_job ADD COLUMN flow_stage SMALLINT;

ALTER TABLE corelib_job ADD COLUMN start_delay_ms BIGINT;

ALTER TABLE corelib_job ADD COLUMN counted_as VARCHAR(16);

CREATE INDEX ix_corelib_job_flow ON corelib_job (flow_id, leads_to, flow_position) WHERE flow_id IS NOT NULL;

CREATE INDEX ix_corelib_job_waits_at ON corelib_job (flow_id, waits_at) WHERE state = 'waiting';

CREATE INDEX ix_corelib_job_skipped ON corelib_job (flow_id, waits_at) WHERE counted_as = 'skipped';

CREATE INDEX ix_corelib_job_uncounted ON corelib_job (id) WHERE flow_id IS NOT NULL AND finished_at IS NOT NULL AND counted_as IS NULL;

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

CREATE INDEX ix_corelib_flow_enqueued_at ON corelib_flow (enqueued_at);

CREATE TABLE corelib_flow_gate (
    flow_id UUID NOT NULL,
    number INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (flow_id, number),
    FOREIGN KEY(flow_id) REFERENCES corelib_flow (id) ON DELETE CASCADE
);

UPDATE corelib_version SET version_num='0009' WHERE corelib_version.version_num = '0008';

-- Running upgrade 0009 -> 0010

ALTER TABLE corelib_job ADD COLUMN limit_key VARCHAR(64);

ALTER TABLE corelib_queue ADD COLUMN key_concurrency INTEGER;

ALTER TABLE corelib_queue ADD COLUMN key_rate_limit INTEGER;

ALTER TABLE corelib_queue ADD COLUMN key_rate_ms BIGINT;

CREATE TABLE corelib_job_key (
    queue VARCHAR(64) NOT NULL,
    limit_key VARCHAR(64) NOT NULL,
    window_until TIMESTAMP WITH TIME ZONE NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (queue, limit_key)
);

CREATE INDEX ix_corelib_job_key_window ON corelib_job_key (queue, window_until);

UPDATE corelib_version SET version_num='0010' WHERE corelib_version.version_num = '0009';

-- Running upgrade 0010 -> 0011

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

CREATE INDEX ix_corelib_job_event_mark ON corelib_job_event (mark, number);

CREATE TABLE corelib_job_event_floor (
    id SMALLINT NOT NULL,
    mark BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (id)
);

UPDATE corelib_version SET version_num='0011' WHERE corelib_version.version_num = '0010';

-- Running upgrade 0011 -> 0012

ALTER TABLE corelib_job ADD COLUMN trace VARCHAR(600);

UPDATE corelib_version SET version_num='0012' WHERE corelib_version.version_num = '0011';

-- Running upgrade 0012 -> 0013

DROP INDEX ix_corelib_job_due;

CREATE INDEX ix_corelib_job_due ON corelib_job (queue, priority DESC, due_at, id) WHERE state COLLATE "C" = 'pending';

UPDATE corelib_version SET version_num='0013' WHERE corelib_version.version_num = '0012';

COMMIT;


-- Run it with psql -v ON_ERROR_STOP=1, which stops at the first error.

BEGIN;

CREATE TABLE kitlab_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT kitlab_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE kitlab_kit_type (
    id VARCHAR(200) NOT NULL,
    name VARCHAR(200) NOT NULL,
    active BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE kitlab_practitioner (
    id VARCHAR(200) NOT NULL,
    name VARCHAR(200) NOT NULL,
    email VARCHAR(200) NOT NULL,
    active BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE kitlab_sandbox_charge (
    idempotency_key VARCHAR(100) NOT NULL,
    order_id VARCHAR(200) NOT NULL,
    amount_amount NUMERIC(18, 4) NOT NULL,
    amount_currency VARCHAR(3) NOT NULL,
    calls INTEGER NOT NULL,
    outcome VARCHAR(16),
    PRIMARY KEY (idempotency_key)
);

CREATE INDEX ix_kitlab_sandbox_charge_order_id ON kitlab_sandbox_charge (order_id);

CREATE TABLE kitlab_sandbox_email (
    idempotency_key VARCHAR(100) NOT NULL,
    recipient VARCHAR(200) NOT NULL,
    subject VARCHAR(250) NOT NULL,
    PRIMARY KEY (idempotency_key)
);

CREATE TABLE kitlab_order (
    id VARCHAR(200) NOT NULL,
    ordered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    practitioner_id VARCHAR(200) NOT NULL,
    user_name VARCHAR(200) NOT NULL,
    user_email VARCHAR(200) NOT NULL,
    card_token VARCHAR(200) NOT NULL,
    note VARCHAR(2000),
    total_amount NUMERIC(18, 4) NOT NULL,
    total_currency VARCHAR(3) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    status VARCHAR(16) NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(practitioner_id) REFERENCES kitlab_practitioner (id)
);

CREATE TABLE kitlab_confirmation (
    id UUID NOT NULL,
    order_id VARCHAR(200) NOT NULL,
    recipient VARCHAR(200) NOT NULL,
    subject VARCHAR(250) NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id),
    UNIQUE (order_id)
);

CREATE TABLE kitlab_invoice (
    id UUID NOT NULL,
    order_id VARCHAR(200) NOT NULL,
    amount_amount NUMERIC(18, 4) NOT NULL,
    amount_currency VARCHAR(3) NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id),
    UNIQUE (order_id)
);

CREATE TABLE kitlab_order_line (
    order_id VARCHAR(200) NOT NULL,
    position INTEGER NOT NULL,
    kit_code VARCHAR(200) NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price_amount NUMERIC(18, 4) NOT NULL,
    unit_price_currency VARCHAR(3) NOT NULL,
    PRIMARY KEY (order_id, position),
    FOREIGN KEY(kit_code) REFERENCES kitlab_kit_type (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id)
);

CREATE TABLE kitlab_payment (
    id UUID NOT NULL,
    order_id VARCHAR(200) NOT NULL,
    amount_amount NUMERIC(18, 4) NOT NULL,
    amount_currency VARCHAR(3) NOT NULL,
    reference VARCHAR(200),
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id),
    UNIQUE (order_id)
);

INSERT INTO kitlab_version (version_num) VALUES ('0001') RETURNING kitlab_version.version_num;

-- Running upgrade 0001 -> 0002

CREATE TABLE kitlab_user (
    id UUID NOT NULL,
    name VARCHAR(200) NOT NULL,
    email VARCHAR(200) NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email)
);

CREATE TABLE kitlab_kit (
    id VARCHAR(200) NOT NULL,
    order_id VARCHAR(200) NOT NULL,
    kit_code VARCHAR(200) NOT NULL,
    status VARCHAR(16) NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(kit_code) REFERENCES kitlab_kit_type (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id)
);

CREATE INDEX ix_kitlab_kit_order_id ON kitlab_kit (order_id);

CREATE TABLE kitlab_sandbox_health (
    idempotency_key VARCHAR(100) NOT NULL,
    order_id VARCHAR(200) NOT NULL,
    PRIMARY KEY (idempotency_key)
);

CREATE INDEX ix_kitlab_sandbox_health_order_id ON kitlab_sandbox_health (order_id);

CREATE INDEX ix_kitlab_invoice_issued_at ON kitlab_invoice (issued_at);

UPDATE kitlab_version SET version_num='0002' WHERE kitlab_version.version_num = '0001';

COMMIT;

