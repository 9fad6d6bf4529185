"""The supply is measured through a divider; a buzzer has a rhythm for each prompt."""

import pytest
from gpiozero.pins.mock import MockSPIDevice

from latchwork.devices.raspberry_pi.battery import AnalogBattery, Scale
from latchwork.devices.raspberry_pi.buzzer import Buzzer

SCALE = Scale(reference_mv=3300, divider=2.0, full_mv=6000, empty_mv=4000)


class Channel:
    def __init__(self, millivolts):
        self.millivolts = millivolts

    @property
    def value(self):
        return self.millivolts / 2.0 / 3300


@pytest.mark.parametrize(("millivolts", "percent"), [(6000, 100), (6500, 100), (5000, 50), (4000, 0), (3000, 0)])
def test_what_is_left_is_a_straight_line(millivolts, percent):
    assert SCALE.percent(millivolts) == percent


def test_a_battery_is_measured_now_and_then_and_told_when_it_changed(loop, let):
    channel, told = Channel(6000), []
    battery = AnalogBattery(channel, SCALE, loop, 60)
    battery.listen(lambda: told.append(battery.percent()))
    assert battery.millivolts() == 6000
    assert battery.percent() == 100
    let(600)
    assert told == []
    channel.millivolts = 5995
    let(60)
    assert told == []
    channel.millivolts = 5000
    let(60)
    assert told == [50]
    battery.close()
    channel.millivolts = 4000
    let(600)
    assert told == [50]


class Mcp3008(MockSPIDevice):
    """Answers every conversion with half of its range."""

    def on_bit(self):
        if self.rx_bit == 7:  # after the start bit the chip sends a null bit and ten bits
            self.tx_word(512, 17)


def test_the_converter_is_read_through_its_bus(pins, factory):
    chip = Mcp3008(11, 10, 9, 8)
    assert pins.analog(0).value == pytest.approx(0.5, abs=0.01)
    chip.close()


def test_a_buzzer_sounds_the_rhythm_of_the_prompt(pins, factory, loop, let):
    buzzer = Buzzer(pins.output(12), {"wrong": (0.2, 0.1, 0.2)}, loop)
    pin = factory.pin(12)
    buzzer.say("wrong", "That does not open this lock.")
    heard = []
    for _ in range(6):
        let(0.05)
        heard.append(bool(pin.state))
        let(0.05)
    assert heard == [True, True, False, True, True, False]


def test_a_prompt_without_rhythm_is_short_and_a_new_one_cuts_the_old(pins, factory, loop, let):
    buzzer = Buzzer(pins.output(12), {"long": (2.0,)}, loop)
    buzzer.say("long", "")
    let(0.1)
    buzzer.say("opened", "Unlocked.")
    let(0.05)
    assert factory.pin(12).state
    let(0.1)
    assert not factory.pin(12).state
    buzzer.say("long", "")
    buzzer.close()
    assert not factory.pin(12).state
    let(3)
