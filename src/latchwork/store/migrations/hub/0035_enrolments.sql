-- Fingers, cards and faces that are being taken at a door: kept so that a hub that is started again goes on watching.
CREATE TABLE enrolment (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    person_id TEXT NOT NULL REFERENCES person (id),
    lock_id TEXT NOT NULL REFERENCES lock (id),
    kind TEXT NOT NULL,
    credential_id TEXT NOT NULL REFERENCES credential (id),
    -- The credential was made for it, and goes when nothing comes of it.
    is_new INTEGER NOT NULL CHECK (is_new IN (0, 1)),
    actor TEXT NOT NULL,
    begun_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    state TEXT NOT NULL,
    user_index INTEGER,
    notice TEXT NOT NULL,
    -- What the lock held of this kind before: [index, ...]
    before_json TEXT NOT NULL
) STRICT;
CREATE INDEX enrolment_by_state ON enrolment (state);
