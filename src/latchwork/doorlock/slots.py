"""Numbered places: which are taken, which is the next taken or free one.

Layer doorlock: a plain value; knows nothing of what sits in the places.
"""

from __future__ import annotations


class Slots:
    """Places 0 to some capacity as the bits of one integer: every question is a few machine words of work.

    Attributes:
        count: how many places are taken.
    """

    __slots__ = ("_taken", "count")

    def __init__(self) -> None:
        self._taken = 0
        self.count = 0

    def take(self, index: int) -> None:
        """Take the place, if it is not taken already."""
        if not self._taken >> index & 1:
            self._taken |= 1 << index
            self.count += 1

    def free(self, index: int) -> None:
        """Free the place, if it is taken."""
        if self._taken >> index & 1:
            self._taken ^= 1 << index
            self.count -= 1

    def next_taken(self, after: int) -> int | None:
        """The first taken place behind `after`, or None."""
        rest = self._taken >> (after + 1)
        return after + (rest & -rest).bit_length() if rest else None

    def next_free(self, after: int, last: int) -> int | None:
        """The first free place behind `after` and not behind `last`, or None."""
        rest = ~(self._taken >> (after + 1))
        index = after + (rest & -rest).bit_length()
        return index if index <= last else None
