"""Which message counters were seen: replay windows (Core 4.6.5).

Pure state of one sender; knows no key. The three kinds of session differ in two questions only: may the counter roll over, and is a
counter far behind the window old (drop) or the mark of a restarted sender (accept).
"""

from __future__ import annotations

from typing import Final

WINDOW: Final = 32
"""MSG_COUNTER_WINDOW_SIZE: how far behind the newest counter a late message is still told from a replay."""
_MASK: Final = 0xFFFF_FFFF
_BITS: Final = (1 << WINDOW) - 1


class ReceptionWindow:
    """The newest counter of a sender and which of the 32 before it arrived.

    `is_new` asks, `commit` remembers; between the two stands the check of the message's integrity, so that a forged message cannot
    move the window.

    Attributes:
        newest: the highest counter committed; None before the first where the first is trusted.
    """

    __slots__ = ("_rolls", "_seen", "newest")

    def __init__(self, newest: int | None = 0, *, rolls: bool = False) -> None:
        self.newest = newest
        self._seen = 0 if newest is None else _BITS
        self._rolls = rolls

    def is_new(self, counter: int) -> bool:
        """Whether this counter was not seen and may be accepted from an authenticated sender."""
        newest = self.newest
        if newest is None:
            return True
        ahead = (counter - newest) & _MASK if self._rolls else counter - newest
        if 0 < ahead < 0x8000_0000 or (not self._rolls and ahead > 0):
            return True
        behind = (newest - counter) & _MASK
        return 0 < behind <= WINDOW and not self._seen >> (behind - 1) & 1

    def is_restart(self, counter: int) -> bool:
        """Whether the counter lies so far behind that an unsecured sender must have restarted (Core 4.6.5.3)."""
        return self.newest is not None and not self.is_new(counter) and (self.newest - counter) & _MASK > WINDOW

    def commit(self, counter: int) -> None:
        """Remember a counter for which `is_new` held."""
        newest = self.newest
        if newest is None:
            self.newest = counter
            self._seen = 0
            return
        ahead = (counter - newest) & _MASK if self._rolls else counter - newest
        if ahead > 0 and (not self._rolls or ahead < 0x8000_0000):
            # The former newest moves into the bitmap as its nearest bit.
            self._seen = ((self._seen << 1 | 1) << (ahead - 1)) & _BITS if ahead <= WINDOW else 0
            self.newest = counter
        else:
            self._seen |= 1 << (((newest - counter) & _MASK) - 1)

    def restart(self, counter: int) -> None:
        """Begin anew at `counter`."""
        self.newest = counter
        self._seen = 0
