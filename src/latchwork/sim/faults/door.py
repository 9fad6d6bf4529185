"""Faults of the door and its motor: it jams, it stays ajar, its sensor does not know it, it is slow, its battery is flat.

Layer sim: on virtual parts. A lock with real ones has real faults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from latchwork.base.errors import Misuse
from latchwork.devices.lock_device import lock_of
from latchwork.doorlock.bolt import DoorPosition
from latchwork.sim.door import AJAR_AS_CLOSED
from latchwork.sim.faults.fault import Fault, seconds

if TYPE_CHECKING:
    from latchwork.sim.lock import VirtualLock

_FLAT_PERCENT: Final = 1.0


class Jammed(Fault):
    """Something is in the way of the bolt."""

    name = "jammed"
    what = "the bolt does not get there, by motor or by hand"

    def begin(self, lock: VirtualLock) -> None:
        """Block the bolt."""
        _virtual_bolt(lock, self.name)
        lock.bolt.is_blocked = True

    def end(self, lock: VirtualLock) -> None:
        """Take away what blocks it."""
        lock.bolt.is_blocked = False


class Slow(Fault):
    """A slow motor."""

    name = "slow"
    what = "every movement of the bolt takes so long"
    takes = "SECONDS"
    default = "3"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        self._seconds = seconds(self)
        self._before = 0.0

    def begin(self, lock: VirtualLock) -> None:
        """Slow the motor down."""
        _virtual_bolt(lock, self.name)
        self._before, lock.bolt.travel_s = lock.bolt.travel_s, self._seconds

    def end(self, lock: VirtualLock) -> None:
        """Let it be as quick as it was."""
        lock.bolt.travel_s = self._before


class Ajar(Fault):
    """A warped door."""

    name = "ajar"
    what = "the door does not close: its sensor says ajar where it should say closed"

    def begin(self, lock: VirtualLock) -> None:
        """Warp the door; one that is closed springs open a little if the bolt lets it."""
        _virtual_sensor(lock)
        lock.door.is_warped = True
        if lock.door.position() is DoorPosition.CLOSED and lock.door.open():
            lock.door.put(DoorPosition.AJAR)

    def end(self, lock: VirtualLock) -> None:
        """Mend the door; a gap is closed when somebody closes it."""
        lock.door.is_warped = False


class UncalibratedSensor(Fault):
    """A lock that was put up in a hurry."""

    name = "uncalibrated-sensor"
    what = "its door sensor was never shown the door, or forgets it now: it cannot tell where the door is until it is calibrated"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        self._is_done = False

    def begin(self, lock: VirtualLock) -> None:
        """Forget the door; once only, for whoever calibrates the sensor ends it."""
        _virtual_gauge(lock)
        if lock.node.runtime is not None:
            self._forget(lock)

    def started(self, lock: VirtualLock) -> None:
        """Its sensor is there now."""
        self._forget(lock)

    def _forget(self, lock: VirtualLock) -> None:
        if not self._is_done:
            self._is_done = True
            lock_of(lock.node).forget_door()


class DriftedSensor(Fault):
    """A magnet that has slipped."""

    name = "drifted-sensor"
    what = "its door sensor takes ajar for closed, until it sees a closed door and notices that it cannot tell any more"

    def begin(self, lock: VirtualLock) -> None:
        """Let the magnet slip."""
        _virtual_gauge(lock)
        lock.door.gauge.drift = AJAR_AS_CLOSED

    def end(self, lock: VirtualLock) -> None:
        """Put the magnet back; a sensor that has noticed its drift must be calibrated all the same."""
        lock.door.gauge.drift = 0.0


class FlatBattery(Fault):
    """Not enough for the motor."""

    name = "flat-battery"
    what = "the battery is critical and the motor is not moved any more: commands are refused, the key works"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        self._before = 100.0

    def begin(self, lock: VirtualLock) -> None:
        """Let the battery run down."""
        if lock.hardware.battery is not lock.battery:
            raise Misuse("this lock has no virtual battery")
        self._before = lock.battery.percent()
        lock.bolt.has_power = False
        lock.battery.put(_FLAT_PERCENT)

    def end(self, lock: VirtualLock) -> None:
        """Put in fresh cells."""
        lock.bolt.has_power = True
        if lock.battery.percent() == _FLAT_PERCENT:
            lock.battery.put(self._before)


def _virtual_sensor(lock: VirtualLock) -> None:
    if lock.hardware.door_sensor is not lock.door:
        raise Misuse("this lock has no virtual door sensor")


def _virtual_gauge(lock: VirtualLock) -> None:
    if lock.hardware.door_gauge is not lock.door.gauge:
        raise Misuse("this lock has no virtual door sensor that is calibrated")


def _virtual_bolt(lock: VirtualLock, name: str) -> None:
    if lock.hardware.bolt is not lock.bolt:
        raise Misuse(f"the bolt of this lock is a real one: it cannot be {name}")
