"""A door sensor that measures: what its readings mean once it was shown the door, and how it notices that they mean it no longer.

Layer doorlock: values and functions; knows nothing of magnets, of where a scale is kept or of who asks for the steps. A reading is a part of
the sensor's range, 0 to 1; which way it grows is each sensor's own.

A sensor that cannot tell says so. Not calibrated, nobody knows where the door is: DoorState is null. Drifted, the sensor has failed:
DoorUnspecifiedError (Application Clusters 5.2.9.4). Either way the door does not count as closed, and a lock never locks itself:
a bolt that is thrown at an open door damages the frame, keeps the door from closing and has everybody believe that it is locked, while a door that
stays unlocked is seen, is told truly and can be locked by hand or by a wish. People forgive the lock that does not relock, not the one that
claims to have.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import isfinite
from typing import Final

from latchwork.doorlock.bolt import DoorPosition

MIN_STEP: Final = 0.02
"""Parts of the range that must lie between two positions: what is less is noise, and the door would seem to move by itself."""


class Calibration(IntEnum):
    """What is known of a sensor that measures."""

    NOT_CALIBRATED = 0
    """It was never shown this door, or has forgotten it."""
    CALIBRATED = 1
    DRIFTED = 2
    """It read what no position of this door reads: it, its magnet or the hinges have moved since it was shown the door."""


@dataclass(frozen=True, slots=True)
class DoorScale:
    """The readings of the three positions that the sensor was shown; see `scale_of`.

    Attributes:
        closed, ajar, open: readings, growing or falling in this order.
    """

    closed: float
    ajar: float
    open: float

    def position(self, reading: float) -> DoorPosition | None:
        """Where the leaf is; None for a reading that a closed door is too far from: nothing is more closed than closed.

        A door may open wider than it was shown, so there is no such end at the other side.
        """
        gaps = (reading - self.closed) / (self.ajar - self.closed)
        if not isfinite(gaps) or gaps < -0.5:
            return None
        if gaps < 0.5:
            return DoorPosition.CLOSED
        wide = (self.open - self.closed) / (self.ajar - self.closed)
        return DoorPosition.AJAR if gaps < (1 + wide) / 2 else DoorPosition.OPEN


@dataclass(frozen=True, slots=True)
class DoorSense:
    """What a sensor is worth, and its scale if it was shown the door.

    Attributes:
        calibration: whether its readings mean anything.
        scale: what they mean; None while it is not calibrated.
    """

    calibration: Calibration = Calibration.NOT_CALIBRATED
    scale: DoorScale | None = None


UNKNOWING: Final = DoorSense()
"""A sensor that was shown no door."""


def calibrated(scale: DoorScale) -> DoorSense:
    """A sensor that was shown the door."""
    return DoorSense(Calibration.CALIBRATED, scale)


def scale_of(*, closed: float, open: float, ajar: float) -> DoorScale | None:  # noqa: A002  # the name of the position
    """The scale of these readings; None when they contradict each other: two of them the same, or ajar not between the others."""
    if not all(map(isfinite, (closed, open, ajar))) or not is_span(closed, open):
        return None
    way = 1 if open > closed else -1
    if (ajar - closed) * way < MIN_STEP or (open - ajar) * way < MIN_STEP:
        return None
    return DoorScale(closed, ajar, open)


def is_span(closed: float, open: float) -> bool:  # noqa: A002  # as above
    """Whether there is room for a gap between a closed and an open door."""
    return abs(open - closed) >= 2 * MIN_STEP


def sensed(sense: DoorSense, reading: float | None) -> tuple[DoorSense, DoorPosition | None]:
    """What a reading says: the sensor as it is worth from now on, and where the leaf is.

    None is "cannot tell", FAULT a sensor that has failed. A drift stays until the sensor is shown the door again: who was wrong once is not
    believed because the next reading happens to fit.

    Args:
        sense: the sensor so far.
        reading: what it reads; None when nothing comes from it.
    """
    if sense.scale is None:
        return sense, None
    if sense.calibration is Calibration.DRIFTED or reading is None:
        return sense, DoorPosition.FAULT
    position = sense.scale.position(reading)
    if position is None:
        return DoorSense(Calibration.DRIFTED, sense.scale), DoorPosition.FAULT
    return sense, position
