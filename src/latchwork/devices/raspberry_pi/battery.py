"""The supply, measured by a converter behind a voltage divider.

Layer devices. The share that is left is a straight line between two voltages: true of lithium packs roughly, of alkaline cells less.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Final

from latchwork.devices.raspberry_pi.pins import Analog

SAMPLES: Final = 5
"""Readings whose median is one measurement: a motor that starts makes some of them low."""
STEP_PERCENT: Final = 1.0
"""Changes smaller than this are told to nobody."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From the converter's share of its reference to the battery.

    Attributes:
        reference_mv: the converter's reference, millivolts.
        divider: battery voltage by converter voltage: 2.0 for two equal resistors.
        full_mv: the battery's voltage when full.
        empty_mv: its voltage when it must be changed.
    """

    reference_mv: int
    divider: float
    full_mv: int
    empty_mv: int

    def millivolts(self, share: float) -> int:
        """The battery's voltage."""
        return round(share * self.reference_mv * self.divider)

    def percent(self, millivolts: int) -> float:
        """What is left, 0 to 100."""
        return min(100.0, max(0.0, 100 * (millivolts - self.empty_mv) / (self.full_mv - self.empty_mv)))


class AnalogBattery:
    """Measures now and then.

    Args:
        channel: the converter's channel.
        scale: what its values mean.
        loop: the event loop.
        every_s: seconds between measurements.
    """

    __slots__ = ("_changed", "_channel", "_every_s", "_loop", "_millivolts", "_scale", "_timer", "_told")

    def __init__(self, channel: Analog, scale: Scale, loop: asyncio.AbstractEventLoop, every_s: float) -> None:
        self._channel = channel
        self._scale = scale
        self._loop = loop
        self._every_s = every_s
        self._changed: Callable[[], None] | None = None
        self._millivolts = self._measure()
        self._told = self.percent()
        self._timer = loop.call_later(every_s, self._again)

    def percent(self) -> float:
        """What is left, 0 to 100."""
        return self._scale.percent(self._millivolts)

    def millivolts(self) -> int:
        """The voltage at the last measurement."""
        return self._millivolts

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when a whole per cent is between two measurements."""
        self._changed = changed

    def close(self) -> None:
        """Measure no more."""
        self._timer.cancel()

    def _measure(self) -> int:
        return self._scale.millivolts(median(self._channel.value for _ in range(SAMPLES)))

    def _again(self) -> None:
        self._millivolts = self._measure()
        self._timer = self._loop.call_later(self._every_s, self._again)
        percent = self.percent()
        if abs(percent - self._told) >= STEP_PERCENT:
            self._told = percent
            if self._changed is not None:
                self._changed()
