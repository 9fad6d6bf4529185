-- Sealed values of credentials. The key lies in a file beside this one; the fingerprint is keyed too.
CREATE TABLE secret (
    credential_id TEXT NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    version INTEGER NOT NULL CHECK (version > 0),
    sealed BLOB NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
    PRIMARY KEY (credential_id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX secret_by_fingerprint ON secret (fingerprint);

-- Something sealed whose content is known: tells whether a key is the right one.
CREATE TABLE secret_proof (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    sealed BLOB NOT NULL
) STRICT;
