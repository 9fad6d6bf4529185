"""The Matter protocol as values and machines; the folders are chapters of the specification.

Below the waterline: nothing here waits, dials, rolls dice or reads a clock.
"""
