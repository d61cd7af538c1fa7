-- What devices say. These tables reference nothing outside: they are a database of their own.

-- What was said, word for word: one row per delivery and device.
CREATE TABLE deliveries (
    app_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    events TEXT NOT NULL
);
CREATE INDEX deliveries_device ON deliveries (app_id, device_id, at);
CREATE INDEX deliveries_at ON deliveries (at);

-- How often something was said, in buckets of a minute, an hour and a day (`step`, in milliseconds) that begin at `at`.
CREATE TABLE counts (
    app_id TEXT NOT NULL,
    step BIGINT NOT NULL,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    version TEXT NOT NULL,
    platform TEXT NOT NULL,
    channel TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (app_id, step, at, action, version, platform, channel)
);
CREATE INDEX counts_at ON counts (step, at);

-- What became of a version on a device, each kind of end once: when it was installed first, when it failed last.
CREATE TABLE outcomes (
    app_id TEXT NOT NULL,
    version TEXT NOT NULL,
    kind TEXT NOT NULL,
    device_id TEXT NOT NULL,
    platform TEXT NOT NULL,
    at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (app_id, version, kind, device_id)
);
CREATE INDEX outcomes_when ON outcomes (app_id, version, kind, at);
CREATE INDEX outcomes_at ON outcomes (at);

-- What a device last said of itself.
CREATE TABLE devices (
    app_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    platform TEXT NOT NULL,
    version_name TEXT NOT NULL,
    version_build TEXT NOT NULL,
    version_os TEXT NOT NULL,
    plugin_version TEXT NOT NULL,
    custom_id TEXT NOT NULL,
    default_channel TEXT NOT NULL,
    key_id TEXT NOT NULL,
    is_emulator BIGINT NOT NULL,
    is_prod BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, device_id)
);
CREATE INDEX devices_app_seen_at ON devices (app_id, seen_at);
CREATE INDEX devices_seen_at ON devices (seen_at);

-- The days on which a device was there; how many were is kept in `counts`.
CREATE TABLE active_days (
    app_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    device_id TEXT NOT NULL,
    PRIMARY KEY (app_id, day, device_id)
);
CREATE INDEX active_days_day ON active_days (day);
