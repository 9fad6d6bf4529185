"""Schedules of users and holidays of the lock: the order in which a request is refused, and what setting and clearing one does.

The cases are those of the project's certification suites for schedules, told in our own words.
"""

import pytest
from tests.support.register import ALPHA, BETA, LIMITS, empty, refused

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.register import (
    ALL_SCHEDULES,
    ALL_USERS,
    DataChange,
    DataKind,
    Problem,
    UserChange,
)
from latchwork.doorlock.schedules import HolidaySchedule, WeekDaySchedule, YearDaySchedule
from latchwork.doorlock.settings import OperatingMode
from latchwork.doorlock.users import UserType

ADD, CLEAR, MODIFY = DataChange.ADD, DataChange.CLEAR, DataChange.MODIFY
AFTERNOON = {"days": 1, "start_hour": 15, "start_minute": 16, "end_hour": 18, "end_minute": 0}


@pytest.fixture
def register():
    """User 1 restricted to schedules."""
    register = empty()
    register.set_credential(ADD, CredentialKind.PIN, 1, b"123456", type=UserType.SCHEDULE_RESTRICTED, author=ALPHA)
    return register


def set_all(register, user_index=1, index=1):
    register.set_week_day(user_index, index, author=ALPHA, **AFTERNOON)
    register.set_year_day(user_index, index, start=12345, end=12345689, author=ALPHA)
    register.set_holiday(index, start=12345, end=12345689, mode=0, author=ALPHA)


@pytest.mark.parametrize(
    ("user_index", "index", "problem"),
    [
        (1, 0, Problem.INVALID),
        (1, 11, Problem.INVALID),
        (0, 1, Problem.INVALID),
        (11, 1, Problem.INVALID),
        (2, 11, Problem.INVALID),
        (2, 1, Problem.FAILURE),
    ],
)
def test_a_schedule_needs_an_index_and_a_user(register, user_index, index, problem):
    set_all(register)
    refused(problem, register.set_week_day, user_index, index, author=ALPHA, **AFTERNOON)
    refused(problem, register.set_year_day, user_index, index, start=1, end=2, author=ALPHA)
    refused(problem, register.clear_week_day, user_index, index, ALPHA)
    refused(problem, register.clear_year_day, user_index, index, ALPHA)
    asked = Problem.INVALID if problem is Problem.INVALID else Problem.NOT_FOUND
    refused(asked, register.get_week_day, user_index, index)
    refused(asked, register.get_year_day, user_index, index)


@pytest.mark.parametrize("index", [0, 11, 0xFF])
def test_a_holiday_needs_an_index(register, index):
    refused(Problem.INVALID, register.set_holiday, index, start=1, end=2, mode=0, author=ALPHA)
    refused(Problem.INVALID, register.clear_holiday, index, ALPHA)
    refused(Problem.INVALID, register.get_holiday, index)


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 0},
        {"days": 0x80},
        {"days": 0x81},
        {"start_hour": 24},
        {"start_minute": 60},
        {"end_hour": 24},
        {"end_minute": 60},
        {"start_hour": 19},
        {"start_hour": 15, "start_minute": 50, "end_hour": 15, "end_minute": 49},
        {"start_hour": 15, "start_minute": 50, "end_hour": 15, "end_minute": 50},
    ],
)
def test_hours_that_cannot_be_are_refused(register, wrong):
    refused(Problem.INVALID, register.set_week_day, 1, 1, author=ALPHA, **(AFTERNOON | wrong))
    refused(Problem.NOT_FOUND, register.get_week_day, 1, 1)


def test_that_there_is_no_such_user_is_said_before_the_hours_are_looked_at(register):
    refused(Problem.FAILURE, register.set_week_day, 2, 1, author=ALPHA, **(AFTERNOON | {"days": 0}))
    refused(Problem.FAILURE, register.set_year_day, 2, 1, start=2, end=1, author=ALPHA)


