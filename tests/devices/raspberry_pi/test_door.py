"""The plan of a door: read, checked with words, and built."""

import asyncio
import builtins
import os
import re
from pathlib import Path

import gpiozero
import pytest

from latchwork.base.errors import LatchworkError, Misuse, Unsupported
from latchwork.devices.hardware import Hardware, Outcome
from latchwork.devices.raspberry_pi import load_door, read_plan
from latchwork.devices.raspberry_pi.plan_table import PinBook
from latchwork.devices.raspberry_pi.relay import StrikeBolt
from latchwork.devices.raspberry_pi.serial_line import PortLine
from latchwork.doorlock.bolt import BoltPosition, DoorPosition

HOWTO = Path(__file__).parents[3] / "docs/howto/build-a-door.md"
MOTOR = """
[bolt]
kind = "motor"
forward = 5
backward = 6
locked_stop = 17
unlocked_stop = 27
"""


@pytest.fixture
def write(tmp_path):
    def put(text):
        path = tmp_path / "door.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def examples():
    return re.findall(r"```toml\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", examples())
def test_every_plan_that_the_howto_shows_can_be_read(write, text):
    if "[bolt]" not in text:
        text = MOTOR + text
    read_plan(write(text))


def test_the_howto_wires_what_its_example_says_to_where_the_header_has_it(write, factory, monkeypatch):
    taken = []
    monkeypatch.setattr(PinBook, "take", lambda _book, pin, _user: taken.append(pin))
    read_plan(write(examples()[0]))
    table = HOWTO.read_text(encoding="utf-8")
    assert len(taken) == len(set(taken)) == 25
    for pin in taken:
        [(_header, info)] = factory.board_info.find_pin(f"GPIO{pin}")
        assert f"GPIO{pin} ({info.number})" in table


