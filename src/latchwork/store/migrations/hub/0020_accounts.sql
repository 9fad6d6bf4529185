-- Who may ask the hub for something. Sessions and tokens are kept as SHA-256 of 256 random bits, passwords as argon2id.
CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password TEXT NOT NULL,
    person_id TEXT REFERENCES person (id),
    is_enabled INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
    created_at REAL NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

CREATE TABLE session (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at REAL NOT NULL,
    seen_at REAL NOT NULL,
    confirmed_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_account ON session (account_id, seen_at);

CREATE TABLE token (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    scopes_json TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL,
    used_at REAL
) STRICT;
CREATE INDEX token_by_account ON token (account_id);

-- Answers to requests that may come a second time. What was asked is a keyed hash, what was answered is sealed: either may hold a code.
CREATE TABLE answered (
    asker TEXT NOT NULL,
    key TEXT NOT NULL,
    request BLOB NOT NULL,
    sealed BLOB,
    at REAL NOT NULL,
    PRIMARY KEY (asker, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_by_age ON answered (at);
