-- What opens, and the promises that it does.
CREATE TABLE credential (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    person_id TEXT NOT NULL REFERENCES person (id),
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    length INTEGER NOT NULL CHECK (length >= 0),
    lock_id TEXT REFERENCES lock (id),
    created_at REAL NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    -- Out of use, and kept: locks may still hold it, and the journal names it.
    removed_at REAL
) STRICT;
CREATE INDEX credential_by_person ON credential (person_id);

CREATE TABLE access (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    person_id TEXT NOT NULL REFERENCES person (id),
    rule_json TEXT NOT NULL,
    is_enabled INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
    is_duress INTEGER NOT NULL CHECK (is_duress IN (0, 1)),
    note TEXT NOT NULL,
    origin TEXT NOT NULL,
    created_at REAL NOT NULL,
    first_used_at REAL,
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;
CREATE INDEX access_by_person ON access (person_id);

CREATE TABLE access_door (
    access_id TEXT NOT NULL REFERENCES access (id) ON DELETE CASCADE,
    door_id TEXT NOT NULL REFERENCES door (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (access_id, door_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_door_by_door ON access_door (door_id);

-- No row for an access means every credential of the person: a row may therefore never vanish by itself.
CREATE TABLE access_credential (
    access_id TEXT NOT NULL REFERENCES access (id) ON DELETE CASCADE,
    credential_id TEXT NOT NULL REFERENCES credential (id) ON DELETE RESTRICT,
    position INTEGER NOT NULL,
    PRIMARY KEY (access_id, credential_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_credential_by_credential ON access_credential (credential_id);
