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

COMMIT;

GO

