-- Where events are sent. A webhook follows the journal: seq is the last entry that it has taken into its deliveries.
CREATE TABLE webhook (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    url TEXT NOT NULL,
    name TEXT NOT NULL,
    kinds_json TEXT NOT NULL,
    sealed BLOB NOT NULL,
    is_local INTEGER NOT NULL CHECK (is_local IN (0, 1)),
    is_enabled INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
    why_disabled TEXT NOT NULL,
    created_at REAL NOT NULL,
    failing_since REAL,
    seq INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

-- One lane is one door: within it, nothing overtakes what failed before.
CREATE TABLE delivery (
    webhook_id TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    lane TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
    attempts INTEGER NOT NULL,
    next_at REAL NOT NULL,
    first_at REAL NOT NULL,
    status INTEGER,
    trouble TEXT NOT NULL,
    PRIMARY KEY (webhook_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_waiting ON delivery (webhook_id, lane, seq) WHERE state = 'waiting';
