"""What happened: entries in a chain of hashes, made from what locks say, looked up and exported.

Layer hub.
"""
