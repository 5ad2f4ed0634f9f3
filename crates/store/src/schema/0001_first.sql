-- {id}: a number given by the engine. {id_once}: the same, and a number is never given twice.

CREATE TABLE mark (
    reader TEXT PRIMARY KEY,
    seq BIGINT NOT NULL
);

-- Numbers that are not given by an identity column: stages, pipelines, rules, the version of the shape.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('shape', 0), ('stage', 0), ('pipeline', 0), ('rule', 0);

-- The shape of the firm's data, as JSON: it is read whole and kept in memory.
CREATE TABLE entity_type (
    id BIGINT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);
CREATE TABLE pipeline (
    id BIGINT PRIMARY KEY,
    kind BIGINT NOT NULL,
    code TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, code)
);

-- Phones, addresses of e-mail and the like of all items.
CREATE TABLE point (
    id {id_once},
    kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    position BIGINT NOT NULL,
    raw TEXT NOT NULL,
    normal TEXT NOT NULL,
    label TEXT NOT NULL
);
CREATE INDEX point_item ON point (item_id, field, position);
CREATE INDEX point_normal ON point (kind, field, normal);

CREATE TABLE stage_total (
    stage BIGINT NOT NULL,
    responsible BIGINT NOT NULL,
    currency TEXT NOT NULL,
    count BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (stage, responsible, currency)
);

CREATE TABLE event (
    seq {id},
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    item_kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    about_kind BIGINT NOT NULL,
    about_id BIGINT NOT NULL,
    contact BIGINT NOT NULL,
    cause BIGINT,
    root BIGINT,
    depth BIGINT NOT NULL,
    code TEXT NOT NULL,
    fact TEXT NOT NULL
);
CREATE INDEX event_about ON event (about_kind, about_id, seq);
CREATE INDEX event_contact ON event (contact, seq) WHERE contact <> 0;

CREATE TABLE program (
    stage BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (stage, version)
);
CREATE TABLE run (
    id {id},
    item_kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    stage BIGINT NOT NULL,
    version BIGINT NOT NULL,
    event BIGINT NOT NULL,
    at BIGINT NOT NULL,
    UNIQUE (event, stage)
);
CREATE TABLE step (
    id {id},
    run BIGINT NOT NULL,
    item_kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    stage BIGINT NOT NULL,
    version BIGINT NOT NULL,
    rule BIGINT NOT NULL,
    position BIGINT NOT NULL,
    lane TEXT NOT NULL,
    survives SMALLINT NOT NULL,
    state TEXT NOT NULL,
    due BIGINT,
    bound_to TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    reason TEXT NOT NULL,
    made TEXT,
    event BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX step_due ON step (due, position, id) WHERE state = 'waiting' AND due IS NOT NULL;
CREATE INDEX step_item ON step (item_kind, item_id, run);
CREATE INDEX step_rule ON step (rule, id);
CREATE INDEX step_run ON step (run, position);

CREATE TABLE evaluation (
    id {id},
    event BIGINT NOT NULL,
    rule BIGINT NOT NULL,
    version BIGINT NOT NULL,
    stage BIGINT NOT NULL,
    item_kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    fired SMALLINT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    UNIQUE (event, rule, item_kind, item_id)
);
CREATE INDEX evaluation_item ON evaluation (item_kind, item_id, id);
CREATE INDEX evaluation_rule ON evaluation (rule, id);

-- `ready_at` is the moment from which the job may be taken: its due moment, the end of its lease, or the next try.
CREATE TABLE job (
    id {id_once},
    state TEXT NOT NULL,
    priority BIGINT NOT NULL,
    ready_at BIGINT NOT NULL,
    due BIGINT NOT NULL,
    command TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    expires BIGINT,
    key TEXT,
    event BIGINT,
    depth BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    lease BIGINT NOT NULL
);
CREATE UNIQUE INDEX job_key ON job (key) WHERE key IS NOT NULL;
CREATE INDEX job_ready ON job (ready_at) WHERE state = 'waiting';
CREATE INDEX job_turn ON job (priority, ready_at, id) WHERE state = 'waiting';
CREATE INDEX job_dead ON job (id) WHERE state = 'dead';

CREATE TABLE attempt (
    id {id},
    job BIGINT NOT NULL,
    item_kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    state TEXT NOT NULL,
    provider_ref TEXT NOT NULL,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX attempt_job ON attempt (job, id);

CREATE TABLE account (
    id {id},
    provider TEXT NOT NULL,
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    settings TEXT NOT NULL,
    enabled SMALLINT NOT NULL,
    UNIQUE (provider, code)
);
-- Secrets stand apart, so that nothing that lists accounts can show them by mistake.
CREATE TABLE account_secret (
    account BIGINT NOT NULL,
    code TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, code)
);

CREATE TABLE inbound (
    id {id},
    account BIGINT NOT NULL,
    at BIGINT NOT NULL,
    remote TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    headers TEXT NOT NULL,
    body {blob} NOT NULL,
    key TEXT,
    state TEXT NOT NULL,
    answer TEXT NOT NULL
);
CREATE UNIQUE INDEX inbound_key ON inbound (account, key) WHERE key IS NOT NULL;

CREATE TABLE department (
    id {id},
    code TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    parent BIGINT NOT NULL,
    head BIGINT NOT NULL
);
CREATE TABLE role (
    code TEXT PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE TABLE staff (
    id {id},
    login TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    role TEXT NOT NULL,
    department BIGINT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    lang TEXT NOT NULL,
    active SMALLINT NOT NULL
);
CREATE TABLE session (
    token_hash {blob} PRIMARY KEY,
    staff BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    remote TEXT NOT NULL,
    agent TEXT NOT NULL
);
CREATE INDEX session_staff ON session (staff);
CREATE TABLE webhook (
    id {id},
    staff BIGINT NOT NULL,
    secret_hash {blob} NOT NULL,
    scopes TEXT NOT NULL,
    title TEXT NOT NULL,
    created BIGINT NOT NULL,
    used BIGINT,
    active SMALLINT NOT NULL
);
CREATE INDEX webhook_staff ON webhook (staff);

CREATE TABLE stored_file (
    id {id},
    hash TEXT NOT NULL,
    name TEXT NOT NULL,
    mime TEXT NOT NULL,
    size BIGINT NOT NULL,
    item_kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    staff BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX stored_file_item ON stored_file (item_kind, item_id);

CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    body TEXT NOT NULL
);
