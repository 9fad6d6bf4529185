-- Links to guest pages. Of the link only SHA-256 is kept: whoever reads this table opens no page with it.
CREATE TABLE guest_link (
    access_id TEXT NOT NULL PRIMARY KEY REFERENCES access (id) ON DELETE CASCADE,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    made_by TEXT NOT NULL,
    created_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    opened_at REAL,
    -- When an opening was written into the journal last.
    noted_at REAL
) STRICT;
