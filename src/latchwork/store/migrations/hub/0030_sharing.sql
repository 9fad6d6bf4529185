-- Locks that this hub has opened for another ecosystem, until that has joined, the time is up or somebody closed it. The code with which
-- one joins is not here: it lives in memory for the quarter of an hour that it is worth something, and whoever restarts the hub meanwhile
-- opens anew. What is here lets the hub follow the window after a restart. before_json: who was on the lock when it was opened.
CREATE TABLE share (
    lock_id TEXT NOT NULL PRIMARY KEY REFERENCES lock (id) ON DELETE CASCADE,
    opened_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    ecosystem TEXT NOT NULL,
    actor TEXT NOT NULL,
    before_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
