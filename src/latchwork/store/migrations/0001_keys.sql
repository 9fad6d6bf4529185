-- Octets under names. No rowid: the name is the only way in, and one tree is smaller than two.
CREATE TABLE entry (
    key TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
