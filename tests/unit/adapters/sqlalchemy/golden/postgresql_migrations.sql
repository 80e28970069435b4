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

COMMIT;

