"""A lock whose door sensor was not shown the door, or has drifted: it does not lock itself until somebody calibrates it.

An owner's story: the lock kept locking itself while the door was slightly ajar, and stopped doing so after it was calibrated.
"""

import asyncio
from dataclasses import replace

import pytest
from tests.support.hub import HubWorld
from tests.support.hub import tell as tell_hub
from tests.support.world import events_of, tell

from latchwork.base.errors import Misuse
from latchwork.devices.front_panel import FAREWELL_S
from latchwork.devices.lock_device import lock_of
from latchwork.devices.models import GENERIC, MODELS, U300
from latchwork.doorlock.bolt import BoltPosition
from latchwork.doorlock.door_sensor import Calibration
from latchwork.hub.house.desired import TroubleCode
from latchwork.hub.keeping.keeper import State
from latchwork.matter.model.clusters.door_lock import DoorLock, DoorStateEnum
from latchwork.node.config import NodeConfig
from latchwork.sim.faults import make_fault
from latchwork.sim.lock import VirtualLock
from latchwork.store.kv import MemoryStore

RELOCK_S = 30


def story(play, *faults, seed=0):
    """A lock in a home, with a door to its owner's wishes."""

    async def told(world):
        world.faults = faults

        def equip(lock):
            for name in faults:
                lock.put_fault(make_fault(name))

        lock = await world.lock(equip=equip)
        peer = await (await world.controller()).commission(lock.qr)
        await peer.set(1, DoorLock.auto_relock_time, RELOCK_S)
        return await play(world, lock, peer)

    return tell(told, seed)


def calibration(lock):
    return lock_of(lock.node).door.calibration


async def door_state(peer):
    return await peer.get(1, DoorLock.door_state)


async def unlocked(lock, door):
    """Somebody draws the bolt and leaves the door so, for longer than the lock waits."""
    lock.handle({"turn": "unlock"})
    lock.handle({door: True})
    await asyncio.sleep(RELOCK_S + 5)
    return lock.bolt.position()


def show(lock, *doors):
    """The steps of the menu."""
    for door in doors:
        lock.handle({door: True})
        lock.handle({"key": "#"})


async def calibrated_at_the_lock(lock):
    lock.handle({"turn": "unlock"})
    lock.handle({"press": "set"})
    lock.handle({"release": "set"})
    lock.handle({"key": "9"})
    assert lock.speaker.last == "door.close"
    show(lock, "close", "open", "ajar")
    assert lock.speaker.last == "door.calibrated"
    lock.handle({"key": "*"})


def test_a_lock_that_was_not_shown_its_door_never_locks_itself_until_it_is():
    async def play(_world, lock, peer):
        assert calibration(lock) is Calibration.NOT_CALIBRATED
        for door in ("ajar", "open", "close"):
            assert await unlocked(lock, door) is BoltPosition.UNLOCKED
            assert await door_state(peer) is None
        assert events_of(lock, DoorLock.door_state_change) == []
        await calibrated_at_the_lock(lock)
        assert calibration(lock) is Calibration.CALIBRATED
        assert await door_state(peer) is DoorStateEnum.DOOR_AJAR
        await asyncio.sleep(600)
        assert lock.state == "UNLOCKED"
        lock.handle({"close": True})
        await asyncio.sleep(2)  # what it owes since long
        assert lock.state == "LOCKED"
        assert await unlocked(lock, "ajar") is BoltPosition.UNLOCKED
        assert await unlocked(lock, "close") is BoltPosition.LOCKED

    story(play, "uncalibrated-sensor")


def test_a_magnet_that_slips_locks_an_ajar_door_until_it_is_noticed_and_calibration_ends_it():
    async def play(_world, lock, peer):
        assert await unlocked(lock, "ajar") is BoltPosition.UNLOCKED
        lock.put_fault(make_fault("drifted-sensor"))
        assert await door_state(peer) is DoorStateEnum.DOOR_CLOSED
        await asyncio.sleep(2)
        assert lock.state == "LOCKED"  # what the owner complains about
        lock.handle({"turn": "unlock"})
        lock.handle({"close": True})
        assert calibration(lock) is Calibration.DRIFTED
        assert await door_state(peer) is DoorStateEnum.DOOR_UNSPECIFIED_ERROR
        for door in ("ajar", "close", "open"):
            assert await unlocked(lock, door) is BoltPosition.UNLOCKED
        await calibrated_at_the_lock(lock)
        assert await unlocked(lock, "ajar") is BoltPosition.UNLOCKED
        assert await door_state(peer) is DoorStateEnum.DOOR_AJAR
        assert await unlocked(lock, "close") is BoltPosition.LOCKED

    story(play)


def test_what_a_sensor_knows_survives_restarts_and_power_cuts_and_no_factory_reset():
    async def restarted(lock):
        lock.restart()
        await lock.settled()

    async def cut(lock):
        lock.cut_power()
        await lock.settled()
        lock.restore_power()
        await lock.settled()

    async def play(_world, lock, _peer):
        lock.handle({"calibrate": True})
        for again in (restarted, cut):
            await again(lock)
            assert calibration(lock) is Calibration.CALIBRATED
        lock.put_fault(make_fault("drifted-sensor"))
        assert calibration(lock) is Calibration.DRIFTED
        lock.take_fault("drifted-sensor")
        for again in (restarted, cut):
            await again(lock)
            assert calibration(lock) is Calibration.DRIFTED
        lock.handle({"calibrate": True})
        lock.handle({"hold": "reset", "seconds": 11})
        await asyncio.sleep(12 + FAREWELL_S)
        assert not lock.is_commissioned
        for again in (restarted, cut):
            assert calibration(lock) is Calibration.NOT_CALIBRATED
            await again(lock)
        assert calibration(lock) is Calibration.NOT_CALIBRATED

    story(play)


