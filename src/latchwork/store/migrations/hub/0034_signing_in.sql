-- More than a password. The secret of a second factor is sealed; recovery codes are kept as keyed hashes, a passkey's public half as it is.
CREATE TABLE second_factor (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    made_at REAL NOT NULL,
    -- When a code of it was typed first: before that it is asked for by nobody.
    confirmed_at REAL,
    -- Of the last code that was used: it is not good a second time.
    last_step INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_code (
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (account_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE passkey (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    credential BLOB NOT NULL UNIQUE CHECK (length(credential) BETWEEN 1 AND 1023),
    public_key BLOB NOT NULL,
    uses INTEGER NOT NULL CHECK (uses >= 0),
    -- The name of the hub under which it was made: browsers use it there alone.
    host TEXT NOT NULL,
    is_synced INTEGER NOT NULL CHECK (is_synced IN (0, 1)),
    created_at REAL NOT NULL,
    used_at REAL
) STRICT;
CREATE INDEX passkey_by_account ON passkey (account_id);
