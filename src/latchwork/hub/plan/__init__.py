"""From people and rules to what should be on each lock, and from that and what is there to steps. Pure.

Layer hub.
"""
