"""A virtual door: a leaf that swings, a bolt that moves at once, takes its time or jams, and hands that turn it.

Layer sim: implements the ports of `devices.hardware` for virtual homes and tests; knows no cluster. Time is whatever `call_at` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import MappingProxyType
from typing import Final, Protocol

from latchwork.base.clock import Clock
from latchwork.devices.hardware import Outcome
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.doorlock.door_sensor import DoorScale

_MOVES: Final = 100


class Timetable(Protocol):
    """What has things done later: a node is one."""

    @property
    def clock(self) -> Clock:
        """What tells the time."""

    def call_at(self, when: float, callback: Callable[[], None]) -> object:
        """Have `callback` called at `when`, seconds of `clock.monotonic()`."""


class VirtualBolt:
    """A bolt with a motor, and a thumb-turn that hands can use.

    Attributes:
        travel_s: seconds that a movement takes; needs `timetable` when not 0.
        is_blocked: something is in the way: motor movements jam, hands fail.
        timetable: what movements that take time are timed with.
        has_power: without, the motor gives up where it is.
        moves: every position that the motor was asked for, the newest 100.
        on_changed: called with each new position, whoever moved it there.
        on_driven: called whenever the motor is started.
    """

    __slots__ = (
        "_arrival",
        "_position",
        "_turned",
        "has_power",
        "is_blocked",
        "moves",
        "on_changed",
        "on_driven",
        "timetable",
        "travel_s",
    )

    def __init__(
        self,
        position: BoltPosition = BoltPosition.LOCKED,
        *,
        travel_s: float = 0.0,
        timetable: Timetable | None = None,
    ) -> None:
        self.travel_s = travel_s
        self.timetable = timetable
        self.is_blocked = False
        self.has_power = True
        self.moves: list[BoltPosition] = []
        self.on_changed: Callable[[BoltPosition], None] = lambda _: None
        self.on_driven: Callable[[], None] = lambda: None
        self._position = position
        self._arrival: asyncio.Future[Outcome] | None = None
        self._turned: Callable[[BoltPosition, bool], None] | None = None

    def position(self) -> BoltPosition:
        """Where the bolt is."""
        return self._position

    def move(self, position: BoltPosition) -> Outcome | asyncio.Future[Outcome]:
        """Drive the bolt there."""
        self.stop()
        self.moves.append(position)
        del self.moves[:-_MOVES]
        if not self.has_power:
            return Outcome.JAMMED
        self.on_driven()
        if self.timetable is None or not self.travel_s:
            return self._finish(position)
        self._put(BoltPosition.BETWEEN)
        arrival: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._arrival = arrival

        def arrive() -> None:
            if not arrival.done():
                arrival.set_result(self._finish(position))

        self.timetable.call_at(self.timetable.clock.monotonic() + self.travel_s, arrive)
        return arrival

    def stop(self) -> None:
        """Cut the motor."""
        arrival, self._arrival = self._arrival, None
        if arrival is not None and not arrival.done():
            arrival.cancel()

    def listen(self, turned: Callable[[BoltPosition, bool], None]) -> None:
        """Have `turned` called when a hand moves the bolt."""
        self._turned = turned

    def turn(self, position: BoltPosition, *, by_hand: bool = True) -> bool:
        """A hand turns the bolt there; False when something is in the way."""
        if self.is_blocked:
            return False
        self._put(position)
        if self._turned is not None:
            self._turned(position, by_hand)
        return True

    def _finish(self, position: BoltPosition) -> Outcome:
        if self.is_blocked:
            self._put(BoltPosition.BETWEEN)
            return Outcome.JAMMED
        self._put(position)
        return Outcome.ARRIVED

    def _put(self, position: BoltPosition) -> None:
        if position is not self._position:
            self._position = position
            self.on_changed(position)


class VirtualDoor:
    """A leaf in a frame with a contact, held by a bolt.

    Attributes:
        bolt: what holds it.
        is_warped: it does not close any more, the gap stays.
        on_changed: called with each new position of the leaf.
        gauge: what measures how far the leaf is from the frame.
    """

    __slots__ = ("_moved", "_position", "bolt", "gauge", "is_warped", "on_changed")

    def __init__(self, bolt: VirtualBolt, position: DoorPosition | None = DoorPosition.CLOSED) -> None:
        self.bolt = bolt
        self.is_warped = False
        self.on_changed: Callable[[DoorPosition], None] = lambda _: None
        self._position = position
        self._moved: Callable[[DoorPosition], None] | None = None
        self.gauge = VirtualGauge(self)

    def position(self) -> DoorPosition | None:
        """Where the leaf is."""
        return self._position

    def listen(self, moved: Callable[[DoorPosition], None]) -> None:
        """Have `moved` called when the leaf moves."""
        self._moved = moved

    def open(self) -> bool:
        """Somebody opens the door; False when the bolt holds it."""
        if self._position is DoorPosition.CLOSED and self.bolt.position() is BoltPosition.LOCKED:
            return False
        self.put(DoorPosition.OPEN)
        return True

    def force_open(self) -> None:
        """Somebody opens the door whatever the bolt does."""
        self.put(DoorPosition.OPEN)

    def close(self) -> bool:
        """Somebody closes the door; False when the bolt sticks out against the frame."""
        if self._position is not DoorPosition.CLOSED and self.bolt.position() is BoltPosition.LOCKED:
            return False
        self.put(DoorPosition.AJAR if self.is_warped else DoorPosition.CLOSED)
        return True

    def put(self, position: DoorPosition) -> None:
        """The contact sees the leaf there."""
        if position is not self._position:
            self._position = position
            self.on_changed(position)
        if self._moved is not None:
            self._moved(position)


class VirtualGauge:
    """A sensor of a magnet's field: it reads more the further the leaf is from the frame, and knows of no position.

    Args:
        door: the leaf.

    Attributes:
        drift: how much too high it reads, a part of its range.
        is_installed: whoever installed it measured it, as long as it has forgotten nothing.
    """

    __slots__ = ("_changed", "_door", "_drift", "is_installed")

    def __init__(self, door: VirtualDoor) -> None:
        self.is_installed = True
        self._door = door
        self._drift = 0.0
        self._changed: Callable[[], None] | None = None

    @property
    def drift(self) -> float:
        """How much too high it reads; lower when negative."""
        return self._drift

    @drift.setter
    def drift(self, drift: float) -> None:
        if drift != self._drift:
            self._drift = drift
            if self._changed is not None:
                self._changed()

    def reading(self) -> float | None:
        """What it reads: nothing when the door's sensor has failed."""
        position = self._door.position()
        return None if position is None else self.at(position)

    def at(self, position: DoorPosition) -> float | None:
        """What it reads of a leaf there."""
        reading = _READINGS.get(position)
        return None if reading is None else round(reading + self._drift, 6)

    def installed(self) -> DoorScale | None:
        """What it reads without a drift."""
        return _scale(0.0) if self.is_installed else None

    def shown(self) -> DoorScale:
        """What it reads when somebody shows it the door now."""
        return _scale(self._drift)

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when it reads something else; the door tells by itself when its leaf moves."""
        self._changed = changed


_READINGS: Final = MappingProxyType(
    {
        DoorPosition.CLOSED: 0.2,
        DoorPosition.JAMMED: 0.2,
        DoorPosition.AJAR: 0.3,
        DoorPosition.OPEN: 0.9,
        DoorPosition.FORCED_OPEN: 0.9,
    }
)
"""Positions as parts of the sensor's range; a failed sensor reads nothing."""
AJAR_AS_CLOSED: Final = -0.1
"""The drift with which a leaf that is ajar reads what a closed one read."""


def _scale(drift: float) -> DoorScale:
    shown = (DoorPosition.CLOSED, DoorPosition.AJAR, DoorPosition.OPEN)
    closed, ajar, opened = (round(_READINGS[each] + drift, 6) for each in shown)
    return DoorScale(closed, ajar, opened)
