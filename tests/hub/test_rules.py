"""When a rule holds: at its edges, over midnight, on days that are off, and in the nights in which clocks are set."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.hub.house.observed import WeekDay
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Weekly, Window, holds
from latchwork.hub.plan.compile_schedules import FOREVER, stretches_between, week_days
from latchwork.hub.plan.wall import EPOCH, instants_on, is_shown_twice, local_seconds, passed

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY, TUESDAY, SATURDAY, SUNDAY = 0, 1, 5, 6
ALL_WEEK = frozenset(range(7))


def at(text, zone=BERLIN, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def is_on(rule, text, fold=0, holidays=frozenset()):
    return holds(rule, at(text, fold=fold), BERLIN, holidays)


def test_always_holds_and_a_window_holds_until_its_end():
    assert is_on(Always(), "2026-01-01")
    window = Window(10.0, 20.0)
    assert [holds(window, each, BERLIN) for each in (9.9, 10.0, 19.9, 20.0)] == [False, True, True, False]


def test_a_first_use_is_within_its_window_and_counts_from_there():
    rule = FirstUse(60, 100.0, 200.0)
    assert [holds(rule, each, BERLIN) for each in (99.0, 100.0, 200.0)] == [False, True, False]
    assert [holds(rule, each, BERLIN, frozenset(), 150.0) for each in (149.0, 150.0, 3749.0, 3750.0)] == [
        *(False, True, True, False),
    ]
    assert holds(Once(None, 5.0), 4.0, BERLIN)
    assert not holds(Once(None, 5.0), 5.0, BERLIN)


def test_a_stretch_over_midnight_belongs_to_the_day_on_which_it_begins():
    rule = Weekly((Hours(frozenset({SATURDAY}), 22 * 60, 6 * 60),))
    assert not is_on(rule, "2026-11-21T21:59")
    assert is_on(rule, "2026-11-21T22:00")
    assert is_on(rule, "2026-11-22T05:59:59")
    assert not is_on(rule, "2026-11-22T06:00")
    assert not is_on(rule, "2026-11-21T05:00")


def test_a_day_off_takes_the_whole_night_that_begins_on_it_and_no_other():
    rule = Weekly((Hours(ALL_WEEK, 22 * 60, 6 * 60),), except_on=("2026-11-21",), is_off_on_holidays=True)
    assert is_on(rule, "2026-11-21T05:00")
    assert not is_on(rule, "2026-11-21T23:00")
    assert not is_on(rule, "2026-11-22T05:00")
    assert not is_on(rule, "2026-11-23T23:00", holidays=frozenset({"2026-11-23"}))


def test_the_last_minute_of_a_day_is_in_as_on_locks():
    assert is_on(Weekly((Hours(ALL_WEEK, 0, 1439),)), "2026-11-21T23:59:59")
    assert not is_on(Weekly((Hours(ALL_WEEK, 0, 1438),)), "2026-11-21T23:58")


def test_hours_are_what_the_wall_shows_when_clocks_are_set():
    rule = Weekly((Hours(frozenset({SUNDAY}), 120, 150),))
    assert is_on(rule, "2026-10-25T02:15")
    assert not is_on(rule, "2026-10-25T02:45")
    assert is_on(rule, "2026-10-25T02:15", fold=1)


def test_a_working_week_is_one_schedule_and_its_nights_are_two():
    working = frozenset(range(5))
    assert week_days((Hours(working, 8 * 60, 18 * 60),)) == (WeekDay(0b0111110, 480, 1080),)
    assert week_days((Hours(working, 22 * 60, 6 * 60),)) == (
        WeekDay(0b1111100, 0, 360),
        WeekDay(0b0111110, 1320, 1439),
    )
    assert week_days((Hours(ALL_WEEK, 0, 1440),)) == (WeekDay(0x7F, 0, 1439),)
    assert week_days((Hours(ALL_WEEK, 0, 0),)) == (WeekDay(0x7F, 0, 1439),)


def test_hours_that_touch_or_overlap_share_a_schedule():
    hours = (
        Hours(frozenset({MONDAY}), 480, 600),
        Hours(frozenset({MONDAY}), 540, 720),
        Hours(frozenset({1}), 480, 720),
    )
    assert week_days(hours) == (WeekDay(0b0000110, 480, 720),)


def test_the_last_minute_of_a_day_alone_cannot_be_said_to_a_lock():
    assert week_days((Hours(ALL_WEEK, 1439, 1440),)) is None
    assert week_days((Hours(ALL_WEEK, 1440, 0),)) == ()


def test_a_day_off_parts_the_dates_only_where_the_hours_are_on():
    hours = (Hours(frozenset({MONDAY}), 480, 600),)
    begin = int(at("2026-11-23T08:00", ZoneInfo("UTC"))) - EPOCH
    assert stretches_between(hours, frozenset({"2026-11-23"})) == ((0, begin), (begin + 7200, FOREVER))
    assert stretches_between(hours, frozenset({"2026-11-24"})) == ((0, FOREVER),)
    assert len(stretches_between(hours, frozenset({"2026-11-23", "2026-11-30"}))) == 2, "no Monday lies in between"
    assert stretches_between(hours, frozenset({"0001-01-01", "9999-12-31"})) == ((0, FOREVER),)


def test_a_night_that_goes_on_into_a_day_off_stays_open():
    hours = (Hours(frozenset({SUNDAY}), 1320, 600), Hours(frozenset({MONDAY}), 480, 720))
    ((_, end), (begin, _)) = stretches_between(hours, frozenset({"2026-11-23"}))
    midnight = int(at("2026-11-23", ZoneInfo("UTC"))) - EPOCH
    assert (end - midnight, begin - midnight) == (600 * 60, 720 * 60)


@given(
    st.lists(
        st.builds(Hours, st.frozensets(st.integers(0, 6)), st.integers(0, 1440), st.integers(0, 1440)), max_size=3
    ).map(tuple),
    st.frozensets(st.dates(date(2026, 11, 20), date(2026, 12, 4)).map(date.isoformat), max_size=4),
    st.integers(0, 20 * 1440),
)
def test_schedules_and_stretches_together_are_the_rule(hours, exceptions, minute):
    days, utc = week_days(hours), ZoneInfo("UTC")
    if days is None:
        return
    moment = at("2026-11-18", utc) + 60 * minute
    wall = datetime.fromtimestamp(moment, utc)
    shown = wall.hour * 60 + wall.minute
    is_week = any(
        each.days >> (wall.weekday() + 1) % 7 & 1 and each.start <= shown < (1440 if each.end == 1439 else each.end)
        for each in days
    )
    is_date = any(start <= moment - EPOCH < end for start, end in stretches_between(hours, exceptions))
    assert (is_week and is_date) == holds(Weekly(hours, tuple(exceptions)), moment, utc)


def test_an_hour_in_autumn_is_shown_twice():
    assert is_shown_twice(at("2026-10-25T02:30"), BERLIN)
    assert is_shown_twice(at("2026-10-25T02:30", fold=1), BERLIN)
    assert not is_shown_twice(at("2026-10-25T03:00"), BERLIN)
    assert not is_shown_twice(at("2026-03-29T03:30"), BERLIN)


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2026-06-01T12:00", "2026-06-01T10:00"),
        ("2026-10-25T02:30", "2026-10-25T01:30"),
        ("2026-03-29T02:30", "2026-03-29T01:00"),
        ("2026-03-29T03:00", "2026-03-29T01:00"),
    ],
)
def test_a_time_on_the_wall_has_passed_when_it_is_not_shown_again(wall, instant):
    utc = ZoneInfo("UTC")
    local = int(at(wall, utc)) - EPOCH
    assert passed(local, BERLIN) == at(instant, utc)


def test_local_seconds_stay_within_what_a_lock_takes():
    assert local_seconds(at("2026-06-01T12:00"), BERLIN) == at("2026-06-01T12:00", ZoneInfo("UTC")) - EPOCH
    assert local_seconds(EPOCH + 0.2, ZoneInfo("UTC")) == 1
    assert local_seconds(-1e300, BERLIN) == 3600
    assert local_seconds(1e300, BERLIN) == 0xFFFF_FFFF


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe"])
def test_the_instants_of_days_are_in_order_and_each_is_shown(zone):
    zone = ZoneInfo(zone)
    found = [
        each
        for day in range(365)
        for each in instants_on(date.fromordinal(date(2026, 1, 1).toordinal() + day), (0, 30, 150, 1410), zone)
    ]
    assert found == sorted(set(found))
    assert len(found) >= 4 * 365 - 1
