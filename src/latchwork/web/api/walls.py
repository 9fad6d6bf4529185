"""Times of day between the API's texts and minutes since midnight.

Layer web, pure.
"""

from __future__ import annotations


def from_wall(text: str) -> int:
    """Minutes since midnight of a checked `WallTime`."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def to_wall(minutes: int) -> str:
    """The `WallTime` of minutes since midnight."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
