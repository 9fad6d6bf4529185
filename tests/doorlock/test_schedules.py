"""Schedules against an independent reckoning: every minute of two years, daylight saving included.

The reckoning walks days and hours of the wall clock with `datetime` and `zoneinfo`; the product knows only seconds since 2000.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from latchwork.doorlock.moment import Moment
from latchwork.doorlock.schedules import LAST_MINUTE, HolidaySchedule, WeekDaySchedule, YearDaySchedule
from latchwork.doorlock.settings import OperatingMode

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
WALL = datetime(2000, 1, 1)  # noqa: DTZ001  # the wall knows no zone
FIRST, LAST = date(2023, 12, 30), date(2026, 1, 2)  # a leap year and both changes of the clock, twice
SUNDAY, MONDAY, FRIDAY, SATURDAY = 1, 2, 32, 64


def wall_seconds(moment):
    return int((moment - WALL).total_seconds())


def at(day, hour=0, minute=0):
    return datetime.combine(day, time(hour, minute))


def minutes_on(is_in):
    """Minutes since 2000 on the wall, from FIRST to LAST, that `is_in` (date → ranges of minutes of that day) says are in."""
    on = set()
    day = FIRST
    while day < LAST:
        midnight = wall_seconds(at(day)) // 60
        for part in is_in(day):
            on.update(range(midnight + part.start, midnight + part.stop))
        day += timedelta(1)
    return on


def every_minute(schedule):
    first, last = wall_seconds(at(FIRST)) // 60, wall_seconds(at(LAST)) // 60
    is_on = schedule.is_on
    return {minute for minute in range(first, last) if is_on(Moment(0, minute * 60))}


@pytest.mark.parametrize(
    ("days", "iso", "start", "end"),
    [
        (SUNDAY, {7}, (15, 16), (18, 0)),
        (MONDAY | FRIDAY, {1, 5}, (8, 30), (8, 31)),
        (0x7F, {1, 2, 3, 4, 5, 6, 7}, (0, 0), (0, 1)),
    ],
)
def test_week_days_are_on_in_every_minute_they_should_be(days, iso, start, end):
    hours = range(start[0] * 60 + start[1], end[0] * 60 + end[1])
    schedule = WeekDaySchedule(1, 1, days, hours.start, hours.stop)
    assert every_minute(schedule) == minutes_on(lambda day: [hours] if day.isoweekday() in iso else [])


def test_a_schedule_until_the_last_minute_of_the_day_has_that_minute_too():
    schedule = WeekDaySchedule(1, 1, SATURDAY, 23 * 60, LAST_MINUTE)
    evening = range(23 * 60, 24 * 60)
    assert every_minute(schedule) == minutes_on(lambda day: [evening] if day.isoweekday() == 6 else [])
    saturday = wall_seconds(at(date(2025, 3, 1)))
    assert schedule.is_on(Moment(0, saturday + 86_399))
    assert not schedule.is_on(Moment(0, saturday + 86_400))


def test_a_year_day_is_on_from_its_first_second_until_before_its_last():
    begin, end = at(date(2024, 2, 28), 22, 15), at(date(2024, 3, 1), 9, 45)
    schedule = YearDaySchedule(1, 1, wall_seconds(begin), wall_seconds(end))
    whole, parts = range(24 * 60), {begin.date(): range(22 * 60 + 15, 24 * 60), end.date(): range(9 * 60 + 45)}
    leap_day = date(2024, 2, 29)
    assert every_minute(schedule) == minutes_on(
        lambda day: [parts[day]] if day in parts else [whole] if day == leap_day else []
    )
    for offset, expected in ((-1, False), (0, True)):
        assert schedule.is_on(Moment(0, wall_seconds(begin) + offset)) is expected
        assert schedule.is_on(Moment(0, wall_seconds(end) + offset)) is not expected


def test_a_holiday_is_on_as_a_year_day_is():
    begin, end = at(date(2024, 12, 24), 12), at(date(2024, 12, 27))
    schedule = HolidaySchedule(1, wall_seconds(begin), wall_seconds(end), OperatingMode.VACATION)
    twin = YearDaySchedule(1, 1, schedule.start, schedule.end)
    for edge in (schedule.start, schedule.end):
        for second in (edge - 1, edge, edge + 1):
            assert schedule.is_on(Moment(0, second)) is twin.is_on(Moment(0, second))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_the_wall_is_right_in_every_quarter_of_an_hour_of_a_zone(zone):
    """World time goes on evenly while the wall jumps: whoever is on by the wall is on, twice or never in the odd hour."""
    tz = ZoneInfo(zone)
    schedule = WeekDaySchedule(1, 1, SUNDAY | MONDAY, 2 * 60, 3 * 60)
    moment, last = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    step = timedelta(minutes=15)
    while moment < last:
        local = moment.astimezone(tz)
        offset = local.utcoffset()
        assert offset is not None
        utc_s = int((moment - EPOCH).total_seconds())
        seen = Moment(utc_s, utc_s + int(offset.total_seconds()))
        assert (seen.weekday, seen.minute) == (local.isoweekday() % 7, local.hour * 60 + local.minute)
        assert schedule.is_on(seen) is (local.isoweekday() in (7, 1) and local.hour == 2)
        moment += step


def test_an_hour_that_the_clock_skips_lets_nobody_in_and_one_it_repeats_lets_in_twice():
    berlin = ZoneInfo("Europe/Berlin")
    schedule = WeekDaySchedule(1, 1, SUNDAY, 2 * 60, 3 * 60)
    for day, minutes in ((date(2025, 3, 30), 0), (date(2025, 10, 26), 120), (date(2025, 6, 1), 60)):
        midnight = datetime(day.year, day.month, day.day, tzinfo=berlin).astimezone(UTC)
        on = 0
        for minute in range(5 * 60):
            local = (midnight + timedelta(minutes=minute)).astimezone(berlin).replace(tzinfo=None)
            on += schedule.is_on(Moment(0, wall_seconds(local)))
        assert on == minutes
