"""The Set button: pairing is open after it, whatever the lock says."""

import asyncio

import pytest
from tests.support.front_door import FrontDoor
from tests.support.panel import MASTER
from tests.support.world import tell

from latchwork.base.errors import LatchworkError
from latchwork.devices.models import GENERIC, MODELS, U400
from latchwork.matter.model.clusters.administrator_commissioning import AdministratorCommissioning

EACH_MODEL = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


async def pairs(world, door, name="another"):
    """Whether somebody with the label's code gets in now."""
    home = world.controllers.get(name) or await world.controller(name)
    try:
        await asyncio.wait_for(home.commission(door.qr), 60)
    except (LatchworkError, TimeoutError):
        return False
    return True


# scenario 1


@EACH_MODEL
def test_a_lock_from_the_factory_says_scan_and_can_be_paired(model):
    async def play(world):
        door = await FrontDoor(world, model).start()
        await door.press_set()
        assert door.last_prompt == "set.factory"
        assert not door.panel.state.is_in_setup
        assert await pairs(world, door)

    tell(play)


def test_the_u400_speaks_its_makers_words():
    async def play(world):
        door = await FrontDoor(world, U400).start()
        await door.press_set()
        assert "Aqara" in door.voice.texts[-1]

    tell(play)


# scenario 2


def test_a_lock_with_an_administrator_asks_for_one_and_can_be_paired_nevertheless():
    async def play(world):
        door = await FrontDoor(world, U400).start()
        door.make_admin()
        await door.press_set()
        assert door.last_prompt == "set.verify"
        assert not door.panel.state.is_in_setup
        assert await pairs(world, door)

    tell(play)


def test_the_administrator_gets_to_setup_and_a_stranger_does_not():
    async def play(world):
        door = await FrontDoor(world, U400).start()
        door.make_admin()
        await door.press_set()
        for guess in (b"000000", b"123456", b"654321"):
            await door.enter(guess)
            assert door.last_prompt == "verify.not_admin"
        assert not door.panel.state.is_in_setup
        assert not door.is_open
        await door.enter(MASTER)
        assert door.panel.state.is_in_setup
        assert not door.is_open

    tell(play)


def test_guessing_the_administrators_code_locks_the_keypad_for_the_right_one_too():
    async def play(world):
        door = await FrontDoor(world, U400).start()
        door.make_admin()
        await door.press_set()
        for guess in range(door.model.wrong_code_limit):
            await door.enter(f"{guess}00000")
        await door.enter(MASTER)
        assert not door.panel.state.is_in_setup
        assert door.last_prompt == "entry.too_many_wrong"
        await asyncio.sleep(door.model.lockout_s + 1)
        await door.enter_setup()

    tell(play)


# scenario 3


def test_a_lock_of_a_matter_home_only_goes_to_setup_at_once_and_lets_another_home_in():
    async def play(world):
        door = await FrontDoor(world).start()
        home = await world.controller()
        await home.commission(door.qr)
        await door.press_set()
        assert door.last_prompt == "set.setup"
        assert "4: Add the lock to a smart home." in door.voice.texts[-1]
        assert door.panel.state.is_in_setup
        assert await pairs(world, door)
        assert len(door.node.fabrics) == 2

    tell(play)


# scenario 4


def test_a_lock_with_a_phone_connected_sends_to_the_app_and_can_be_paired():
    async def play(world):
        door = await FrontDoor(world, U400).start()
        door.make_admin()
        door.panel.vendor_app.is_phone_connected = True
        await door.press_set()
        assert door.last_prompt == "set.phone_connected"
        await door.enter(MASTER)
        assert not door.panel.state.is_in_setup
        assert await pairs(world, door)

    tell(play)


# ten minutes


@pytest.mark.parametrize("is_commissioned", [False, True])
def test_pairing_is_open_for_ten_minutes_and_no_longer(is_commissioned):
    async def play(world):
        door = await FrontDoor(world).start()
        if is_commissioned:
            await (await world.controller()).commission(door.qr)
        await asyncio.sleep(100)
        await door.press_set()
        await asyncio.sleep(599)
        assert door.node.window.is_open
        await asyncio.sleep(1)
        assert not door.node.window.is_open
        assert door.panel.pairing_left == 0
        assert not await pairs(world, door)

    tell(play)


def test_pressing_again_begins_the_ten_minutes_again():
    async def play(world):
        door = await FrontDoor(world).start()
        await (await world.controller()).commission(door.qr)
        await door.press_set()
        await asyncio.sleep(500)
        await door.press_set()
        assert 599 < door.panel.pairing_left <= 600
        await asyncio.sleep(500)
        assert await pairs(world, door)

    tell(play)


def test_administrators_see_no_window_that_no_administrator_opened():
    async def play(world):
        door = await FrontDoor(world).start()
        peer = await (await world.controller()).commission(door.qr)
        await door.press_set()
        assert door.node.window.is_open
        assert await peer.get(0, AdministratorCommissioning.window_status) == 0
        assert await peer.get(0, AdministratorCommissioning.admin_fabric_index) is None
        assert await peer.get(0, AdministratorCommissioning.admin_vendor_id) is None

    tell(play)


def test_set_leaves_the_code_alone_that_an_administrator_has_just_given_out():
    async def play(world):
        door = await FrontDoor(world).start()
        peer = await (await world.controller()).commission(door.qr)
        code = await peer.open_window()
        await asyncio.sleep(100)
        await door.press_set()
        assert 599 < door.panel.pairing_left <= 600
        assert await peer.get(0, AdministratorCommissioning.admin_fabric_index) == 1
        await asyncio.sleep(500)
        other = await world.controller("other")
        await other.commission(code)
        assert len(door.node.fabrics) == 2

    tell(play)


def test_a_commissioner_at_work_is_not_disturbed_and_the_next_one_comes_when_it_has_failed():
    async def play(world):
        door = await FrontDoor(world).start()
        door.node.pase_established()
        with door.node.turn():
            door.node.window.close()
        await door.press_set()
        assert door.node.window.is_open
        assert not door.node.window.is_listening
        await asyncio.sleep(door.node.config.fail_safe_seconds)
        assert door.node.window.is_listening
        assert await pairs(world, door)

    tell(play)


def test_option_4_of_the_menu_opens_pairing_too():
    async def play(world):
        door = await FrontDoor(world, GENERIC).start()
        door.make_admin()
        await (await world.controller()).commission(door.qr)
        await door.enter_setup()
        await asyncio.sleep(50)
        await door.keys("4")
        assert door.last_prompt == "pairing.open"
        assert 599 < door.panel.pairing_left <= 600
        assert await pairs(world, door)

    tell(play)
