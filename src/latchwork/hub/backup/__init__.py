"""Everything in one encrypted file, and back.

Layer hub.
"""
