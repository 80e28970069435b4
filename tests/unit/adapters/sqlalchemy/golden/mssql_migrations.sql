-- Run it with sqlcmd -b, which stops at the first error.
SET XACT_ABORT ON;
SET QUOTED_IDENTIFIER ON;
GO

BEGIN TRANSACTION;

CREATE TABLE corelib_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT corelib_version_pkc PRIMARY KEY (version_num)
);

GO

-- Running upgrade  -> 0001

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

GO

CREATE INDEX ix_corelib_job_state ON corelib_job (state, enqueued_at, id);

GO

CREATE INDEX ix_corelib_job_wake ON corelib_job (wake_at, id) WHERE wake_at IS NOT NULL;

GO

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

GO

CREATE INDEX ix_corelib_event_recorded_at ON corelib_event (recorded_at);

GO

INSERT INTO corelib_version (version_num) OUTPUT inserted.version_num VALUES ('0001');

GO

-- Running upgrade 0001 -> 0002

CREATE TABLE corelib_idempotency_key (
    [key] NVARCHAR(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    stored_at DATETIME2(6) NOT NULL,
    PRIMARY KEY ([key])
);

GO

UPDATE corelib_version SET version_num='0002' WHERE corelib_version.version_num = '0001';

GO

-- Running upgrade 0002 -> 0003

ALTER TABLE corelib_job ADD worker NVARCHAR(200) NULL;

GO

ALTER TABLE corelib_job ADD started_at DATETIME2(6) NULL;

GO

ALTER TABLE corelib_job ADD run_until DATETIME2(6) NULL;

GO

ALTER TABLE corelib_job ADD cancel_requested_at DATETIME2(6) NULL;

GO

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

GO

UPDATE corelib_version SET version_num='0003' WHERE corelib_version.version_num = '0002';

GO

-- Running upgrade 0003 -> 0004

ALTER TABLE corelib_job ADD priority SMALLINT NOT NULL DEFAULT 0;

GO

CREATE INDEX ix_corelib_job_due ON corelib_job (queue, priority DESC, due_at, id) WHERE state = 'pending';

GO

CREATE TABLE corelib_queue (
    name NVARCHAR(64) NOT NULL,
    paused_at DATETIME2(6) NULL,
    concurrency INTEGER NULL,
    rate_limit INTEGER NULL,
    rate_ms BIGINT NULL,
    window_until DATETIME2(6) NULL,
    window_used INTEGER NOT NULL DEFAULT 0,
    declared NVARCHAR(100) NULL,
    PRIMARY KEY (name)
);

GO

UPDATE corelib_version SET version_num='0004' WHERE corelib_version.version_num = '0003';

GO

-- Running upgrade 0004 -> 0005

ALTER TABLE corelib_job ADD payload_version INTEGER NOT NULL DEFAULT 1;

GO

ALTER TABLE corelib_job ADD payload_key NVARCHAR(300) NULL;

GO

ALTER TABLE corelib_job ADD unique_key NVARCHAR(64) NULL;

GO

CREATE UNIQUE INDEX uq_corelib_job_unique_key ON corelib_job (unique_key) WHERE unique_key IS NOT NULL;

GO

CREATE INDEX ix_corelib_job_payload_key ON corelib_job (payload_key) WHERE payload_key IS NOT NULL;

GO

UPDATE corelib_version SET version_num='0005' WHERE corelib_version.version_num = '0004';

GO

-- Running upgrade 0005 -> 0006

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

GO

CREATE INDEX ix_corelib_schedule_next_at ON corelib_schedule (next_at);

GO

ALTER TABLE corelib_job ADD schedule NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NULL;

GO

CREATE INDEX ix_corelib_job_schedule ON corelib_job (schedule, enqueued_at) WHERE schedule IS NOT NULL;

GO

UPDATE corelib_version SET version_num='0006' WHERE corelib_version.version_num = '0005';

GO

-- Running upgrade 0006 -> 0007

ALTER TABLE corelib_job ADD result NVARCHAR(max) NULL;

GO

ALTER TABLE corelib_job ADD result_key NVARCHAR(300) NULL;

GO

CREATE INDEX ix_corelib_job_result_key ON corelib_job (result_key) WHERE result_key IS NOT NULL;

GO

UPDATE corelib_version SET version_num='0007' WHERE corelib_version.version_num = '0006';

GO

-- Running upgrade 0007 -> 0008

ALTER TABLE corelib_job ADD progress_done DOUBLE PRECISION NULL;

GO

ALTER TABLE corelib_job ADD progress_total DOUBLE PRECISION NULL;

GO

ALTER TABLE corelib_job ADD progress_text NVARCHAR(400) NULL;

GO

ALTER TABLE corelib_job ADD progress_at DATETIME2(6) NULL;

GO

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

GO

UPDATE corelib_version SET version_num='0008' WHERE corelib_version.version_num = '0007';

GO

-- Running upgrade 0008 -> 0009

ALTER TABLE corelib_job ADD flow_id UNIQUEIDENTIFIER NULL;

GO

ALTER TABLE corelib_job ADD flow_position INTEGER NULL;

GO

ALTER TABLE corelib_job ADD waits_at INTEGER NULL;

GO

ALTER TABLE corelib_job ADD leads_to INTEGER NULL;

GO

ALTER TABLE corelib_job ADD runs_always SMALLINT NULL;

GO

ALTER TABLE corelib_job ADD flow_stage SMALLINT NULL;

GO

ALTER TABLE corelib_job ADD start_delay_ms BIGINT NULL;

GO

ALTER TABLE corelib_job ADD counted_as NVARCHAR(16) NULL;

GO

CREATE INDEX ix_corelib_job_flow ON corelib_job (flow_id, leads_to, flow_position) WHERE flow_id IS NOT NULL;

GO

CREATE INDEX ix_corelib_job_waits_at ON corelib_job (flow_id, waits_at) WHERE state = 'waiting';

GO

CREATE INDEX ix_corelib_job_skipped ON corelib_job (flow_id, waits_at) WHERE counted_as = 'skipped';

GO

CREATE INDEX ix_corelib_job_uncounted ON corelib_job (id) WHERE flow_id IS NOT NULL AND finished_at IS NOT NULL AND counted_as IS NULL;

GO

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

GO

CREATE INDEX ix_corelib_flow_enqueued_at ON corelib_flow (enqueued_at);

GO

CREATE TABLE corelib_flow_gate (
    flow_id UNIQUEIDENTIFIER NOT NULL,
    number INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (flow_id, number),
    FOREIGN KEY(flow_id) REFERENCES corelib_flow (id) ON DELETE CASCADE
);

GO

UPDATE corelib_version SET version_num='0009' WHERE corelib_version.version_num = '0008';

GO

-- Running upgrade 0009 -> 0010

ALTER TABLE corelib_job ADD limit_key NVARCHAR(64) NULL;

GO

ALTER TABLE corelib_queue ADD key_concurrency INTEGER NULL;

GO

ALTER TABLE corelib_queue ADD key_rate_limit INTEGER NULL;

GO

ALTER TABLE corelib_queue ADD key_rate_ms BIGINT NULL;

GO

CREATE TABLE corelib_job_key (
    queue NVARCHAR(64) NOT NULL,
    limit_key NVARCHAR(64) NOT NULL,
    window_until DATETIME2(6) NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (queue, limit_key)
);

GO

CREATE INDEX ix_corelib_job_key_window ON corelib_job_key (queue, window_until);

GO

UPDATE corelib_version SET version_num='0010' WHERE corelib_version.version_num = '0009';

GO

-- Running upgrade 0010 -> 0011

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

GO

CREATE INDEX ix_corelib_job_event_mark ON corelib_job_event (mark, number);

GO

CREATE TABLE corelib_job_event_floor (
    id SMALLINT NOT NULL,
    mark BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (id)
);

GO

UPDATE corelib_version SET version_num='0011' WHERE corelib_version.version_num = '0010';

GO

-- Running upgrade 0011 -> 0012

ALTER TABLE corelib_job ADD trace NVARCHAR(600) NULL;

GO

UPDATE corelib_version SET version_num='0012' WHERE corelib_version.version_num = '0011';

GO

-- Running upgrade 0012 -> 0013

UPDATE corelib_version SET version_num='0013' WHERE corelib_version.version_num = '0012';

GO

COMMIT;

GO


-- Run it with sqlcmd -b, which stops at the first error.
SET XACT_ABORT ON;
SET QUOTED_IDENTIFIER ON;
GO

BEGIN TRANSACTION;

CREATE TABLE kitlab_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT kitlab_version_pkc PRIMARY KEY (version_num)
);

