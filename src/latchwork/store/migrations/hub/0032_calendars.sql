-- Calendars whose stays become accesses. The address is a secret and sealed; the host alone may be shown. Instants are UTC seconds
-- since 1970, times of day are minutes since midnight on the site's wall.
CREATE TABLE calendar (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    -- No reference: a door may go first, and what the calendar made is then still to be cleared away.
    door_id TEXT NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    sealed_url BLOB NOT NULL,
    check_in INTEGER NOT NULL CHECK (check_in BETWEEN 0 AND 1440),
    check_out INTEGER NOT NULL CHECK (check_out BETWEEN 0 AND 1440),
    digits_from_phone INTEGER NOT NULL CHECK (digits_from_phone IN (0, 1)),
    closed_is_stay INTEGER NOT NULL CHECK (closed_is_stay IN (0, 1)),
    is_local INTEGER NOT NULL CHECK (is_local IN (0, 1)),
    is_enabled INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
    created_at REAL NOT NULL,
    removed_at REAL,
    version INTEGER NOT NULL CHECK (version > 0),
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    checked_at REAL,
    read_at REAL,
    next_at REAL NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    warning TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX calendar_by_door ON calendar (door_id);

-- key is a hash of UID and RECURRENCE-ID. A stay that was taken back by people stays here, so that it does not come again.
CREATE TABLE stay (
    calendar_id TEXT NOT NULL REFERENCES calendar (id) ON DELETE CASCADE,
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 100),
    name TEXT NOT NULL,
    start REAL NOT NULL,
    "end" REAL NOT NULL CHECK ("end" > start),
    state TEXT NOT NULL CHECK (state IN ('stands', 'withdrawn', 'over')),
    person_id TEXT NOT NULL REFERENCES person (id),
    access_id TEXT NOT NULL,
    credential_id TEXT NOT NULL REFERENCES credential (id),
    missing_since REAL,
    PRIMARY KEY (calendar_id, key)
) STRICT, WITHOUT ROWID;
