-- For how many days the journal is kept; NULL is for ever.
ALTER TABLE site ADD COLUMN journal_days INTEGER CHECK (journal_days IS NULL OR journal_days BETWEEN 7 AND 36500);
