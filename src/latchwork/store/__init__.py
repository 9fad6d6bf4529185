"""Files and SQLite, written so that a power cut is boring.

Stands on base only: it stores octets under names and does not know what they mean. `kv` holds the stores and their errors;
`migrations` the numbered steps of the file's schema.
"""
