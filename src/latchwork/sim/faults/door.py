"""Faults of the door and its motor: it jams, it stays ajar, it is slow, its battery is flat.

Layer sim: on virtual parts. A lock with real ones has real faults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from latchwork.base.errors import Misuse
from latchwork.devices.door_lock import DoorLockBehavior
from latchwork.devices.lock_device import lock_of
from latchwork.doorlock.bolt import DoorPosition
from latchwork.doorlock.inputs import Changed
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.model.meta import Command
from latchwork.sim.faults.fault import Fault, seconds
from latchwork.sim.seams import Answer

if TYPE_CHECKING:
    from latchwork.sim.lock import VirtualLock

_FLAT_PERCENT: Final = 3.0


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
        if lock.hardware.door_sensor is not lock.door:
            raise Misuse("this lock has no virtual door sensor")
        lock.door.is_warped = True
        if lock.door.position() is DoorPosition.CLOSED and lock.door.open():
            lock.door.put(DoorPosition.AJAR)

    def end(self, lock: VirtualLock) -> None:
        """Mend the door; a gap is closed when somebody closes it."""
        lock.door.is_warped = False


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
        _have_power(lock, has_power=False)
        lock.seams.rules.insert(0, self._keep_flat)

    def end(self, lock: VirtualLock) -> None:
        """Put in fresh cells."""
        lock.seams.rules.remove(self._keep_flat)
        lock.bolt.has_power = True
        if lock.battery.percent() == _FLAT_PERCENT:
            lock.battery.put(self._before)
        _have_power(lock, has_power=True)

    @staticmethod
    def _keep_flat(
        lock: DoorLockBehavior,
        _command: Command,
        _request: Any,
        _context: RequestContext,
        proceed: Callable[[], Answer],
    ) -> Answer:
        # A restart and every write of a setting make the machine's settings anew.
        settings = lock.lock.bolt.settings
        if settings.has_power:
            lock.tell(Changed(replace(settings, has_power=False)))
        return proceed()


def _have_power(lock: VirtualLock, *, has_power: bool) -> None:
    node = lock.node
    if node.runtime is None:
        return  # not started: nothing moves the bolt before the first command, which looks again
    with node.turn():
        behavior = lock_of(node)
        behavior.tell(Changed(replace(behavior.lock.bolt.settings, has_power=has_power)))


def _virtual_bolt(lock: VirtualLock, name: str) -> None:
    if lock.hardware.bolt is not lock.bolt:
        raise Misuse(f"the bolt of this lock is a real one: it cannot be {name}")