def test_the_howtos_door_can_be_tried_without_pins(write, factory, let):
    text = re.sub(r"\[fingerprints\]\nport = .*\n", "", examples()[0])

    async def story():
        door = load_door(write(text))
        assert door.battery.percent() == 0
        assert await door.bolt.move(BoltPosition.UNLOCKED) is Outcome.JAMMED
        await door.close()

    let(story())


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("", r"door.toml: the table \[bolt\] is missing", "Every door"),
        ("bolt = 5", r"\[bolt\] has to be a table", ""),
        ("[bolt", "not written as TOML", "line"),
        ('[bolt]\nkind = "magnet"', r'\[bolt\] kind cannot be "magnet"', "motor, servo, strike"),
        (MOTOR.replace("forward = 5\n", ""), r"\[bolt\] forward is missing", "GPIO"),
        (MOTOR.replace("5", '"GPIO5"', 1), r"\[bolt\] forward cannot be 'GPIO5'", "pinout"),
        (MOTOR.replace("5", "40", 1), r"\[bolt\] forward cannot be 40", "from 2 to 27"),
        (MOTOR.replace("5", "true", 1), r"\[bolt\] forward cannot be True", "GPIO"),
        (MOTOR.replace("5", "6", 1), r"GPIO6 is used by both \[bolt\] forward and \[bolt\] backward", "another pin"),
        (MOTOR + "limit_s = 60", r"\[bolt\] limit_s cannot be 60", "10"),
        (MOTOR + 'limit_s = "4"', r"\[bolt\] limit_s cannot be '4'", "a number"),
        (MOTOR + "enabel = 13", r"\[bolt\] enabel is not known", "Did you mean enable"),
        (MOTOR + "[windows]\nx = 1", r"\[windows\] is not known", ""),
        (MOTOR + "[batery]\nx = 1", r"\[batery\] is not known", "Did you mean battery"),
        (MOTOR + "[buttons]\nbell = 4", r"\[buttons\] bell is not known", ""),
        (MOTOR + "[door]\ncontact = { pin = 4, active = 1 }", r"\[door.contact\] active cannot be 1", ""),
        (MOTOR + "[latch]\npin = 22\nlimit_s = 600", r"\[latch\] limit_s cannot be 600", "30"),
        (MOTOR + "[keypad]\nrows = [13]\ncolumns = [16]", r"\[keypad\] keys has another shape", "each row"),
        (MOTOR + '[keypad]\nrows = [13]\ncolumns = [16]\nkeys = ["A"]', r"\[keypad\] keys has a key twice", "0 to 9"),
        (
            MOTOR + "[battery]\ndivider = 2\nfull_mv = 9000\nempty_mv = 5000",
            "more than the converter can see",
            "destroys",
        ),
        (MOTOR + "[battery]\ndivider = 2\nfull_mv = 4000\nempty_mv = 5000", "not below full_mv", ""),
        (
            MOTOR + "[battery]\ndivider = 2\nfull_mv = 6000\nempty_mv = 5000\n[door]\ncontact = 9",
            r"GPIO9 is used by both",
            "",
        ),
        (MOTOR + "[fingerprints]\n[door]\ncontact = 15", "GPIO15 is used by both", ""),
        (
            MOTOR + "[speaker]\nbuzzer = 12\n[speaker.rhythms]\nopened = [0.1, 60]",
            r"\[speaker.rhythms\] opened cannot",
            "",
        ),
        ('[bolt]\nkind = "strike"\npin = 5\n[latch]\npin = 6', "has no .latch.", "Leave"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(write, text, message, advice):
    with pytest.raises(Misuse, match=message) as wrong:
        read_plan(write(text))
    assert advice in wrong.value.advice


def test_a_plan_that_is_not_there_says_so(tmp_path):
    with pytest.raises(Misuse, match="cannot be read"):
        read_plan(tmp_path / "nowhere.toml")


WHOLE = (
    MOTOR
    + """
[latch]
pin = 22
[door]
contact = 4
[buttons]
set = 23
reset = 24
touch = { pin = 25, active = "high" }
[keypad]
rows = [13, 19, 26, 21]
columns = [16, 18, 20]
[cards]
data0 = 2
data1 = 3
[speaker]
buzzer = 12
voice = "en"
"""
)


def test_a_whole_door_is_built_moved_and_switched_off(write, factory, let):
    async def story():
        door = load_door(write(WHOLE))
        assert isinstance(door, Hardware)
        assert None not in (door.door_sensor, door.set_button, door.reset_button, door.touch, door.keypad, door.cards)
        assert door.privacy_button is door.front_plate is door.battery is door.fingerprints is None
        moved = []
        door.door_sensor.listen(moved.append)
        factory.pin(4).drive_low()
        factory.pin(17).drive_low()
        await asyncio.sleep(1)
        assert moved == [DoorPosition.CLOSED]
        assert door.bolt.position() is BoltPosition.LOCKED
        arrival = door.bolt.move(BoltPosition.UNLATCHED)
        factory.pin(17).drive_high()
        factory.pin(27).drive_low()
        assert await arrival is Outcome.ARRIVED
        assert factory.pin(22).state
        door.bolt.move(BoltPosition.LOCKED)
        await asyncio.sleep(0.2)
        assert factory.pin(6).state
        await door.close()
        await door.close()
        return [factory.pin(pin).function for pin in (5, 6, 12, 22)], factory.pin(22).state

    functions, latch = let(story())
    assert functions == ["input"] * 4
    assert not latch


def test_a_door_that_cannot_be_built_gives_its_pins_back(write, factory, let, tmp_path):
    text = WHOLE.replace("[latch]\npin = 22\n", "") + f'[fingerprints]\nport = "{tmp_path}/none"\n'

    async def story():
        with pytest.raises(Unsupported, match="cannot be opened"):
            load_door(write(text))
        await load_door(write(WHOLE)).close()

    let(story())


def test_a_door_opener_in_the_frame_is_a_bolt(write, factory, let):
    async def story():
        door = load_door(write('[bolt]\nkind = "strike"\npin = 22\nactive = "low"'))
        assert isinstance(door.bolt, StrikeBolt)
        assert factory.pin(22).state
        await door.close()

    let(story())


def test_a_door_needs_an_event_loop(write):
    with pytest.raises(Misuse, match="event loop"):
        load_door(write(MOTOR))


def test_without_gpiozero_the_advice_is_what_to_install(write, let, monkeypatch):
    found = builtins.__import__

    def find(name, *rest):
        if name == "gpiozero":
            raise ImportError(name)
        return found(name, *rest)

    async def story():
        monkeypatch.setattr(builtins, "__import__", find)
        try:
            load_door(write(MOTOR))
        finally:
            monkeypatch.undo()

    with pytest.raises(Unsupported, match="gpiozero is not installed") as missing:
        let(story())
    assert "latchwork[pi]" in missing.value.advice


def test_a_machine_without_pins_says_so(write, let, monkeypatch):
    def none():
        raise gpiozero.BadPinFactory("no pins")

    async def story():
        load_door(write(MOTOR))

    monkeypatch.setattr(gpiozero.Device, "ensure_pin_factory", staticmethod(none))
    with pytest.raises(Unsupported, match="no pins on this machine") as missing:
        let(story())
    assert "mock" in missing.value.advice


def test_pins_that_the_board_pulls_up_cannot_be_pulled_down(write, factory, let):
    async def story():
        load_door(write(MOTOR + '[buttons]\nset = { pin = 2, active = "high" }'))

    with pytest.raises(LatchworkError, match="pull-up on the board"):
        let(story())


async def test_octets_go_both_ways_over_a_serial_line():
    ours, theirs = os.openpty()
    line = PortLine(os.ttyname(theirs), 57600, asyncio.get_running_loop())
    try:
        heard = asyncio.get_running_loop().create_future()
        line.listen(heard.set_result)
        os.write(ours, b"\xef\x01")
        assert await asyncio.wait_for(heard, 10) == b"\xef\x01"
        line.write(b"\x55\x00\x0d")
        assert os.read(ours, 3) == b"\x55\x00\x0d"
    finally:
        line.close()
        line.close()
        os.close(ours)
        os.close(theirs)
