"""The door's sensor as the lock hears it: a contact, a gauge, or both."""

import pytest
from tests.support.world import dice

from latchwork.devices.door_lock_memory import StoredLock
from latchwork.devices.door_watch import DoorWatch
from latchwork.devices.hardware import Hardware
from latchwork.doorlock.bolt import DoorPosition
from latchwork.doorlock.door_sensor import UNKNOWING, Calibration, DoorScale, DoorSense, calibrated
from latchwork.node.persistence import Ledger
from latchwork.sim.door import AJAR_AS_CLOSED, VirtualBolt, VirtualDoor
from latchwork.store.errors import StoreDamaged
from latchwork.store.kv import MemoryStore

KEY = "lock/1/door_sensor"
SCALE = DoorScale(0.25, 0.5, 0.75)


@pytest.fixture
def memory():
    return StoredLock(Ledger(MemoryStore()), 1, dice(1))


def watched(memory, *, contact=True, gauge=True):
    bolt = VirtualBolt()
    door = VirtualDoor(bolt)
    parts = Hardware(bolt=bolt, door_sensor=door if contact else None, door_gauge=door.gauge if gauge else None)
    watch = DoorWatch(parts, memory)
    watch.recall()
    return watch, door


@pytest.mark.parametrize("sense", [UNKNOWING, calibrated(SCALE), DoorSense(Calibration.DRIFTED, SCALE)])
def test_what_a_sensor_is_worth_is_stored_whole(memory, sense):
    assert memory.door_sense is None
    memory.door_sense = sense
    assert memory.door_sense == sense
    memory.erase()
    assert memory.door_sense is None


@pytest.mark.parametrize("octets", [b"", b"\x15\x18", b"\x15\x24\x00\x01\x18", b"\x15\x24\x00\x07\x18"])
def test_a_damaged_calibration_is_said_and_not_guessed(memory, octets):
    memory._ledger.put(KEY, octets)
    with pytest.raises(StoreDamaged):
        _ = memory.door_sense


def test_a_contact_needs_no_calibration(memory):
    watch, door = watched(memory, gauge=False)
    moved, looked = [], []
    watch.listen(moved.append, lambda: looked.append(1))
    door.put(DoorPosition.AJAR)
    assert (watch.position(), moved, looked) == (DoorPosition.AJAR, [DoorPosition.AJAR], [])
    assert (watch.calibration, watch.measures, watch.reading(), watch.is_there) == (None, False, None, True)
    watch.forget()
    assert memory.door_sense is None


def test_a_gauge_alone_is_a_sensor(memory):
    watch, door = watched(memory, contact=False)
    for position in (DoorPosition.OPEN, DoorPosition.AJAR, DoorPosition.CLOSED):
        door.put(position)
        assert watch.position() is position
    door.put(DoorPosition.FAULT)
    assert watch.position() is DoorPosition.FAULT


def test_without_any_part_nobody_knows_where_the_door_is(memory):
    watch, _door = watched(memory, contact=False, gauge=False)
    assert (watch.position(), watch.is_there, watch.calibration) == (None, False, None)


@pytest.mark.parametrize("position", [DoorPosition.JAMMED, DoorPosition.FORCED_OPEN, DoorPosition.FAULT])
def test_a_contact_beside_a_gauge_tells_what_needs_no_scale(memory, position):
    watch, door = watched(memory)
    door.put(position)
    assert watch.position() is position
    watch.forget()
    assert watch.position() is None


def test_a_gauge_is_calibrated_drifts_and_forgets_and_each_is_told_once_and_stored(memory):
    watch, door = watched(memory)
    told, looked = [], []
    watch.on_sense = lambda sense: told.append(sense.calibration)
    watch.listen(lambda _: None, lambda: looked.append(watch.position()))
    door.gauge.drift = AJAR_AS_CLOSED
    assert looked == [DoorPosition.FAULT]
    assert watch.position() is DoorPosition.FAULT
    assert memory.door_sense.calibration is Calibration.DRIFTED
    watch.calibrate(SCALE)
    watch.forget()
    assert told == [Calibration.DRIFTED, Calibration.CALIBRATED, Calibration.NOT_CALIBRATED]
    again, _ = watched(memory)
    assert again.calibration is Calibration.NOT_CALIBRATED


def test_a_gauge_that_is_shown_the_door_tells_nothing(memory):
    watch, door = watched(memory)
    watch.is_shown = True
    assert watch.position() is None
    assert watch.reading() == door.gauge.at(DoorPosition.CLOSED)


def test_a_gauge_that_nobody_installed_waits_to_be_shown_the_door(memory):
    watch, door = watched(memory)
    door.gauge.is_installed = False
    watch.recall()
    assert (watch.calibration, watch.position()) == (Calibration.NOT_CALIBRATED, None)
