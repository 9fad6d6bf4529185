"""What the hub talks about, as plain values: people, doors, locks, rules of time, and what should be, is and was put on a lock.

Layer hub.
"""
