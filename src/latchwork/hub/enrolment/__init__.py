"""Fingers, cards and faces, taken at the door while the hub watches.

Layer hub.
"""
