-- What of ours is on each lock, by our own account, and what is not as it should be.
CREATE TABLE placed_user (
    lock_id TEXT NOT NULL REFERENCES lock (id),
    key TEXT NOT NULL CHECK (length(key) > 0),
    place INTEGER NOT NULL CHECK (place BETWEEN 1 AND 65533),
    is_pending INTEGER NOT NULL CHECK (is_pending IN (0, 1)),
    PRIMARY KEY (lock_id, key),
    UNIQUE (lock_id, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE placed_credential (
    lock_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    place INTEGER NOT NULL CHECK (place BETWEEN 1 AND 65533),
    credential_id TEXT NOT NULL REFERENCES credential (id),
    version INTEGER NOT NULL CHECK (version > 0),
    user_key TEXT NOT NULL,
    proof INTEGER NOT NULL,
    proof_at_json TEXT NOT NULL,
    is_pending INTEGER NOT NULL CHECK (is_pending IN (0, 1)),
    PRIMARY KEY (lock_id, kind, place),
    FOREIGN KEY (lock_id, user_key) REFERENCES placed_user (lock_id, key) ON UPDATE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX placed_credential_by_credential ON placed_credential (credential_id, version);
CREATE INDEX placed_credential_by_user ON placed_credential (lock_id, user_key);

-- Whom and what a trouble is about is text: it may be told of somebody who is no longer there.
CREATE TABLE trouble (
    lock_id TEXT NOT NULL REFERENCES lock (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    code TEXT NOT NULL,
    is_error INTEGER NOT NULL CHECK (is_error IN (0, 1)),
    message TEXT NOT NULL,
    advice TEXT NOT NULL,
    person_id TEXT,
    credential_id TEXT,
    PRIMARY KEY (lock_id, position)
) STRICT, WITHOUT ROWID;
