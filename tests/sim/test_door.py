"""The virtual door: it obeys, takes its time, jams, and can be moved by hands."""

import asyncio
from collections.abc import Callable

import pytest

from latchwork.base.clock import ManualClock
from latchwork.devices.hardware import Outcome
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.sim.door import VirtualBolt, VirtualDoor

LOCKED, UNLOCKED = BoltPosition.LOCKED, BoltPosition.UNLOCKED


class Minutes:
    """A timetable that runs when told."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.due: list[tuple[float, Callable[[], None]]] = []

    def call_at(self, when: float, callback: Callable[[], None]) -> None:
        self.due.append((when, callback))

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for when, callback in self.due:
            if when <= self.clock.monotonic():
                callback()


def test_a_bolt_moves_at_once_by_default() -> None:
    bolt = VirtualBolt()
    assert bolt.move(UNLOCKED) is Outcome.ARRIVED
    assert bolt.position() is UNLOCKED
    assert bolt.moves == [UNLOCKED]


def test_a_blocked_bolt_jams_and_hands_fail() -> None:
    bolt = VirtualBolt()
    bolt.is_blocked = True
    assert bolt.move(UNLOCKED) is Outcome.JAMMED
    assert bolt.position() is BoltPosition.BETWEEN
    assert not bolt.turn(UNLOCKED)


async def test_a_slow_bolt_arrives_when_its_time_has_come() -> None:
    time = Minutes()
    bolt = VirtualBolt(travel_s=2.0, timetable=time)
    arrival = bolt.move(UNLOCKED)
    assert isinstance(arrival, asyncio.Future)
    time.advance(1.9)
    assert not arrival.done()
    assert bolt.position() is BoltPosition.BETWEEN
    time.advance(0.1)
    assert await arrival is Outcome.ARRIVED
    assert bolt.position() is UNLOCKED


async def test_a_second_movement_takes_the_place_of_the_first() -> None:
    time = Minutes()
    bolt = VirtualBolt(travel_s=2.0, timetable=time)
    first = bolt.move(UNLOCKED)
    second = bolt.move(LOCKED)
    time.advance(2.0)
    assert isinstance(first, asyncio.Future)
    assert first.cancelled()
    assert not isinstance(second, Outcome)
    assert await second is Outcome.ARRIVED
    assert bolt.position() is LOCKED


def test_a_hand_is_felt() -> None:
    felt: list[tuple[BoltPosition, bool]] = []
    bolt = VirtualBolt()
    bolt.listen(lambda position, by_hand: felt.append((position, by_hand)))
    assert bolt.turn(UNLOCKED)
    bolt.turn(LOCKED, by_hand=False)
    assert felt == [(UNLOCKED, True), (LOCKED, False)]


def test_a_thrown_bolt_holds_the_door() -> None:
    seen: list[DoorPosition] = []
    door = VirtualDoor(VirtualBolt())
    door.listen(seen.append)
    assert not door.open()
    door.bolt.turn(UNLOCKED)
    assert door.open()
    door.bolt.turn(LOCKED)
    assert not door.close()
    door.bolt.turn(UNLOCKED)
    assert door.close()
    assert seen == [DoorPosition.OPEN, DoorPosition.CLOSED]


@pytest.mark.parametrize("position", [LOCKED, UNLOCKED])
def test_force_opens_any_door(position: BoltPosition) -> None:
    door = VirtualDoor(VirtualBolt(position))
    door.force_open()
    assert door.position() is DoorPosition.OPEN
