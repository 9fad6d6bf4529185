"""Locks and other ecosystems: opening a window for them, and who is on a lock.

Layer hub.
"""
