"""Resets: a restart that loses nothing, and a factory reset that leaves nothing."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.front_door import FrontDoor
from tests.support.panel import MASTER
from tests.support.world import forgetful, tell

from latchwork.base.errors import LatchworkError
from latchwork.devices.lock_model import ResetPlace, SoftReset
from latchwork.devices.models import A100, GENERIC, MODELS, U400
from latchwork.doorlock.credentials import CredentialKind
from latchwork.matter.interaction.client import EventQuery
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock

CODE = b"909090"
EACH_MODEL = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
WITH_BUTTON = pytest.mark.parametrize(
    "model", [m for m in MODELS.values() if ResetPlace.SETTINGS_KEY not in m.reset.places] + [A100], ids=lambda m: m.key
)


async def lived_in(world, model):
    """A lock with a home, an administrator, somebody with a code and a finger, and settings of its owner."""
    door = await FrontDoor(world, model).start()
    peer = await (await world.controller()).commission(door.qr)
    await peer.set(0, BasicInformation.node_label, "Front door")
    await peer.set(1, DoorLock.auto_relock_time, 77)
    door.make_admin()
    await door.enter_setup()
    await door.keys("1#1")
    await door.enter(CODE)
    await door.enter(CODE)
    assert door.last_prompt == "user.enrolled"
    await door.keys("1#2")
    await asyncio.sleep(6)
    assert door.last_prompt == "user.enrolled"
    await door.keys("*")
    assert door.finger.templates == {b"thumb"}
    return door, peer


def is_as_new(door):
    users = list(door.register.users())
    keys = door.world.stores[door.name].keys("")
    # Where the bolt stands is nobody's secret, and true also of a lock that is new.
    left = [key for key in keys if not key.startswith(("identity/", "events/", "seal/", "a/", "lock/1/memory"))]
    assert (users, left, door.finger.templates) == ([], [], set())
    return forgetful(door)


async def is_as_it_was(door, peer):
    assert len(door.node.fabrics) == 1
    assert door.credential(CredentialKind.PIN, CODE) is not None
    assert door.finger.templates == {b"thumb"}
    assert await peer.get(0, BasicInformation.node_label) == "Front door"
    assert await peer.get(1, DoorLock.auto_relock_time) == 77
    await door.enter(CODE)
    assert door.is_open


# factory reset


@WITH_BUTTON
def test_reset_held_long_enough_leaves_nothing_and_the_lock_can_be_paired_again(model):
    async def play(world):
        door, peer = await lived_in(world, model)
        identity = door.node.identity
        await door.press("reset", model.reset.hold_s)
        assert door.last_prompt != "reset.done"
        await asyncio.sleep(1.5)
        assert door.last_prompt == "reset.done"
        assert is_as_new(door)
        assert door.node.identity is identity
        with pytest.raises(LatchworkError):
            await peer.get(0, BasicInformation.node_label)
        again = await (await world.controller("new owner")).commission(door.qr)
        assert await again.get(0, BasicInformation.node_label) == ""
        assert await again.get(1, DoorLock.auto_relock_time) == model.auto_relock_s
        await door.enter(CODE)
        assert door.last_prompt == "entry.wrong"

    tell(play)


@WITH_BUTTON
def test_reset_held_too_short_does_nothing(model):
    async def play(world):
        door, peer = await lived_in(world, model)
        said = len(door.voice.prompts)
        await door.press("reset", model.reset.hold_s - 0.1)
        await asyncio.sleep(5)
        assert len(door.voice.prompts) == said
        assert door.restarts == 0
        await is_as_it_was(door, peer)

    tell(play)


def test_nothing_comes_back_when_a_reset_lock_restarts():
    async def play(world):
        door, _peer = await lived_in(world, U400)
        await door.press("reset", 5)
        await asyncio.sleep(2)
        await door.power_cut()
        assert is_as_new(door)
        await door.press_set()
        assert door.last_prompt == "set.factory"

    tell(play)


def test_a_home_that_listens_hears_of_the_reset():
    async def play(world):
        door, peer = await lived_in(world, U400)
        heard = []
        await peer.subscribe(EventQuery(1, DoorLock.id, is_urgent=True), on_report=heard.extend, max_s=60)
        await door.press("reset", 5)
        await asyncio.sleep(3)
        alarms = [
            entry.value.alarm_code.name
            for entry in heard
            if isinstance(entry, EventValue) and entry.event == DoorLock.door_lock_alarm.id
        ]
        assert alarms == ["LOCK_FACTORY_RESET"]

    tell(play)


def test_the_settings_key_of_the_a100_resets_for_an_administrator_only():
    async def play(world):
        door, _peer = await lived_in(world, A100)
        await door.press("set", 11)
        await asyncio.sleep(2)
        await door.enter(b"000000")
        await door.press("set", 11)
        await asyncio.sleep(2)
        assert len(door.node.fabrics) == 1
        await door.enter(MASTER)
        await door.press("set", 10)
        await asyncio.sleep(2)
        assert door.last_prompt == "reset.done"
        assert is_as_new(door)

    tell(play)


def test_a_model_that_asks_for_the_administrator_resets_for_nobody_else():
    async def play(world):
        model = replace(GENERIC, key="careful", reset=replace(GENERIC.reset, needs_admin=True))
        door, _peer = await lived_in(world, model)
        await door.press("reset", 10)
        assert door.last_prompt == "verify.reset"
        await door.enter(b"111111")
        await asyncio.sleep(2)
        assert len(door.node.fabrics) == 1
        await door.enter(MASTER)
        await asyncio.sleep(2)
        assert is_as_new(door)

    tell(play)


def test_a_reset_from_the_menu_asks_once_more():
    async def play(world):
        door, _peer = await lived_in(world, GENERIC)
        await door.enter_setup()
        await door.keys("8")
        assert door.last_prompt == "reset.confirm"
        await door.keys("#")
        await asyncio.sleep(2)
        assert is_as_new(door)

    tell(play)


def test_a_reset_is_not_stopped_by_a_commissioner_at_work():
    async def play(world):
        door, peer = await lived_in(world, U400)
        await asyncio.sleep(600)
        code = await peer.open_window()
        other = await world.controller("other")
        commissioning = asyncio.ensure_future(other.commission(code))
        await asyncio.sleep(0.05)
        await door.press("reset", 5)
        await asyncio.gather(commissioning, return_exceptions=True)
        await asyncio.sleep(2)
        assert is_as_new(door)
        assert not door.node.fail_safe.is_armed

    tell(play)


# soft reset


@pytest.mark.parametrize(
    "model", [m for m in MODELS.values() if SoftReset.SHORT_PRESS in m.reset.soft], ids=lambda m: m.key
)
def test_a_short_press_restarts_and_loses_nothing(model):
    async def play(world):
        door, peer = await lived_in(world, model)
        await door.press("reset", 0.5)
        assert door.last_prompt == "reset.restarting"
        assert door.restarts == 1
        await door.close()
        await door.start()
        await is_as_it_was(door, peer)

    tell(play)


@pytest.mark.parametrize(
    "model", [m for m in MODELS.values() if SoftReset.BATTERIES in m.reset.soft], ids=lambda m: m.key
)
def test_batteries_out_and_in_again_lose_nothing(model):
    async def play(world):
        door, peer = await lived_in(world, model)
        await door.power_cut()
        await is_as_it_was(door, peer)

    tell(play)


@pytest.mark.parametrize("model", [m for m in MODELS.values() if SoftReset.MENU in m.reset.soft], ids=lambda m: m.key)
def test_a_restart_from_the_menu_loses_nothing(model):
    async def play(world):
        door, peer = await lived_in(world, model)
        await door.enter_setup()
        await door.keys("7")
        assert door.restarts == 1
        await door.close()
        await door.start()
        await is_as_it_was(door, peer)

    tell(play)
