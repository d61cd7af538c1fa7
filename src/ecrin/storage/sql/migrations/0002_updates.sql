-- Live updates. An app belongs to a project; its id is unique in the instance, for devices name nothing else.
CREATE TABLE apps (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX apps_project ON apps (project_id);

-- What lies in object storage: files by the SHA-256 of their bytes, once per app. The row follows the durable file;
-- `seen_at` is when it came or was last asked for. The rows outlive their app until a sweep has removed the files.
CREATE TABLE objects (
    app_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, hash)
);

-- Immutable versions; a deleted one keeps its row, so that its name is never given to other content. `unused_since` is
-- when a sweep first found that nothing names the bundle; retention counts from then.
CREATE TABLE bundles (
    app_id TEXT NOT NULL REFERENCES apps (id),
    number BIGINT NOT NULL,
    version TEXT NOT NULL,
    zip TEXT,
    zip_size BIGINT NOT NULL,
    external_url TEXT,
    checksum TEXT NOT NULL,
    session_key TEXT NOT NULL,
    key_id TEXT NOT NULL,
    manifest TEXT NOT NULL,
    min_native TEXT,
    link TEXT NOT NULL,
    comment TEXT NOT NULL,
    source_commit TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    unused_since BIGINT,
    deleted_at BIGINT,
    PRIMARY KEY (app_id, number)
);
CREATE UNIQUE INDEX bundles_version ON bundles (app_id, version);

CREATE TABLE channels (
    app_id TEXT NOT NULL REFERENCES apps (id),
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    version TEXT,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, number)
);
CREATE UNIQUE INDEX channels_name ON channels (app_id, name);

-- The move of a channel to its next bundle; the one without an end is under way.
CREATE TABLE rollouts (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    channel BIGINT NOT NULL,
    version TEXT NOT NULL,
    previous TEXT,
    state TEXT NOT NULL,
    share_bps BIGINT NOT NULL,
    stages TEXT NOT NULL,
    halt TEXT NOT NULL,
    audience TEXT NOT NULL,
    reason TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    paused_at BIGINT,
    halted BIGINT NOT NULL,
    held_for BIGINT NOT NULL,
    quiet_until BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE UNIQUE INDEX rollouts_under_way ON rollouts (app_id, channel) WHERE ended_at IS NULL;
CREATE INDEX rollouts_channel ON rollouts (app_id, channel, started_at);

-- Devices that were put on a channel, by an operator or by themselves.
CREATE TABLE overrides (
    app_id TEXT NOT NULL REFERENCES apps (id),
    device_id TEXT NOT NULL,
    channel BIGINT NOT NULL,
    self_set BIGINT NOT NULL,
    set_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (app_id, device_id)
);
CREATE INDEX overrides_channel ON overrides (app_id, channel);
CREATE INDEX overrides_expires_at ON overrides (expires_at) WHERE expires_at IS NOT NULL;

-- Groups of custom ids that audiences name. A custom id is what the app claims.
CREATE TABLE group_members (
    app_id TEXT NOT NULL REFERENCES apps (id),
    group_name TEXT NOT NULL,
    custom_id TEXT NOT NULL,
    PRIMARY KEY (app_id, group_name, custom_id)
);
