"""Faults of the clock: a date that is decades off, and none at all.

Layer sim: on the lock's clock and on what its node knows of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from latchwork.sim.faults.fault import Fault, whole

if TYPE_CHECKING:
    from latchwork.node.node import Node
    from latchwork.sim.lock import VirtualLock

_YEAR_S: Final = 365.25 * 86_400


class ClockOff(Fault):
    """The wrong date."""

    name = "clock-off"
    what = "its clock is so many years ahead; behind, with a minus sign"
    takes = "YEARS"
    default = "-30"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        self._years = whole(self, -30, 100)

    def begin(self, lock: VirtualLock) -> None:
        """Set it wrong."""
        lock.clock.wrong_by_s = self._years * _YEAR_S
        _changed(lock.node)

    def end(self, lock: VirtualLock) -> None:
        """Set it right."""
        lock.clock.wrong_by_s = 0.0
        _changed(lock.node)


class ClockUnset(Fault):
    """No date."""

    name = "clock-unset"
    what = "it does not know the date until an administrator sets its clock, and forgets it with each restart"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        self._knew = True

    def begin(self, lock: VirtualLock) -> None:
        """Forget the date."""
        self._knew = lock.node.has_time
        self.born(lock)
        _changed(lock.node)

    def end(self, lock: VirtualLock) -> None:
        """Know it again."""
        lock.node.has_time = lock.node.has_time or self._knew
        _changed(lock.node)

    def born(self, lock: VirtualLock) -> None:
        """A node begins without."""
        lock.node.has_time = False


def _changed(node: Node) -> None:
    runtime = node.runtime
    if runtime is None:
        return
    # Certificates are checked against this date.
    runtime.set_clock((lambda: node.clock.utc() + node.utc_offset_us / 1_000_000) if node.has_time else None)
    with node.turn():
        node.time_changed()
