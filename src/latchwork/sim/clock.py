"""A clock that can be set: it travels through time when told, and it can be wrong about the date.

Layer sim: wraps another clock, so that a virtual lock lives on real time or on a virtual loop's.
"""

from __future__ import annotations

import asyncio
from typing import Final

from latchwork.base.clock import Clock, SystemClock
from latchwork.base.errors import Misuse

NEW_YEAR_2026: Final = 1_767_225_600.0
"""What the date of a virtual world is when it begins, seconds since 1970."""


class SimulatedClock:
    """Both clocks of another clock, each moved by what it was told.

    Attributes:
        wrong_by_s: what is added to the date: a clock that is wrong.
    """

    __slots__ = ("_clock", "_travelled_s", "wrong_by_s")

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._travelled_s = 0.0
        self.wrong_by_s = 0.0

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return self._clock.monotonic() + self._travelled_s

    def utc(self) -> float:
        """Seconds since the Unix epoch, UTC; wrong where it was told to be."""
        return self._clock.utc() + self._travelled_s + self.wrong_by_s

    def advance(self, seconds: float) -> None:
        """Travel into the future.

        Raises:
            Misuse: into the past.
        """
        if seconds < 0:
            raise Misuse("nobody travels into the past")
        self._travelled_s += seconds


class LoopClock:
    """The running loop's time as both clocks: for a world whose loop jumps (`stack.virtual_time`)."""

    __slots__ = ("_loop", "_utc")

    def __init__(self, utc: float = NEW_YEAR_2026) -> None:
        self._loop = asyncio.get_running_loop()
        self._utc = utc

    def monotonic(self) -> float:
        """The loop's seconds."""
        return self._loop.time()

    def utc(self) -> float:
        """The date at the loop's beginning and its seconds since."""
        return self._utc + self._loop.time()