GO

-- Running upgrade  -> 0001

CREATE TABLE kitlab_kit_type (
    id NVARCHAR(200) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    active BIT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id)
);

GO

CREATE TABLE kitlab_practitioner (
    id NVARCHAR(200) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    email NVARCHAR(200) NOT NULL,
    active BIT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id)
);

GO

CREATE TABLE kitlab_sandbox_charge (
    idempotency_key NVARCHAR(100) NOT NULL,
    order_id NVARCHAR(200) NOT NULL,
    amount_amount NUMERIC(18, 4) NOT NULL,
    amount_currency NVARCHAR(3) NOT NULL,
    calls INTEGER NOT NULL,
    outcome NVARCHAR(16) NULL,
    PRIMARY KEY (idempotency_key)
);

GO

CREATE INDEX ix_kitlab_sandbox_charge_order_id ON kitlab_sandbox_charge (order_id);

GO

CREATE TABLE kitlab_sandbox_email (
    idempotency_key NVARCHAR(100) NOT NULL,
    recipient NVARCHAR(200) NOT NULL,
    subject NVARCHAR(250) NOT NULL,
    PRIMARY KEY (idempotency_key)
);

GO

CREATE TABLE kitlab_order (
    id NVARCHAR(200) NOT NULL,
    ordered_at DATETIME2(6) NOT NULL,
    practitioner_id NVARCHAR(200) NOT NULL,
    user_name NVARCHAR(200) NOT NULL,
    user_email NVARCHAR(200) NOT NULL,
    card_token NVARCHAR(200) NOT NULL,
    note NVARCHAR(2000) NULL,
    total_amount NUMERIC(18, 4) NOT NULL,
    total_currency NVARCHAR(3) NOT NULL,
    fingerprint NVARCHAR(64) NOT NULL,
    status NVARCHAR(16) NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(practitioner_id) REFERENCES kitlab_practitioner (id)
);