@pytest.mark.parametrize(("start", "end"), [(12345689, 12345688), (5, 5)])
def test_a_stretch_of_time_that_ends_before_it_begins_is_refused(register, start, end):
    refused(Problem.INVALID, register.set_year_day, 1, 1, start=start, end=end, author=ALPHA)
    refused(Problem.INVALID, register.set_holiday, 1, start=start, end=end, mode=0, author=ALPHA)


def test_a_holiday_has_an_operating_mode(register):
    refused(Problem.INVALID, register.set_holiday, 1, start=1, end=2, mode=5, author=ALPHA)
    register.set_holiday(10, start=1, end=100, mode=4, author=ALPHA)
    assert register.get_holiday(10) == HolidaySchedule(10, 1, 100, OperatingMode.PASSAGE)
    assert isinstance(register.get_holiday(10).mode, OperatingMode)


def test_what_was_set_can_be_read(register):
    set_all(register)
    assert register.get_week_day(1, 1) == register.week_day(1, 1) == WeekDaySchedule(1, 1, 1, 916, 1080)
    assert register.get_year_day(1, 1) == register.year_day(1, 1) == YearDaySchedule(1, 1, 12345, 12345689)
    assert register.get_holiday(1) == register.holiday(1) == HolidaySchedule(1, 12345, 12345689, OperatingMode.NORMAL)
    refused(Problem.NOT_FOUND, register.get_week_day, 1, 2)
    refused(Problem.NOT_FOUND, register.get_year_day, 1, 2)
    refused(Problem.NOT_FOUND, register.get_holiday, 2)


def test_schedules_are_listed_by_index(register):
    for index in (3, 1, 2):
        set_all(register, index=index)
    assert [each.index for each in register.week_days(1)] == [1, 2, 3]
    assert [each.index for each in register.year_days(1)] == [1, 2, 3]
    assert [each.index for each in register.holidays()] == [1, 2, 3]
    assert register.week_days(2) == register.year_days(2) == ()


def test_setting_says_what_happened(register):
    week = UserChange(DataKind.WEEK_DAY_SCHEDULE, ADD, BETA, 1, 2)
    assert register.set_week_day(1, 2, author=BETA, **AFTERNOON) == (week,)
    again = UserChange(DataKind.WEEK_DAY_SCHEDULE, MODIFY, BETA, 1, 2)
    assert register.set_week_day(1, 2, author=BETA, **AFTERNOON) == (again,)
    year = UserChange(DataKind.YEAR_DAY_SCHEDULE, ADD, BETA, 1, 2)
    assert register.set_year_day(1, 2, start=1, end=2, author=BETA) == (year,)
    holiday = UserChange(DataKind.HOLIDAY_SCHEDULE, ADD, BETA, None, 2)
    assert register.set_holiday(2, start=1, end=2, mode=1, author=BETA) == (holiday,)


def test_clearing_one_leaves_the_others(register):
    set_all(register, index=1)
    set_all(register, index=2)
    assert register.clear_week_day(1, 1, ALPHA) == (UserChange(DataKind.WEEK_DAY_SCHEDULE, CLEAR, ALPHA, 1, 1),)
    assert register.clear_year_day(1, 2, ALPHA) == (UserChange(DataKind.YEAR_DAY_SCHEDULE, CLEAR, ALPHA, 1, 2),)
    assert register.clear_holiday(1, ALPHA) == (UserChange(DataKind.HOLIDAY_SCHEDULE, CLEAR, ALPHA, None, 1),)
    assert [each.index for each in register.week_days(1)] == [2]
    assert [each.index for each in register.year_days(1)] == [1]
    assert [each.index for each in register.holidays()] == [2]


