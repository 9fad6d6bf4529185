-- What locks said of their batteries and their links over time, for pictures; thinned out and forgotten with age.
CREATE TABLE lock_sample (
    lock_id TEXT NOT NULL REFERENCES lock (id),
    kind TEXT NOT NULL,
    -- UTC seconds since 1970
    at REAL NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (lock_id, kind, at)
) STRICT, WITHOUT ROWID;
