"""The door's sensor as the lock hears it: a contact that says where the leaf is, or a gauge whose readings were given a meaning.

Layer devices; between the ports and `doorlock.door_sensor`, whose rules it carries out. Knows no cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from latchwork.base.logs import log, logger
from latchwork.doorlock.bolt import DoorPosition
from latchwork.doorlock.door_sensor import UNKNOWING, Calibration, DoorScale, DoorSense, calibrated, sensed

if TYPE_CHECKING:
    from latchwork.devices.door_lock_memory import StoredLock
    from latchwork.devices.hardware import Hardware

_LOG = logger(__name__)
_OF_ITS_OWN: Final = frozenset({DoorPosition.JAMMED, DoorPosition.FAULT, DoorPosition.FORCED_OPEN})
"""What a contact beside a gauge knows without a scale."""


class DoorWatch:
    """What is known of one door's leaf.

    Attributes:
        on_sense: called with what the gauge is worth when that becomes another.
        is_shown: the gauge is being shown the door, and what it reads meanwhile is no position.
    """

    __slots__ = ("_hardware", "_memory", "_sense", "is_shown", "on_sense")

    def __init__(self, hardware: Hardware, memory: StoredLock) -> None:
        self._hardware = hardware
        self._memory = memory
        self._sense = UNKNOWING
        self.is_shown = False
        self.on_sense: Callable[[DoorSense], None] = _nothing

    @property
    def is_there(self) -> bool:
        """Whether anything tells of the leaf."""
        return self._hardware.door_sensor is not None or self.measures

    @property
    def measures(self) -> bool:
        """Whether it is a gauge, which can be calibrated."""
        return self._hardware.door_gauge is not None

    @property
    def calibration(self) -> Calibration | None:
        """What the gauge is worth; None for a contact, which needs no calibration, and for no sensor."""
        return self._sense.calibration if self.measures else None

    def reading(self) -> float | None:
        """What the gauge reads now, 0 to 1; None when nothing comes from it, or there is none."""
        gauge = self._hardware.door_gauge
        return None if gauge is None else gauge.reading()

    def recall(self) -> None:
        """Know again what was stored; a gauge of which nothing was ever stored knows what whoever installed it measured.

        Raises:
            StoreError: it is damaged.
        """
        gauge = self._hardware.door_gauge
        if gauge is None:
            return
        stored = self._memory.door_sense
        scale = gauge.installed()
        fresh = UNKNOWING if scale is None else calibrated(scale)
        self._sense = fresh if stored is None else stored
        self.is_shown = False

    def position(self) -> DoorPosition | None:
        """Where the leaf is; None when that cannot be told. Call it in a turn: a drift that it notices is stored."""
        sensor, gauge = self._hardware.door_sensor, self._hardware.door_gauge
        said = None if sensor is None else sensor.position()
        if gauge is None:
            return said
        if self.is_shown:
            return None
        sense, position = sensed(self._sense, gauge.reading())
        if sense != self._sense:
            log(_LOG, 30, "door_sensor.drifted")
            self._become(sense)
        return said if said in _OF_ITS_OWN and position not in (None, DoorPosition.FAULT) else position

    def listen(self, moved: Callable[[DoorPosition], None], looked: Callable[[], None]) -> None:
        """Have `moved` called with what a contact says, or `looked` whenever `position` may be another."""
        sensor, gauge = self._hardware.door_sensor, self._hardware.door_gauge
        if gauge is not None:
            gauge.listen(looked)
        if sensor is not None:
            sensor.listen(moved if gauge is None else lambda _: looked())

    def calibrate(self, scale: DoorScale) -> None:
        """The readings mean this from now on. Call it in a turn."""
        self._become(calibrated(scale))

    def forget(self) -> None:
        """The readings mean nothing any more. Call it in a turn."""
        if self.measures:
            self._become(UNKNOWING)

    def _become(self, sense: DoorSense) -> None:
        self._sense = self._memory.door_sense = sense
        self.on_sense(sense)


def _nothing(_sense: DoorSense) -> None:
    """Nobody wants to know."""
