-- Who and what a site consists of. Instants are UTC seconds since 1970; a column that ends in _json holds checked JSON.
CREATE TABLE site (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    code_length INTEGER,
    holidays_json TEXT NOT NULL
) STRICT;

CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    name TEXT NOT NULL,
    -- Also unique among those who left: a lock that was asleep may still hold it.
    unique_id INTEGER NOT NULL UNIQUE CHECK (unique_id BETWEEN 1 AND 4294967294),
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    picture TEXT NOT NULL,
    is_admin INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    created_at REAL NOT NULL,
    left_at REAL,
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

-- node_id is the 64-bit number read as a signed one. A node may come back as another lock once the first is gone.
CREATE TABLE lock (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    node_id INTEGER NOT NULL,
    endpoint INTEGER NOT NULL CHECK (endpoint BETWEEN 0 AND 65535),
    fabric_index INTEGER NOT NULL CHECK (fabric_index BETWEEN 0 AND 254),
    vendor TEXT NOT NULL,
    product TEXT NOT NULL,
    serial TEXT NOT NULL,
    firmware TEXT NOT NULL,
    vendor_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    added_at REAL NOT NULL,
    gone_at REAL
) STRICT;
CREATE UNIQUE INDEX lock_by_node ON lock (node_id, endpoint) WHERE gone_at IS NULL;

CREATE TABLE door (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    name TEXT NOT NULL,
    lock_id TEXT UNIQUE REFERENCES lock (id),
    position INTEGER NOT NULL,
    created_at REAL NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
    value_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
