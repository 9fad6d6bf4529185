"""At the door: coming home, programming, and what the voice says."""

import asyncio

import pytest
from tests.support.front_door import FrontDoor
from tests.support.panel import MASTER
from tests.support.world import events_of, tell

from latchwork.devices.models import GENERIC, U400
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.users import UserType
from latchwork.matter.interaction.client import EventQuery
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock, SetCredential, SetUser

DOOR_EVENTS = EventQuery(1, DoorLock.id, is_urgent=True)
CODE = b"909090"
CARD = b"\x04\x11\x22\x33"


async def home_with_admin(world, model=GENERIC):
    door = await FrontDoor(world, model).start()
    peer = await (await world.controller()).commission(door.qr)
    door.make_admin()
    return door, peer


async def add_code(peer, user, code, **user_values):
    """As an app does it."""
    values = {"user_name": "Ann", "user_unique_id": 6, "user_status": 1, "user_type": 0, "credential_rule": 0}
    await peer.invoke(
        1, DoorLock.set_user, SetUser(operation_type=0, user_index=user, **(values | user_values)), timed_ms=5000
    )
    response = await peer.invoke(
        1,
        DoorLock.set_credential,
        SetCredential(
            operation_type=0,
            credential=wire.CredentialStruct(credential_type=1, credential_index=user),
            credential_data=code,
            user_index=user,
            user_status=None,
            user_type=None,
        ),
        timed_ms=5000,
    )
    assert response.status == 0


# coming home


def test_a_code_enrolled_at_the_door_opens_it():
    async def play(world):
        door, _peer = await home_with_admin(world)
        await door.enter_setup()
        await door.keys("1#1")
        await door.enter(CODE)
        await door.enter(CODE)
        assert door.last_prompt == "user.enrolled"
        assert "user 2" in door.voice.texts[-1]
        assert not door.is_open
        await door.keys("*")
        assert door.last_prompt == "setup.ended"
        await door.enter(CODE)
        assert door.last_prompt == "entry.opened"
        assert door.is_open

    tell(play)


def test_a_home_hears_who_was_added_at_the_door_and_who_came_in():
    async def play(world):
        door, peer = await home_with_admin(world)
        heard = []
        await peer.subscribe(DOOR_EVENTS, on_report=heard.extend, max_s=60)
        await door.enter_setup()
        await door.keys("1#1")
        await door.enter(CODE)
        await door.enter(CODE)
        await door.keys("*")
        await door.enter(CODE)
        await asyncio.sleep(2)
        told = [entry for entry in heard if isinstance(entry, EventValue)]
        (operation,) = [entry.value for entry in told if entry.event == DoorLock.lock_operation.id]
        assert operation.operation_source == wire.OperationSourceEnum.KEYPAD
        assert operation.user_index == 2
        changes = [entry.value for entry in told if entry.event == DoorLock.lock_user_change.id]
        added = [change for change in changes if change.user_index == 2]
        assert {change.operation_source for change in added} == {wire.OperationSourceEnum.KEYPAD}
        assert {change.fabric_index for change in added} == {None}

    tell(play)


def test_a_finger_enrolled_at_the_door_opens_it_and_goes_with_its_user():
    async def play(world):
        door, _peer = await home_with_admin(world)
        await door.enter_setup()
        await door.keys("1#2")
        assert door.last_prompt == "finger.place"
        await asyncio.sleep(6)
        assert door.last_prompt == "user.enrolled"
        await door.keys("*")
        await door.show_finger(b"thumb")
        assert door.is_open
        await door.enter_setup()
        await door.keys("2" + "2##")
        assert door.last_prompt == "user.removed"
        await door.keys("*")
        await door.show_finger(b"thumb")
        assert door.last_prompt == "entry.wrong"
        assert not door.finger.templates

    tell(play)


def test_a_finger_that_cannot_be_read_or_is_not_wanted_any_more_leaves_nothing():
    async def play(world):
        door, _peer = await home_with_admin(world)
        door.finger.offer = None
        await door.enter_setup()
        await door.keys("1#2")
        await asyncio.sleep(6)
        assert door.last_prompt == "finger.failed"
        door.finger.offer = b"thumb"
        await door.keys("1#2*")
        await asyncio.sleep(10)
        assert not door.finger.templates
        assert len(list(door.register.users())) == 1

    tell(play)


def test_somebody_whom_the_app_has_made_gets_a_finger_at_the_door():
    async def play(world):
        door, peer = await home_with_admin(world)
        await add_code(peer, 5, CODE)
        await door.enter_setup()
        await door.keys("1" + "5#" + "2")
        await asyncio.sleep(6)
        assert door.register.user(5).credentials == ((CredentialKind.PIN, 5), (CredentialKind.FINGERPRINT, 1))
        assert door.register.user(5).name == "Ann"

    tell(play)


def test_a_card():
    async def play(world):
        door, _peer = await home_with_admin(world)
        await door.show_card(CARD)
        assert door.last_prompt == "entry.wrong"
        await door.enter_setup()
        await door.keys("1#3")
        await door.show_card(CARD)
        await door.keys("*")
        await door.show_card(CARD)
        assert door.is_open

    tell(play)


