"""Where bolt, latch and door can be, and where each wish leads.

Layer doorlock: plain values; knows nothing of motors, of time or of who asks.
"""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType
from typing import Final


class BoltPosition(IntEnum):
    """Where the bolt and the latch are, as far as the hardware has confirmed it."""

    BETWEEN = 0
    """Neither out nor in, or not known."""
    LOCKED = 1
    """The bolt is thrown."""
    UNLOCKED = 2
    """The bolt is drawn, the latch is out: a handle opens the door."""
    UNLATCHED = 3
    """The bolt is drawn and the latch is held in: a push opens the door."""


class DoorPosition(IntEnum):
    """What the sensor in the frame says of the door's leaf."""

    OPEN = 0
    CLOSED = 1
    JAMMED = 2
    FORCED_OPEN = 3
    """Open although the bolt was thrown."""
    FAULT = 4
    """The sensor failed."""
    AJAR = 5
    """Neither open nor closed, for long enough to be worth saying."""


OPENED: Final = frozenset({DoorPosition.OPEN, DoorPosition.FORCED_OPEN, DoorPosition.AJAR})
"""The positions in which one can pass, or at least see light."""


class Wish(IntEnum):
    """What somebody wants of the lock."""

    LOCK = 0
    """Throw the bolt."""
    UNLOCK = 1
    """Let the door be opened: draw the bolt and, where the lock can, pull the latch for a moment."""
    UNBOLT = 2
    """Draw the bolt and leave the latch alone."""


class Phase(IntEnum):
    """What the bolt is doing."""

    RESTING = 0
    MOVING = 1
    """A motor is under way to a target."""
    HOLDING = 2
    """The motor holds the latch in, for a moment."""


GOALS: Final = MappingProxyType(
    {
        (Wish.LOCK, False): BoltPosition.LOCKED,
        (Wish.LOCK, True): BoltPosition.LOCKED,
        (Wish.UNLOCK, False): BoltPosition.UNLOCKED,
        (Wish.UNLOCK, True): BoltPosition.UNLATCHED,
        (Wish.UNBOLT, True): BoltPosition.UNLOCKED,
    }
)
"""(wish, does the lock pull its latch) → where the motor goes. A pair that is missing cannot be done."""
