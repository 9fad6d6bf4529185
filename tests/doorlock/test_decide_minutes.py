"""Schedules judged for every minute of two years, on a wall clock that changes four times, against the calendar's own arithmetic."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from tests.support.lock import PIN, Home
from tests.support.register import AT_THE_LOCK

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.decide import judge
from latchwork.doorlock.events import Reason, Source
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.settings import Settings
from latchwork.doorlock.users import UserType

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
SETTINGS = Settings()
WEEK = (
    # days from Sunday on, start, end
    ("1000001", (0, 0), (23, 59)),
    ("0111110", (2, 0), (3, 0)),
    ("0010100", (22, 30), (23, 59)),
    ("0111110", (8, 0), (16, 45)),
)
YEAR = (
    (datetime.fromisoformat("2025-03-15T00:00"), datetime.fromisoformat("2025-11-02T02:30")),
    (datetime.fromisoformat("2026-03-29T02:30"), datetime.fromisoformat("2026-10-25T02:30")),
    (datetime.fromisoformat("2026-12-31T23:00"), datetime.fromisoformat("2027-01-01T00:00")),
)


def seconds(wall):
    """What a wall clock that shows this says, in seconds since its own 2000."""
    return int((wall - EPOCH.replace(tzinfo=None)).total_seconds())


def user(user_type):
    home = Home().ana()
    for index, (days, start, end) in enumerate(WEEK, 1):
        home.register.set_week_day(
            1,
            index,
            days=int(days[::-1], 2),
            start_hour=start[0],
            start_minute=start[1],
            end_hour=end[0],
            end_minute=end[1],
            author=AT_THE_LOCK,
        )
    for index, (start, end) in enumerate(YEAR, 1):
        home.register.set_year_day(1, index, start=seconds(start), end=seconds(end), author=AT_THE_LOCK)
    home.register.set_user(2, 1, type=user_type, author=AT_THE_LOCK)
    return home.register, (home.register.find(CredentialKind.PIN, PIN),)


def is_in_week(wall, minute):
    """The calendar's answer for one minute of the quarter that begins at `wall`."""
    return is_in_weekly_hours((wall.weekday() + 1) % 7, wall.hour, wall.minute + minute)


@cache
def is_in_weekly_hours(day, *time):
    return any(days[day] == "1" and start <= time and (time < end or end == (23, 59)) for days, start, end in WEEK)


def quarters(zone, begin, end):
    """(UTC seconds, wall clock) of every quarter of an hour. Wall clocks change at whole quarters only."""
    at = begin
    while at < end:
        yield int((at - EPOCH).total_seconds()), at.astimezone(zone).replace(tzinfo=None)
        at += QUARTER


def compare(user_type, zone, begin, end, expected):
    register, shown = user(user_type)
    wrong, changes, before = [], 0, None
    for utc_s, wall in quarters(ZoneInfo(zone), begin, end):
        local_s = seconds(wall)
        if local_s - utc_s != before:
            before, changes = local_s - utc_s, changes + 1
        for minute in range(15):
            moment = Moment(utc_s + 60 * minute, local_s + 60 * minute)
            verdict = judge(register, shown, Source.KEYPAD, SETTINGS, moment)
            if (verdict.reason is None) is not expected(wall, minute) or (
                verdict.reason is not None and verdict.reason is not Reason.SCHEDULE
            ):
                wrong.append((wall, minute, verdict.reason))
    assert wrong == []
    return changes - 1


def is_in_year(wall, _minute):
    return any(start <= wall < end for start, end in YEAR)


def is_in_both(wall, minute):
    return is_in_year(wall, minute) and is_in_week(wall, minute)


def test_every_minute_of_two_years_is_judged_as_the_calendar_says():
    begin, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)
    changes = compare(UserType.SCHEDULE_RESTRICTED, "Europe/Berlin", begin, end, is_in_both)
    assert changes == 4


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "America/St_Johns", "Antarctica/Troll", "Asia/Kathmandu"])
@pytest.mark.parametrize("month", [3, 4, 10, 11])
@pytest.mark.parametrize(
    ("user_type", "expected"),
    [(UserType.WEEK_DAY_SCHEDULE, is_in_week), (UserType.YEAR_DAY_SCHEDULE, is_in_year)],
)
def test_the_weeks_in_which_odd_zones_change_are_judged_as_the_calendar_says(zone, month, user_type, expected):
    begin = datetime(2026, month, 1 if month in (4, 11) else 25, tzinfo=UTC)
    compare(user_type, zone, begin, begin + timedelta(days=6), expected)


def test_the_hour_that_comes_twice_is_on_twice_and_the_one_that_is_left_out_never():
    register, shown = user(UserType.WEEK_DAY_SCHEDULE)
    register.clear_week_day(1, 0xFE, AT_THE_LOCK)
    sunday = {"days": 1, "start_hour": 2, "start_minute": 0, "end_hour": 3, "end_minute": 0}
    register.set_week_day(1, 1, **sunday, author=AT_THE_LOCK)
    register.set_user(2, 1, type=UserType.WEEK_DAY_SCHEDULE, author=AT_THE_LOCK)

    def minutes(day):
        return sum(
            judge(register, shown, Source.KEYPAD, SETTINGS, Moment(utc_s, seconds(wall))).reason is None
            for utc_s, wall in quarters(ZoneInfo("Europe/Berlin"), day, day + timedelta(days=1))
        )

    assert [minutes(datetime(2026, *day, tzinfo=UTC)) for day in ((3, 22), (3, 29), (10, 25))] == [4, 0, 8]
