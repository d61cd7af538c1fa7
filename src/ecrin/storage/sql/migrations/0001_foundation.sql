-- The instance: facts about this database, such as the mode it belongs to.
CREATE TABLE instance (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Keys of every purpose; `sealed` is the private or symmetric half under the master key.
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    public BYTEA NOT NULL,
    certificate TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    active_from BIGINT NOT NULL,
    verify_until BIGINT
);

CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Web API keys name a project and are no secret.
CREATE TABLE api_keys (
    key TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    created_at BIGINT NOT NULL
);

-- Operator and CI tokens, kept as keyed hashes.
CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

-- The public halves of service account keys; the private half is handed out once and never kept.
CREATE TABLE service_account_keys (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    email TEXT NOT NULL,
    public BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE accounts (
    project_id TEXT NOT NULL REFERENCES projects (id),
    id TEXT NOT NULL,
    email TEXT,
    email_verified BIGINT NOT NULL,
    initial_email TEXT,
    email_link_signin BIGINT NOT NULL,
    phone_number TEXT,
    display_name TEXT,
    photo_url TEXT,
    disabled BIGINT NOT NULL,
    custom_auth BIGINT NOT NULL,
    claims TEXT NOT NULL,
    identities TEXT NOT NULL,
    password BYTEA,
    password_updated_at BIGINT,
    valid_since BIGINT,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT,
    last_refresh_at BIGINT,
    PRIMARY KEY (project_id, id)
);
CREATE UNIQUE INDEX accounts_email ON accounts (project_id, email);
CREATE UNIQUE INDEX accounts_phone_number ON accounts (project_id, phone_number);
CREATE INDEX accounts_initial_email ON accounts (project_id, initial_email);

-- Which account an identity at a provider belongs to; the identity itself stands in its account's row.
CREATE TABLE identities (
    project_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    raw_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    email TEXT,
    PRIMARY KEY (project_id, provider_id, raw_id),
    FOREIGN KEY (project_id, account_id) REFERENCES accounts (project_id, id) ON DELETE CASCADE
);
CREATE INDEX identities_account ON identities (project_id, account_id);
CREATE INDEX identities_email ON identities (project_id, email);

-- One signed-in device each. An ended session keeps its row for a while: revocation is a row, never memory.
CREATE TABLE sessions (
    id BYTEA PRIMARY KEY,
    project_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    claims TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    rotations TEXT NOT NULL,
    late BIGINT NOT NULL,
    late_run BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    idle_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT
);
CREATE INDEX sessions_account ON sessions (project_id, account_id);
CREATE INDEX sessions_idle_at ON sessions (idle_at);
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Codes that travel by mail, kept as keyed hashes; `sealed` holds a readable copy in `ecrin dev` only.
CREATE TABLE oob_codes (
    hash BYTEA PRIMARY KEY,
    project_id TEXT NOT NULL,
    account_id TEXT,
    purpose TEXT NOT NULL,
    email TEXT NOT NULL,
    new_email TEXT,
    continue_url TEXT,
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX oob_codes_project ON oob_codes (project_id, created_at);
CREATE INDEX oob_codes_expires_at ON oob_codes (expires_at);

-- Counters of failures and quotas; `bucket` is a keyed hash, so that the table names nobody.
CREATE TABLE attempts (
    bucket BYTEA PRIMARY KEY,
    count BIGINT NOT NULL,
    resets_at BIGINT NOT NULL
);
CREATE INDEX attempts_resets_at ON attempts (resets_at);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    project_id TEXT NOT NULL,
    event TEXT NOT NULL,
    subject TEXT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_project ON audit (project_id, at);

-- Letters to be sent; the payload is sealed, and erased after sending or once `good_until` is over.
CREATE TABLE mail (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL,
    state TEXT NOT NULL,
    payload BYTEA,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    good_until BIGINT NOT NULL
);
CREATE INDEX mail_state ON mail (state, due_at);
