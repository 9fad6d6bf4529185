"""The virtual parts: what people do with them is what the ports tell."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.clock import ManualClock
from latchwork.base.errors import Misuse
from latchwork.sim.parts import (
    FingerNotRead,
    VirtualBattery,
    VirtualButton,
    VirtualCardReader,
    VirtualFingerprintReader,
    VirtualKeypad,
    VirtualSpeaker,
    card_of,
    template_of,
)


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


def test_a_button_tells_of_every_press_once() -> None:
    told: list[str] = []
    button = VirtualButton()
    button.press()
    button.release()
    button.listen(lambda: told.append("down"), lambda: told.append("up"))
    for action in (button.press, button.press, button.release, button.release, button.tap):
        action()
    assert told == ["down", "up", "down", "up"]


def test_a_button_that_is_held_comes_up_when_its_time_is_over() -> None:
    told: list[str] = []
    time, button = Minutes(), VirtualButton()
    button.listen(lambda: told.append("down"), lambda: told.append("up"))
    button.hold(5.0, time)
    time.advance(4.9)
    assert told == ["down"]
    time.advance(0.1)
    assert told == ["down", "up"]


@given(st.text("0123456789*#"))
def test_a_keypad_tells_every_key_in_order(keys: str) -> None:
    told: list[str] = []
    keypad = VirtualKeypad()
    keypad.press(keys)
    keypad.listen(told.append)
    keypad.press(keys)
    assert "".join(told) == keys


def test_a_keypad_has_twelve_keys() -> None:
    told: list[str] = []
    keypad = VirtualKeypad()
    keypad.listen(told.append)
    with pytest.raises(Misuse, match="keys 0 to 9"):
        keypad.press("12x4")
    assert told == []


async def test_a_finger_is_known_after_some_touches() -> None:
    seen: list[bytes | None] = []
    reader = VirtualFingerprintReader()
    reader.touch("thumb")
    reader.listen(seen.append)
    reader.touch("thumb")
    enrolment = reader.enrol()
    for _ in range(3):
        assert reader.is_enrolling
        reader.touch("thumb")
    template = await enrolment
    assert 1 <= len(template) <= 32
    assert not reader.is_enrolling
    reader.touch("thumb")
    reader.touch("stranger")
    assert seen == [None, template, None]
    reader.forget(template)
    reader.forget(template)
    reader.touch("thumb")
    assert seen[-1] is None


async def test_two_different_fingers_make_no_template() -> None:
    reader = VirtualFingerprintReader()
    enrolment = reader.enrol()
    reader.touch("thumb")
    reader.touch("index")
    with pytest.raises(FingerNotRead):
        await enrolment
    assert not reader.templates


async def test_a_reader_that_is_full_takes_no_more() -> None:
    reader = VirtualFingerprintReader(capacity=1)
    reader.learn("thumb")
    with pytest.raises(FingerNotRead):
        await reader.enrol()
    reader.forget_all()
    assert not reader.templates


async def test_a_second_enrolment_ends_the_first() -> None:
    reader = VirtualFingerprintReader(touches=1)
    first, second = reader.enrol(), reader.enrol()
    reader.touch("thumb")
    assert first.cancelled()
    assert await second == template_of("thumb")
    third = reader.enrol()
    third.cancel()
    assert not reader.is_enrolling
    await asyncio.sleep(0)


def test_a_card_is_told_by_name_or_by_number() -> None:
    seen: list[bytes] = []
    reader = VirtualCardReader()
    reader.hold("blue")
    reader.listen(seen.append)
    reader.hold("blue")
    reader.hold(b"\x01\x02\x03\x04")
    assert seen == [card_of("blue"), b"\x01\x02\x03\x04"]


def test_a_speaker_remembers_and_passes_on() -> None:
    told: list[tuple[str, str]] = []
    first, second = VirtualSpeaker(), VirtualSpeaker()
    assert first.last is None
    first.also = second
    first.on_said = lambda prompt, text: told.append((prompt, text))
    first.say("entry.opened", "Unlocked.")
    assert first.last == second.last == "entry.opened"
    assert told == [("entry.opened", "Unlocked.")]


def test_a_battery_runs_down_and_is_changed() -> None:
    told: list[float] = []
    battery = VirtualBattery(50, per_operation=30)
    battery.drain()
    battery.listen(lambda: told.append(battery.percent()))
    volts = battery.millivolts()
    for _ in range(3):
        battery.drain()
    assert told == [0.0]
    assert battery.millivolts() < volts
    battery.change()
    battery.change()
    assert told == [0.0, 100.0]
    with pytest.raises(Misuse):
        battery.put(101)