def test_clearing_all_of_one_kind_leaves_the_others(register):
    register.set_user(ADD, 2, author=ALPHA)
    for user_index in (1, 2):
        set_all(register, user_index, 1)
        set_all(register, user_index, 10)
    cleared = register.clear_week_day(1, ALL_SCHEDULES, ALPHA)
    assert cleared == (UserChange(DataKind.WEEK_DAY_SCHEDULE, CLEAR, ALPHA, 1, ALL_USERS),)
    assert (len(register.week_days(1)), len(register.week_days(2))) == (0, 2)
    assert len(register.year_days(1)) == len(register.holidays()) == 2
    register.clear_year_day(1, ALL_SCHEDULES, ALPHA)
    assert (len(register.year_days(1)), len(register.year_days(2)), len(register.holidays())) == (0, 2, 2)
    register.clear_holiday(ALL_SCHEDULES, ALPHA)
    assert (len(register.week_days(2)), len(register.year_days(2)), len(register.holidays())) == (2, 2, 0)


def test_clearing_what_is_not_there_changes_nothing(register):
    register.take_dirty()
    for index in (1, ALL_SCHEDULES):
        assert register.clear_week_day(1, index, ALPHA) == ()
        assert register.clear_year_day(1, index, ALPHA) == ()
        assert register.clear_holiday(index, ALPHA) == ()
    assert not register.take_dirty()


def test_a_cleared_user_has_no_schedules_in_the_next_life(register):
    set_all(register)
    register.clear_user(ALL_USERS, ALPHA)
    refused(Problem.NOT_FOUND, register.get_week_day, 1, 1)
    register.set_user(ADD, 1, author=ALPHA)
    refused(Problem.NOT_FOUND, register.get_week_day, 1, 1)
    refused(Problem.NOT_FOUND, register.get_year_day, 1, 1)
    assert register.get_holiday(1).start == 12345


def test_an_unrestricted_user_who_is_given_hours_is_held_to_them():
    for give in (
        lambda register: register.set_week_day(1, 1, author=BETA, **AFTERNOON),
        lambda register: register.set_year_day(1, 1, start=1, end=2, author=BETA),
    ):
        register = empty()
        register.set_user(ADD, 1, author=ALPHA)
        changes = give(register)
        assert changes[0] == UserChange(DataKind.USER_INDEX, MODIFY, BETA, 1, 1)
        assert len(changes) == 2
        assert register.user(1).type is UserType.SCHEDULE_RESTRICTED
        assert register.user(1).modifier == 2


def test_a_user_who_loses_the_last_schedule_is_not_let_in_around_the_clock():
    register = empty()
    register.set_user(ADD, 1, author=ALPHA)
    set_all(register)
    register.clear_week_day(1, 1, ALPHA)
    register.clear_year_day(1, ALL_SCHEDULES, ALPHA)
    assert register.user(1).type is UserType.SCHEDULE_RESTRICTED


@pytest.mark.parametrize("kind", [kind for kind in UserType if kind is not UserType.UNRESTRICTED])
def test_every_other_user_stays_what_it_is(kind):
    register = empty()
    register.set_user(ADD, 1, type=kind, author=ALPHA)
    set_all(register)
    assert register.user(1).type is kind


def test_a_lock_that_knows_no_schedule_restricted_users_makes_none():
    types = frozenset({UserType.UNRESTRICTED, UserType.WEEK_DAY_SCHEDULE})
    register = empty(Limits(users=1, week_days_per_user=1, user_types=types))
    register.set_user(ADD, 1, author=ALPHA)
    assert len(register.set_week_day(1, 1, author=ALPHA, **AFTERNOON)) == 1
    assert register.user(1).type is UserType.UNRESTRICTED


def test_a_lock_without_schedules_has_no_index_for_one():
    register = empty(Limits(users=1))
    register.set_user(ADD, 1, author=ALPHA)
    refused(Problem.INVALID, register.set_week_day, 1, 1, author=ALPHA, **AFTERNOON)
    refused(Problem.INVALID, register.set_year_day, 1, 1, start=1, end=2, author=ALPHA)
    refused(Problem.INVALID, register.set_holiday, 1, start=1, end=2, mode=0, author=ALPHA)
    assert LIMITS.holidays == 10
