"""A sensor of a magnet's field: what it tells of a leaf that swings, and where it is wired to."""

import pytest

from latchwork.base.errors import Misuse
from latchwork.devices.raspberry_pi import load_door, read_plan
from latchwork.devices.raspberry_pi.door_gauge import AnalogDoorGauge
from latchwork.devices.raspberry_pi.plan import GaugePlan

STRIKE = '[bolt]\nkind = "strike"\npin = 5\n'
BATTERY = "[battery]\ndivider = 2\nfull_mv = 6000\nempty_mv = 5000\n"


class Channel:
    """Reads what it is told, with the noise of a converter."""

    def __init__(self, value):
        self.base = value
        self.noise = 0

    @property
    def value(self):
        self.noise = (self.noise + 1) % 3
        return self.base + (self.noise - 1) * 0.002


@pytest.fixture
def swinging(loop):
    channel, told = Channel(0.2), []
    gauge = AnalogDoorGauge(channel, loop, 0.1)
    gauge.listen(lambda: told.append(round(gauge.reading(), 2)))
    yield channel, gauge, told
    gauge.close()


def test_a_leaf_that_stands_still_is_told_once(swinging, let):
    channel, gauge, told = swinging
    let(5)
    assert (round(gauge.reading(), 2), told) == (0.2, [])
    channel.base = 0.9
    let(0.4)
    assert told == []
    let(5)
    assert told == [0.9]
    assert gauge.installed() is None


def test_a_leaf_that_swings_past_ajar_was_never_there(swinging, let):
    channel, _gauge, told = swinging
    for base in (0.25, 0.3, 0.35, 0.5, 0.7, 0.9):
        channel.base = base
        let(0.2)
    let(2)
    assert told == [0.9]


def test_a_gauge_that_was_closed_tells_nothing_more(swinging, let):
    channel, gauge, told = swinging
    gauge.close()
    channel.base = 0.9
    let(5)
    assert told == []


def plan(tmp_path, text):
    path = tmp_path / "door.toml"
    path.write_text(STRIKE + text, encoding="utf-8")
    return path


def test_a_gauge_has_a_channel_where_a_contact_has_a_pin(tmp_path):
    assert read_plan(plan(tmp_path, "[door]\nchannel = 1\n")).door == GaugePlan(1, 0, 0.1)
    with_battery = read_plan(plan(tmp_path, "[door]\nchannel = 1\nevery_s = 0.2\n" + BATTERY))
    assert with_battery.door == GaugePlan(1, 0, 0.2)


@pytest.mark.parametrize(
    "text",
    ["[door]\nchannel = 8\n", "[door]\nchannel = 0\n" + BATTERY, "[door]\nchannel = 1\ncontact = 4\n"],
)
def test_a_gauge_that_cannot_be_there_is_refused(tmp_path, text):
    with pytest.raises(Misuse):
        read_plan(plan(tmp_path, text))


def test_a_door_with_a_gauge_is_built_and_closed(tmp_path, factory, let):
    async def story():
        door = load_door(plan(tmp_path, "[door]\nchannel = 1\n"))
        assert door.door_sensor is None
        assert door.door_gauge.reading() < 0.01  # a converter without a chip behind it
        await door.close()

    let(story())
