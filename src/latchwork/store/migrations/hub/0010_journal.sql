-- What happened, in the order in which the hub learned of it. Every row carries the hash of itself and of all before it.
-- Instants are UTC microseconds since 1970, so that no machine writes them in another way. 64-bit numbers are read as signed ones.
CREATE TABLE journal (
    seq INTEGER NOT NULL PRIMARY KEY,
    at_us INTEGER NOT NULL,
    lock_at_us INTEGER,
    kind TEXT NOT NULL,
    door_id TEXT,
    door_name TEXT NOT NULL,
    lock_id TEXT,
    person_id TEXT,
    person_name TEXT NOT NULL,
    credential_kind TEXT,
    credential_id TEXT,
    how TEXT NOT NULL,
    fabric_index INTEGER,
    fabric_name TEXT NOT NULL,
    node_id INTEGER,
    event_number INTEGER,
    why_unknown TEXT,
    actor TEXT NOT NULL,
    detail_json TEXT NOT NULL,
    hash BLOB NOT NULL,
    -- When it happened: by the lock's clock where that can be right, else when the hub learned of it. Made of the two, so not hashed.
    happened_us INTEGER NOT NULL GENERATED ALWAYS AS (
        CASE WHEN lock_at_us BETWEEN at_us - 3024000000000 AND at_us + 120000000 THEN lock_at_us ELSE at_us END
    ) VIRTUAL
) STRICT;
CREATE INDEX journal_by_time ON journal (happened_us);
CREATE INDEX journal_by_door ON journal (door_id, happened_us) WHERE door_id IS NOT NULL;
CREATE INDEX journal_by_person ON journal (person_id, happened_us) WHERE person_id IS NOT NULL;
CREATE INDEX journal_by_kind ON journal (kind, happened_us);

-- The chain's two ends: the last entry that retention removed, and the newest one.
CREATE TABLE journal_chain (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    anchor_seq INTEGER NOT NULL CHECK (anchor_seq >= 0),
    anchor_hash BLOB NOT NULL CHECK (length(anchor_hash) = 32),
    head_seq INTEGER NOT NULL CHECK (head_seq >= anchor_seq),
    head_hash BLOB NOT NULL CHECK (length(head_hash) = 32)
) STRICT;

-- These stop our own mistakes. What stops nobody who holds the file is found by the chain.
CREATE TRIGGER journal_is_not_rewritten BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is not rewritten'); END;
CREATE TRIGGER journal_keeps_what_is_chained BEFORE DELETE ON journal
WHEN OLD.seq > (SELECT anchor_seq FROM journal_chain)
BEGIN SELECT RAISE(ABORT, 'the journal keeps what is chained'); END;
CREATE TRIGGER journal_goes_forward BEFORE UPDATE ON journal_chain
WHEN NEW.anchor_seq < OLD.anchor_seq OR NEW.head_seq < OLD.head_seq
BEGIN SELECT RAISE(ABORT, 'the journal goes forward'); END;

-- Which event numbers of a node were taken, and who changed which place of its locks last. Written together with the entries.
CREATE TABLE journal_source (
    node_id INTEGER NOT NULL PRIMARY KEY,
    numbers_json TEXT NOT NULL,
    places_json TEXT NOT NULL
) STRICT;
