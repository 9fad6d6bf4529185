"""Clocks: what tells the time to everything above the waterline.

Ground floor. Below the waterline time arrives as an argument; whoever calls owns a `Clock` and passes what it says.
"""

from __future__ import annotations

import time
from typing import Protocol

MATTER_EPOCH_S = 946_684_800
"""Seconds from the Unix epoch to 2000-01-01 00:00:00 UTC, where the specification's time begins (Core 7.19.2.5)."""


class Clock(Protocol):
    """Two clocks in one: one that only goes forward, one that tells the date."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""

    def utc(self) -> float:
        """Seconds since the Unix epoch, UTC."""


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return time.monotonic()

    def utc(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        return time.time()


class ManualClock:
    """A clock that moves only when told: for tests and simulations.

    Attributes:
        now: seconds of the monotonic clock.
        utc_offset: what is added to `now` to get the date.
    """

    __slots__ = ("now", "utc_offset")

    def __init__(self, now: float = 0.0, *, utc: float = 1_767_225_600.0) -> None:
        self.now = now
        self.utc_offset = utc - now

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return self.now

    def utc(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        return self.now + self.utc_offset

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds`."""
        self.now += seconds
