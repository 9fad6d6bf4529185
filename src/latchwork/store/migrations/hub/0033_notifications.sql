-- Who is told of what. The address holds the keys of a service and is sealed; its scheme alone may be shown. seq is the last entry of the
-- journal of which everything that the rule asks for was sent. Times of day are minutes since midnight on the site's wall.
CREATE TABLE notification_rule (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    name TEXT NOT NULL,
    scheme TEXT NOT NULL,
    sealed_url BLOB NOT NULL,
    topics_json TEXT NOT NULL,
    door_ids_json TEXT NOT NULL,
    person_ids_json TEXT NOT NULL,
    quiet_from INTEGER CHECK (quiet_from BETWEEN 0 AND 1440),
    quiet_to INTEGER CHECK (quiet_to BETWEEN 0 AND 1440),
    unreachable_after_s REAL NOT NULL,
    is_local INTEGER NOT NULL CHECK (is_local IN (0, 1)),
    is_enabled INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
    created_at REAL NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    seq INTEGER NOT NULL,
    last_ok REAL,
    last_error TEXT NOT NULL DEFAULT '',
    failed_at REAL
) STRICT;

-- What lasts is told once, also when the hub is restarted while it does.
CREATE TABLE notified (
    rule_id TEXT NOT NULL REFERENCES notification_rule (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (rule_id, key)
) STRICT, WITHOUT ROWID;
