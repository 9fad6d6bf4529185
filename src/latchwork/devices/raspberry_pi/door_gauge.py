"""A sensor of a magnet's field behind a converter: how far the leaf is from the frame, as a number that must be given a meaning.

Layer devices. What it reads of a closed door depends on the magnet, the gap and the way it was screwed on: the lock is shown the door.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from statistics import median
from typing import Final

from latchwork.devices.raspberry_pi.pins import Analog
from latchwork.doorlock.door_sensor import DoorScale

SAMPLES: Final = 5
"""Readings whose median is one look: a motor that runs near by disturbs some of them."""
STEP: Final = 0.01
"""Parts of the range: a smaller change is noise of the converter, and half of what lies at least between two positions of a door."""
SETTLE_S: Final = 0.5
"""Seconds that it must read the same until it counts: a leaf that swings past a position is not there."""


class AnalogDoorGauge:
    """Looks many times a second, for a door is quick.

    Args:
        channel: the converter's channel.
        loop: the event loop.
        every_s: seconds between two looks.
    """

    __slots__ = ("_changed", "_channel", "_every_s", "_loop", "_reading", "_seen", "_since", "_timer")

    def __init__(self, channel: Analog, loop: asyncio.AbstractEventLoop, every_s: float) -> None:
        self._channel = channel
        self._loop = loop
        self._every_s = every_s
        self._changed: Callable[[], None] | None = None
        self._reading = self._seen = self._look()
        self._since = loop.time()
        self._timer = loop.call_later(every_s, self._again)

    def reading(self) -> float:
        """What it read when the leaf last stood still, 0 to 1."""
        return self._reading

    def installed(self) -> DoorScale | None:
        """Nothing: whoever built the door shows it to the lock."""
        return None

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when the leaf stands still elsewhere."""
        self._changed = changed

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> float:
        return median(self._channel.value for _ in range(SAMPLES))

    def _again(self) -> None:
        self._timer = self._loop.call_later(self._every_s, self._again)
        now, seen = self._loop.time(), self._look()
        if abs(seen - self._seen) >= STEP:
            self._seen, self._since = seen, now
        elif now - self._since >= SETTLE_S and abs(self._seen - self._reading) >= STEP:
            self._reading = self._seen
            if self._changed is not None:
                self._changed()