def test_wrong_codes_make_the_keypad_deaf_for_a_while():
    async def play(world):
        door, peer = await home_with_admin(world)
        await add_code(peer, 5, CODE)
        for attempt in range(door.model.wrong_code_limit):
            await door.enter(f"00000{attempt}")
            assert not door.is_open
        await door.enter(CODE)
        assert door.last_prompt == "entry.too_many_wrong"
        assert not door.is_open
        await asyncio.sleep(door.model.lockout_s)
        await door.enter(CODE)
        assert door.is_open

    tell(play)


def test_nobody_who_listens_can_tell_a_forced_user_from_another():
    async def play(world):
        door, peer = await home_with_admin(world)
        await add_code(peer, 5, CODE)
        await add_code(peer, 6, b"112233", user_type=int(UserType.FORCED))
        await door.enter(CODE)
        usual = door.voice.prompts[-1], door.voice.texts[-1]
        await door.lock_up()
        said = len(door.voice.prompts)
        await door.enter(b"112233")
        assert door.is_open
        assert (door.voice.prompts[-1], door.voice.texts[-1]) == usual
        assert len(door.voice.prompts) == said + 1
        assert events_of(door, DoorLock.door_lock_alarm)

    tell(play)


# an administrator


def test_another_master_code_is_the_only_one():
    async def play(world):
        door, _peer = await home_with_admin(world)
        await door.enter_setup()
        await door.keys("3")
        await door.enter(b"778899")
        await door.enter(b"778899")
        assert door.last_prompt == "code.master_changed"
        await door.keys("*")
        await door.press_set()
        await door.enter(MASTER)
        assert door.last_prompt == "verify.not_admin"
        await door.enter(b"778899")
        assert door.panel.state.is_in_setup

    tell(play)


def test_the_first_master_code_ends_setup_without_an_administrator():
    async def play(world):
        door = await FrontDoor(world).start()
        await (await world.controller()).commission(door.qr)
        await door.press_set()
        await door.keys("3")
        await door.enter(b"778899")
        await door.enter(b"778899")
        await door.keys("*")
        await door.press_set()
        assert door.last_prompt == "set.verify"

    tell(play)


def test_a_programming_user_of_an_app_is_an_administrator_at_the_door():
    async def play(world):
        door = await FrontDoor(world).start()
        peer = await (await world.controller()).commission(door.qr)
        await add_code(peer, 5, CODE, user_type=int(UserType.PROGRAMMING))
        await door.press_set()
        assert door.last_prompt == "set.verify"
        await door.enter(CODE)
        assert door.panel.state.is_in_setup

    tell(play)


def test_the_only_administrator_cannot_be_deleted_at_the_door():
    async def play(world):
        door, _peer = await home_with_admin(world)
        await door.enter_setup()
        await door.keys("2" + "1##")
        assert door.last_prompt == "user.last_admin"
        assert len(list(door.register.users())) == 1

    tell(play)


def test_a_code_at_the_door_has_the_digits_that_both_ways_take():
    async def play(world):
        door, _peer = await home_with_admin(world, U400)
        await door.enter_setup()
        await door.keys("1#1")
        await door.enter("12345")
        assert door.last_prompt == "code.length"
        assert "6 to 8" in door.voice.texts[-1]

    tell(play)


def test_an_owner_switches_programming_at_the_door_off():
    async def play(world):
        door, peer = await home_with_admin(world)
        await peer.set(1, DoorLock.enable_local_programming, False)
        await door.enter_setup()
        await door.keys("1")
        assert door.last_prompt == "setup.not_allowed"
        assert door.panel.state.is_in_setup

    tell(play)


# settings and the other parts


def test_the_voice_speaks_the_language_that_the_owner_chose():
    async def play(world):
        door, peer = await home_with_admin(world)
        await peer.set(1, DoorLock.language, "de")
        await door.enter(b"000000")
        assert door.voice.texts[-1] == "Das öffnet dieses Schloss nicht."

    tell(play)


def test_the_volume_is_set_at_the_door_and_seen_by_the_app():
    async def play(world):
        door, peer = await home_with_admin(world)
        await door.enter_setup()
        await door.keys("5" + "4")
        assert await peer.get(1, DoorLock.sound_volume) == wire.SoundVolumeEnum.HIGH
        await door.keys("5" + "1")
        said = len(door.voice.prompts)
        await door.keys("*")
        assert len(door.voice.prompts) == said

    tell(play)


def test_touch_locks_and_privacy_shuts_everybody_out():
    async def play(world):
        door, peer = await home_with_admin(world)
        await add_code(peer, 5, CODE)
        await door.enter(CODE)
        await door.lock_up()
        assert not door.is_open
        await door.press("privacy")
        await door.enter(CODE)
        assert door.last_prompt == "entry.not_now"
        assert not door.is_open

    tell(play)


def test_taking_the_front_plate_off_is_heard_inside_and_at_home():
    async def play(world):
        door, _peer = await home_with_admin(world)
        await door.take_plate_off()
        assert door.last_prompt == "alarm.plate_taken"
        assert len(events_of(door, DoorLock.door_lock_alarm)) == 1

    tell(play)


@pytest.mark.parametrize("left", [12.0])
def test_a_low_battery_is_told(left):
    async def play(world):
        door, peer = await home_with_admin(world)
        await add_code(peer, 5, CODE)
        door.cells.left = left
        await asyncio.sleep(3601)
        assert door.last_prompt == "battery.low"
        await door.enter(CODE)
        assert door.last_prompt == "entry.opened_battery_low"

    tell(play)
