"""One watcher for each node: how its locks stand, what happened at them, and batteries and links over time.

Layer hub.
"""
