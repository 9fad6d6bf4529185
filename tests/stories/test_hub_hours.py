"""A house with a hub, and time: codes with hours and dates, clocks that are set, and a hub that switches at the minute."""

import asyncio
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.support import world
from tests.support.hub import OWNER, tell

from latchwork.devices.lock_device import lock_of
from latchwork.devices.models import MODELS
from latchwork.hub.house.desired import TroubleCode
from latchwork.hub.house.entities import Site
from latchwork.hub.house.rules import FirstUse, Hours, Once, Weekly, Window
from latchwork.hub.journal.entries import Kind
from latchwork.hub.plan.wall import EPOCH
from latchwork.matter.model.clusters.time_synchronization import DstOffsetStruct, GranularityEnum, TimeZoneStruct

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = 3600.0, 86_400.0


def at(text, zone=BERLIN):
    """An instant by the wall, such as 2026-03-28 15:00."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.fixture
def begin(monkeypatch):
    """Lets the world begin at another instant."""
    return lambda text: monkeypatch.setattr(world, "NEW_YEAR_2026", at(text))


async def until(house, text):
    """Live on until the wall shows this."""
    pause = at(text) - house.world.clock.utc()
    assert pause > 0
    await asyncio.sleep(pause)


async def opens(house, name, code):
    """Whether a code opens the door now; the door is locked again afterwards."""
    device = house.device_at(name)
    await house.enter(name, code)
    is_open = device.state != "LOCKED"
    await asyncio.sleep(10)
    if device.state != "LOCKED":
        device.handle({"turn": "lock"})
        await asyncio.sleep(10)
    return is_open


def troubles(house, name):
    return [each.code for each in house.hub.repository.troubles(house.lock_id(name))]


def kinds_without_hours(monkeypatch):
    """A model of lock that has no schedules."""
    plain = MODELS["u400"]
    limits = replace(plain.limits, week_days_per_user=0, year_days_per_user=0)
    monkeypatch.setattr("tests.support.hub.MODELS", {**MODELS, "plain": replace(plain, key="plain", limits=limits)})


# Hours on the lock


def test_a_cleaners_hours_are_those_of_the_wall_and_not_of_greenwich(begin):
    begin("2026-01-07 12:00")  # a Wednesday

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await house.person("Cleaner", "604183", ["Front"], Weekly((Hours(frozenset({3}), 9 * 60, 12 * 60),)))
        await until(house, "2026-01-08 08:50")
        assert not await opens(house, "Front", "604183")
        await until(house, "2026-01-08 09:01")
        assert await opens(house, "Front", "604183")
        await until(house, "2026-01-08 11:55")
        assert await opens(house, "Front", "604183")
        await until(house, "2026-01-08 12:01")
        assert not await opens(house, "Front", "604183")
        assert troubles(house, "Front") == []
        refused = await house.journal(kinds=frozenset({Kind.REFUSED}))
        assert [each.person_name for each in refused] == ["Cleaner", "Cleaner"]

    tell(play)


def test_a_moved_house_gets_the_hours_of_its_new_wall(begin):
    begin("2026-01-07 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await house.person("Cleaner", "604183", ["Front"], Weekly((Hours(frozenset({3}), 9 * 60, 12 * 60),)))
        await house.settle()
        await house.zone("America/New_York")
        await until(house, "2026-01-08 09:30")
        assert not await opens(house, "Front", "604183")
        await until(house, "2026-01-08 15:30")
        assert await opens(house, "Front", "604183")

    tell(play)


def test_an_access_over_the_change_to_summer_time_begins_and_ends_by_the_wall(begin):
    begin("2026-03-27 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        stay = Window(at("2026-03-28 15:00"), at("2026-03-30 11:00"))
        await house.person("Guest", "604183", ["Front"], stay)
        await until(house, "2026-03-28 14:55")
        assert not await opens(house, "Front", "604183")
        await until(house, "2026-03-28 15:01")
        assert await opens(house, "Front", "604183")
        await until(house, "2026-03-29 12:00")
        assert await opens(house, "Front", "604183")
        await until(house, "2026-03-30 10:55")
        assert await opens(house, "Front", "604183")
        await until(house, "2026-03-30 11:01")
        assert not await opens(house, "Front", "604183")
        assert troubles(house, "Front") == []

    tell(play)


def test_weekly_hours_on_both_sides_of_the_change_back_to_winter_time(begin):
    begin("2026-10-24 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await house.person("Cleaner", "604183", ["Front"], Weekly((Hours(frozenset({6, 0}), 9 * 60, 12 * 60),)))
        for day in ("2026-10-25", "2026-10-26"):
            await until(house, f"{day} 08:50")
            assert not await opens(house, "Front", "604183")
            await until(house, f"{day} 09:01")
            assert await opens(house, "Front", "604183")
            await until(house, f"{day} 12:01")
            assert not await opens(house, "Front", "604183")

    tell(play)


# The hub at the minute


def test_hours_with_an_exception_are_kept_by_a_lock_that_has_schedules(begin):
    begin("2026-01-07 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        rule = Weekly((Hours(frozenset({3, 4}), 9 * 60, 12 * 60),), except_on=("2026-01-08",))
        await house.person("Cleaner", "604183", ["Front"], rule)
        await house.settle()
        assert troubles(house, "Front") == []
        await house.switch_off_for_good()
        await until(house, "2026-01-08 10:00")
        assert not await opens(house, "Front", "604183")
        await until(house, "2026-01-09 10:00")
        assert await opens(house, "Front", "604183")

    tell(play)


def test_hours_with_exceptions_that_a_lock_cannot_keep_are_kept_by_the_hub_at_the_minute(begin, monkeypatch):
    begin("2026-01-07 12:00")
    kinds_without_hours(monkeypatch)

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "plain")
        rule = Weekly((Hours(frozenset({3, 4}), 9 * 60, 12 * 60),), except_on=("2026-01-08",))
        await house.person("Cleaner", "604183", ["Front"], rule)
        await house.settle()
        (trouble,) = house.hub.repository.troubles(house.lock_id("Front"))
        assert (trouble.code, trouble.is_error) == (TroubleCode.NEEDS_HUB, False)
        await until(house, "2026-01-08 10:00")
        assert not await opens(house, "Front", "604183")
        await until(house, "2026-01-09 08:59")
        assert [user.status for user in house.users("Front")] != [1]
        await until(house, "2026-01-09 09:00:05")
        assert await opens(house, "Front", "604183")
        await until(house, "2026-01-09 11:59")
        assert await opens(house, "Front", "604183")
        await until(house, "2026-01-09 12:00:05")
        assert not await opens(house, "Front", "604183")

    tell(play)


def test_a_window_that_a_lock_cannot_keep_is_put_on_and_taken_off_by_the_hub(begin, monkeypatch):
    begin("2026-03-27 12:00")
    kinds_without_hours(monkeypatch)

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "plain")
        await house.person("Guest", "604183", ["Front"], Window(at("2026-03-28 15:00"), at("2026-03-30 11:00")))
        await until(house, "2026-03-28 14:59")
        assert house.codes("Front") == set()
        await until(house, "2026-03-28 15:00:05")
        assert house.codes("Front") == {"604183"}
        await until(house, "2026-03-30 10:59:30")
        assert house.codes("Front") == {"604183"}
        await until(house, "2026-03-30 11:00:05")
        assert house.codes("Front") == set()

    tell(play)


def test_a_code_for_one_opening_in_a_window_is_off_outside_of_it(begin):
    begin("2026-01-07 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        rule = Once(at("2026-01-08 09:00"), at("2026-01-08 12:00"))
        await house.person("Courier", "604183", ["Front"], rule)
        await until(house, "2026-01-08 08:59")
        assert not await opens(house, "Front", "604183")
        await until(house, "2026-01-08 09:01")
        assert await opens(house, "Front", "604183")
        assert not await opens(house, "Front", "604183")
        await house.settle()
        assert house.codes("Front") == set()

    tell(play)


def test_a_code_that_nobody_used_in_its_window_is_gone_after_it(begin):
    begin("2026-01-07 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await house.person("Courier", "604183", ["Front"], Once(at("2026-01-08 09:00"), at("2026-01-08 12:00")))
        await house.person("Sitter", "926357", ["Front"], FirstUse(60, None, at("2026-01-08 12:00")))
        await until(house, "2026-01-08 11:00")
        assert house.codes("Front") == {"604183", "926357"}
        await until(house, "2026-01-08 12:00:10")
        assert house.codes("Front") == set()

    tell(play)


def test_a_holiday_added_later_is_a_day_off(begin):
    begin("2026-01-07 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        rule = Weekly((Hours(frozenset({3, 4}), 9 * 60, 12 * 60),), is_off_on_holidays=True)
        await house.person("Cleaner", "604183", ["Front"], rule)
        await house.settle()
        await house.hub.repository.put_site(Site(time_zone="Europe/Berlin", holidays=("2026-01-08",)))
        house.hub.keepers.wake_doors(None)
        await until(house, "2026-01-08 10:00")
        assert not await opens(house, "Front", "604183")
        await until(house, "2026-01-09 10:00")
        assert await opens(house, "Front", "604183")

    tell(play)


# Clocks


def clock(house, name):
    """What a lock takes for the date, seconds since 1970, and what its wall has more than that; None is not known."""
    moment = lock_of(house.device_at(name).node).moment()
    return None if moment is None else (moment.utc_s + EPOCH, moment.local_s - moment.utc_s)


def test_a_lock_that_does_not_know_the_date_is_told_it_with_the_time_zone(begin):
    begin("2026-07-01 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400", has_clock=False)
        await house.settle()
        utc, offset = clock(house, "Front")
        assert abs(utc - house.world.clock.utc()) < 2
        assert offset == 2 * HOUR

    tell(play)


def test_a_lock_that_forgot_the_date_when_it_lost_its_power_is_told_it_again(begin):
    begin("2026-07-01 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await house.person("Guest", "604183", ["Front"], Window(at("2026-07-01 12:00"), at("2026-07-02 12:00")))
        await house.settle()
        house.fault("Front", "clock-unset")
        house.device_at("Front").restart()
        await house.settle(1)
        assert clock(house, "Front") is None
        await house.settle(600)
        assert abs(clock(house, "Front")[0] - house.world.clock.utc()) < 2
        assert await opens(house, "Front", "604183")

    tell(play)


def stubborn(house, name):
    """The lock believes its own clock more than any administrator's."""
    node = house.device_at(name).node
    with node.turn():
        lock_of(node)._time.state.granularity = GranularityEnum.MICROSECONDS_GRANULARITY