GO

CREATE TABLE kitlab_confirmation (
    id UNIQUEIDENTIFIER NOT NULL,
    order_id NVARCHAR(200) NOT NULL,
    recipient NVARCHAR(200) NOT NULL,
    subject NVARCHAR(250) NOT NULL,
    sent_at DATETIME2(6) NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id),
    UNIQUE (order_id)
);

GO

CREATE TABLE kitlab_invoice (
    id UNIQUEIDENTIFIER NOT NULL,
    order_id NVARCHAR(200) NOT NULL,
    amount_amount NUMERIC(18, 4) NOT NULL,
    amount_currency NVARCHAR(3) NOT NULL,
    issued_at DATETIME2(6) NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id),
    UNIQUE (order_id)
);

GO

CREATE TABLE kitlab_order_line (
    order_id NVARCHAR(200) NOT NULL,
    position INTEGER NOT NULL,
    kit_code NVARCHAR(200) NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price_amount NUMERIC(18, 4) NOT NULL,
    unit_price_currency NVARCHAR(3) NOT NULL,
    PRIMARY KEY (order_id, position),
    FOREIGN KEY(kit_code) REFERENCES kitlab_kit_type (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id)
);

GO

CREATE TABLE kitlab_payment (
    id UNIQUEIDENTIFIER NOT NULL,
    order_id NVARCHAR(200) NOT NULL,
    amount_amount NUMERIC(18, 4) NOT NULL,
    amount_currency NVARCHAR(3) NOT NULL,
    reference NVARCHAR(200) NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id),
    UNIQUE (order_id)
);

GO

INSERT INTO kitlab_version (version_num) OUTPUT inserted.version_num VALUES ('0001');

GO

-- Running upgrade 0001 -> 0002

CREATE TABLE kitlab_user (
    id UNIQUEIDENTIFIER NOT NULL,
    name NVARCHAR(200) NOT NULL,
    email NVARCHAR(200) NOT NULL,
    registered_at DATETIME2(6) NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email)
);

GO

CREATE TABLE kitlab_kit (
    id NVARCHAR(200) NOT NULL,
    order_id NVARCHAR(200) NOT NULL,
    kit_code NVARCHAR(200) NOT NULL,
    status NVARCHAR(16) NOT NULL,
    received_at DATETIME2(6) NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(kit_code) REFERENCES kitlab_kit_type (id),
    FOREIGN KEY(order_id) REFERENCES kitlab_order (id)
);

GO

CREATE INDEX ix_kitlab_kit_order_id ON kitlab_kit (order_id);

GO

CREATE TABLE kitlab_sandbox_health (
    idempotency_key NVARCHAR(100) NOT NULL,
    order_id NVARCHAR(200) NOT NULL,
    PRIMARY KEY (idempotency_key)
);

GO

CREATE INDEX ix_kitlab_sandbox_health_order_id ON kitlab_sandbox_health (order_id);

GO

CREATE INDEX ix_kitlab_invoice_issued_at ON kitlab_invoice (issued_at);

GO

UPDATE kitlab_version SET version_num='0002' WHERE kitlab_version.version_num = '0001';

GO

COMMIT;

GO

