"""Ground floor: errors, ids, clocks and logs.

Knows nothing of Matter, locks or the network.
"""
