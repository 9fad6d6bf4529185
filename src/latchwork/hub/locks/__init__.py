"""Locks come, are operated, set, replaced and go; and what others put on them.

Layer hub.
"""
