"""The drawn lock: what is to be seen of it, and what keys do."""

import asyncio
import io
import os
import pty
import subprocess
import sys

import pytest
from rich.console import Console
from tests.support.world import tell

from latchwork.cli.door import Doorkeeper
from latchwork.cli.door_screen import HEIGHT, WIDTH, draw
from latchwork.cli.door_view import DoorView
from latchwork.cli.lock_options import MODEL_NAMES
from latchwork.devices.models import MODELS
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.node.config import NodeConfig
from latchwork.sim.lock import VirtualLock
from latchwork.store.kv import MemoryStore


def picture(view: DoorView) -> str:
    console = Console(width=WIDTH, height=HEIGHT, file=io.StringIO(), color_system=None)
    console.print(draw(view))
    return console.file.getvalue()


def at_the_door(play, **options):
    """A lock, somebody who types, and what is seen."""

    async def told(world):
        lock = VirtualLock(NodeConfig(), MemoryStore(), clock=world.clock, **options)
        await lock.start(world.air.attach("fd00::77"), world.air.discovery("fd00::77"), use_threads=False)
        world.locks["lock"] = lock
        keeper = Doorkeeper(lock, DoorView())

        def see() -> str:
            keeper.view.look(lock)
            return picture(keeper.view)

        try:
            await play(lock, keeper, see)
        finally:
            keeper.close()

    tell(told)


def test_the_models_on_the_command_line_are_those_there_are() -> None:
    assert tuple(MODELS) == MODEL_NAMES


@pytest.mark.parametrize("model", MODEL_NAMES)
@pytest.mark.parametrize("door", [None, *DoorPosition])
@pytest.mark.parametrize("bolt", BoltPosition)
def test_every_picture_fits_the_smallest_terminal(model: str, door: DoorPosition | None, bolt: BoltPosition) -> None:
    view = DoorView(title=MODELS[model].name, door=door, bolt=bolt, battery=7, window_s=599, manual="34970112332")
    view.said = "Everybody speaks at length, and nobody listens, for ever and a day, " * 5
    view.lines.extend(f"Something happened that takes more words than fit one line, number {n}." for n in range(30))
    view.faults = ("no-spaces-in-names", "occupied-before-duplicate", "power-cut-at-write", "short-timed-window")
    for view.has_power in (True, False):
        lines = picture(view).splitlines()
        assert len(lines) == HEIGHT
        assert {len(line) for line in lines} == {WIDTH}


def test_codes_are_typed_and_never_seen() -> None:
    async def play(lock, keeper, see) -> None:
        assert "locked  ·  door closed" in see()
        assert "3497-011-2332" in see()
        for key in "975310":
            keeper.type(key)
        assert "●●●●●●" in see()
        keeper.type("\r")
        assert "●" not in see()
        assert "That does not open this lock." in see()
        assert "975310" not in see()
        await asyncio.sleep(1)

    at_the_door(play)


def test_hands_move_door_and_bolt() -> None:
    async def play(lock, keeper, see) -> None:
        keeper.type("o")
        assert "in the way" in see()
        keeper.type("t")
        assert "unlocked" in see()
        keeper.type("o")
        assert "door open" in see()
        assert "░" in see()
        keeper.type("o")
        keeper.type("t")
        assert "locked  ·  door closed" in see()
        keeper.type("k")
        assert "forced open" in see()

    at_the_door(play)


def test_a_button_is_down_as_long_as_its_key_comes_again() -> None:
    async def play(lock, keeper, see) -> None:
        for _ in range(4):
            keeper.type("s")
            await asyncio.sleep(0.5)
            assert "set" in keeper.view.down or lock.set_button.is_down
        await asyncio.sleep(1)
        assert not lock.set_button.is_down
        assert lock.node.window.is_open
        assert "pairing" in see()
        assert lock.speaker.last in {"set.factory", "pairing.open"}

    at_the_door(play, model=MODELS["u400"])


def test_a_reset_button_that_is_held_resets() -> None:
    async def play(lock, keeper, _see) -> None:
        for _ in range(14):
            keeper.type("r")
            await asyncio.sleep(0.5)
        await asyncio.sleep(5)
        assert ("reset.done") in [prompt for prompt, _ in lock.speaker.said]

    at_the_door(play, model=MODELS["u400"])


def test_power_battery_phone_and_time_have_keys_too() -> None:
    async def play(lock, keeper, see) -> None:
        keeper.type("p")
        assert "phone" in see()
        for _ in range(3):
            keeper.type("b")
        assert "battery 25 %" in see()
        keeper.type("b")
        await lock.settled()
        assert "battery 100 %" in see()
        keeper.type("x")
        assert "no power" in see()
        keeper.type("x")
        await lock.settled()
        assert "no power" not in see()
        before = lock.clock.monotonic()
        keeper.type(">")
        assert lock.clock.monotonic() >= before + 60
        for key in "fgcuv":
            keeper.type(key)
        keeper.type("é")

    at_the_door(play)


def test_a_lock_without_a_keypad_says_so_and_goes_on() -> None:
    async def play(_lock, keeper, see) -> None:
        keeper.type("5")
        assert "this lock has no keypad" in see()

    from latchwork.devices.lock_model import LockModel

    at_the_door(play, model=LockModel())


def test_without_a_terminal_there_is_a_hint() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "latchwork.cli", "door"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert "latchwork lock" in done.stderr


def test_a_drawn_lock_in_a_real_terminal_begins_and_ends() -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "latchwork.cli", "door", "--no-tcp", "--model", "u400"],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(slave)
    seen = b""
    try:
        while b"keypad" not in seen:
            seen += os.read(master, 65_536)
        os.write(master, b"t")
        while b"unlocked" not in seen:
            seen += os.read(master, 65_536)
        os.write(master, b"q")
        while True:  # until the terminal is closed from the other side
            seen += os.read(master, 65_536)
    except OSError:
        pass
    finally:
        os.close(master)
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
    assert b"Smart Lock U400" in seen


@pytest.mark.parametrize(
    ("handled", "seen"),
    [
        ([], "sensor calibrated"),
        ([{"fault": "uncalibrated-sensor"}], "sensor not calibrated"),
        ([{"turn": "unlock"}, {"ajar": True}, {"fault": "drifted-sensor"}], "sensor says closed"),
        ([{"fault": "drifted-sensor"}], "sensor drifted"),
    ],
)
def test_what_the_door_sensor_is_worth_is_drawn(handled, seen) -> None:
    async def play(lock, _keeper, see) -> None:
        for each in handled:
            lock.handle(each)
        assert seen in see().splitlines()[1]

    at_the_door(play)