def test_a_lock_with_a_wrong_clock_that_cannot_be_set_is_told_for_codes_with_hours_only(begin):
    begin("2026-07-01 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        stubborn(house, "Front")
        house.fault("Front", "clock-off", "-1")
        house.hub.locks.wake(house.lock_id("Front"))
        await house.settle()
        assert troubles(house, "Front") == []
        await house.person("Guest", "604183", ["Front"], Window(at("2026-07-01 12:00"), at("2026-07-06 12:00")))
        await house.settle(DAY)
        assert troubles(house, "Front") == [TroubleCode.CLOCK_WRONG]
        assert not await opens(house, "Front", "604183")
        # Its clock is right again, and the next look finds it so.
        house.device_at("Front").take_fault("clock-off")
        await house.settle(DAY)
        assert troubles(house, "Front") == []

    tell(play)


def test_a_clock_that_another_ecosystem_has_set_right_is_not_set_again(begin):
    begin("2026-07-01 12:00")

    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await house.settle()
        state = lock_of(house.device_at("Front").node)._time.state
        before = state.time_zone, state.dst_offset
        # The same wall, in other words.
        with house.device_at("Front").node.turn():
            state.time_zone = (TimeZoneStruct(offset=7200, valid_at=0, name="Theirs"),)
            state.dst_offset = (
                DstOffsetStruct(offset=0, valid_starting=0, valid_until=before[1][0].valid_until),
                DstOffsetStruct(offset=-3600, valid_starting=before[1][0].valid_until, valid_until=None),
            )
        await house.settle(3 * DAY)
        assert state.time_zone[0].name == "Theirs"
        with house.device_at("Front").node.turn():
            state.time_zone = (TimeZoneStruct(offset=0, valid_at=0, name="Wrong"),)
        await house.settle(2 * DAY)
        assert (state.time_zone, state.dst_offset) == before

    tell(play)


def test_an_access_switched_off_and_on_again(begin):
    begin("2026-01-07 12:00")

    async def play(house):
        await house.door("Front", "u400")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        (access,) = house.hub.repository.accesses()
        access = await house.hub.people.change_access(replace(access, is_enabled=False), actor=OWNER)
        await house.settle()
        assert not await opens(house, "Front", "739218")
        await house.hub.people.change_access(replace(access, is_enabled=True), actor=OWNER)
        await house.settle()
        assert await opens(house, "Front", "739218")

    tell(play)