def test_a_lock_is_restarted_while_its_sensor_is_shown_the_door():
    async def play(_world, lock, peer):
        lock.handle({"turn": "unlock"})
        lock.handle({"press": "set"})
        lock.handle({"release": "set"})
        lock.handle({"key": "9"})
        show(lock, "close", "open")
        assert await door_state(peer) is None
        lock.restart()
        await lock.settled()
        assert await door_state(peer) is DoorStateEnum.DOOR_OPEN
        assert calibration(lock) is Calibration.CALIBRATED

    story(play)


def test_nothing_is_locked_while_somebody_shows_the_sensor_the_door_and_cancelling_ends_that():
    async def play(_world, lock, _peer):
        lock.handle({"turn": "unlock"})
        await asyncio.sleep(RELOCK_S - 5)
        lock.handle({"press": "set"})
        lock.handle({"release": "set"})
        lock.handle({"key": "9"})
        await asyncio.sleep(20)
        assert lock.state == "UNLOCKED"
        lock.handle({"keys": "*"})
        assert lock.speaker.said[-1][1].startswith("The door sensor is as it was before.")
        await asyncio.sleep(2)
        assert lock.state == "LOCKED"

    story(play)


def test_a_sensor_that_forgets_while_the_lock_runs_tells_so():
    async def play(_world, lock, peer):
        told = []
        lock.on_told = told.append
        lock.put_fault(make_fault("uncalibrated-sensor"))
        assert await door_state(peer) is None
        lock.handle({"calibrate": True})
        assert await door_state(peer) is DoorStateEnum.DOOR_CLOSED
        sensed = [each["calibration"] for each in told if each["event"] == "door_sensor"]
        assert sensed == ["NotCalibrated", "Calibrated"]
        lock.restart()
        await lock.settled()
        assert calibration(lock) is Calibration.CALIBRATED

    story(play)


def test_how_long_a_door_was_open_is_not_counted_while_nobody_can_tell():
    async def play(_world, lock, peer):
        lock.handle({"turn": "unlock"})
        lock.handle({"open": True})
        await asyncio.sleep(130)
        lock.put_fault(make_fault("uncalibrated-sensor"))
        await asyncio.sleep(600)
        assert await peer.get(1, DoorLock.open_period) == 2
        assert events_of(lock, DoorLock.door_lock_alarm) == []
        lock.handle({"calibrate": True})
        await asyncio.sleep(70)
        assert await peer.get(1, DoorLock.open_period) == 1

    story(play)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_has_the_menu_of_its_sensor(model):
    lock = VirtualLock(NodeConfig(), MemoryStore(), model=model)
    assert ("calibrate_door" in [each.value for each in model.menu]) is model.has_door_sensor
    if model is U300:
        with pytest.raises(Misuse):
            lock.handle({"calibrate": True})
        with pytest.raises(Misuse):
            lock.put_fault(make_fault("drifted-sensor"))


# what a hub makes of it


def troubles(house: HubWorld):
    found = house.hub.repository.troubles(house.lock_id("Front"))
    return [(each.code, each.is_error) for each in found]


WARNED = [(TroubleCode.DOOR_SENSOR, False)]


def test_a_hub_warns_of_a_sensor_that_cannot_tell_with_what_to_do_about_it():
    async def play(house):
        device = await house.device("Front", "generic")
        device.put_fault(make_fault("uncalibrated-sensor"))
        await house.door("Back", "u300")
        added = await house.hub.locks.add(device.qr, door_name="Front", door_id=None, actor="test", tell=lambda _: None)
        await house.settle(60)
        assert troubles(house) == WARNED
        (trouble,) = house.hub.repository.troubles(added.id)
        assert "cannot tell" in trouble.message
        assert "Calibrate it at the lock" in trouble.advice
        assert house.hub.keepers.get(added.id).state is State.IN_LINE
        assert house.hub.repository.troubles(house.lock_id("Back")) == ()
        device.handle({"calibrate": True})
        await house.settle(60)
        assert troubles(house) == []
        device.put_fault(make_fault("drifted-sensor"))
        await house.settle(60)
        assert troubles(house) == WARNED
        assert house.hub.locks.status(added.id).door_state == "error"
        device.handle({"calibrate": True})
        await house.settle(60)
        assert troubles(house) == []

    tell_hub(play)


def test_a_hub_doubts_a_sensor_when_a_door_opens_that_locked_itself():
    async def play(house):
        await house.door("Front", replace(GENERIC, auto_relock_s=RELOCK_S))
        await house.settle(60)
        device = house.device_at("Front")
        device.handle({"turn": "unlock"})
        device.handle({"ajar": True})
        await house.settle(60)
        device.put_fault(make_fault("drifted-sensor"))
        await house.settle(RELOCK_S + 30)
        assert device.state == "LOCKED"
        assert troubles(house) == []
        device.handle({"force": True})  # it was never held
        await house.settle(60)
        assert troubles(house) == WARNED
        (trouble,) = house.hub.repository.troubles(house.lock_id("Front"))
        assert "somebody forced it" in trouble.message
        await calibrated_at_the_lock_of_a_home(device, house)
        assert troubles(house) == []

    tell_hub(play)


async def calibrated_at_the_lock_of_a_home(device, house):
    device.handle({"turn": "unlock"})
    device.handle({"press": "set"})
    device.handle({"release": "set"})
    device.handle({"key": "9"})
    for door in ("close", "open", "ajar"):
        await house.settle(20)
        show(device, door)
    device.handle({"key": "*"})
    device.handle({"close": True})
    await house.settle(120)
