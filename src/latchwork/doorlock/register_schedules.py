"""Rules of change for schedules (Application Clusters 5.2.10.4 to 5.2.10.15).

Layer doorlock; works on `book`. Whether a request is refused, and why, follows the order that certification expects. Whoever is
given a schedule is held to it: an unrestricted user becomes a schedule-restricted one, and stays one until an administrator says
otherwise, so that a cleared schedule never opens a door.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from latchwork.doorlock.book import Book, Record
from latchwork.doorlock.changes import (
    ALL_SCHEDULES,
    ALL_USERS,
    Author,
    ChangeRefused,
    DataChange,
    DataKind,
    Problem,
    UserChange,
)
from latchwork.doorlock.register_users import check_user_index
from latchwork.doorlock.schedules import HolidaySchedule, WeekDaySchedule, YearDaySchedule
from latchwork.doorlock.settings import OperatingMode
from latchwork.doorlock.users import User, UserType

_EVERY_DAY: Final = 0x7F
_LAST_HOUR: Final = 23
_LAST_MINUTE: Final = 59
_MODES: Final = frozenset(OperatingMode)


def set_week_day(
    book: Book, user_index: int, index: int, days: int, start: tuple[int, int], end: tuple[int, int], author: Author
) -> tuple[UserChange, ...]:
    """Set a week-day schedule; `start` and `end` are hour and minute. See `Register.set_week_day`."""
    user = _user(book, user_index, index, book.limits.week_days_per_user)
    if not 0 < days <= _EVERY_DAY:
        raise ChangeRefused(Problem.INVALID, "a schedule is on some days from Sunday to Saturday")
    for hour, minute in (start, end):
        if not (0 <= hour <= _LAST_HOUR and 0 <= minute <= _LAST_MINUTE):
            raise ChangeRefused(Problem.INVALID, f"there is no time {hour}:{minute}")
    if start >= end:
        raise ChangeRefused(Problem.INVALID, "a schedule ends after it starts, on the same day")
    schedule = WeekDaySchedule(user_index, index, days, 60 * start[0] + start[1], 60 * end[0] + end[1])
    before = book.week_day(user_index, index)
    book.write(schedule)
    return (*_restrict(book, user, author), _set(DataKind.WEEK_DAY_SCHEDULE, before, author, user_index, index))


def clear_week_day(book: Book, user_index: int, index: int, author: Author) -> tuple[UserChange, ...]:
    """Take out one or all week-day schedules of a user. See `Register.clear_week_day`."""
    _user(book, user_index, index, book.limits.week_days_per_user, or_all=True)
    return _clear(book, DataKind.WEEK_DAY_SCHEDULE, book.week_days(user_index), user_index, index, author)


def set_year_day(
    book: Book, user_index: int, index: int, start: int, end: int, author: Author
) -> tuple[UserChange, ...]:
    """Set a year-day schedule. See `Register.set_year_day`."""
    user = _user(book, user_index, index, book.limits.year_days_per_user)
    if start >= end:
        raise ChangeRefused(Problem.INVALID, "a schedule ends after it starts")
    before = book.year_day(user_index, index)
    book.write(YearDaySchedule(user_index, index, start, end))
    return (*_restrict(book, user, author), _set(DataKind.YEAR_DAY_SCHEDULE, before, author, user_index, index))


def clear_year_day(book: Book, user_index: int, index: int, author: Author) -> tuple[UserChange, ...]:
    """Take out one or all year-day schedules of a user. See `Register.clear_year_day`."""
    _user(book, user_index, index, book.limits.year_days_per_user, or_all=True)
    return _clear(book, DataKind.YEAR_DAY_SCHEDULE, book.year_days(user_index), user_index, index, author)


def set_holiday(book: Book, index: int, start: int, end: int, mode: int, author: Author) -> tuple[UserChange, ...]:
    """Set a holiday. See `Register.set_holiday`."""
    check_schedule_index(index, book.limits.holidays)
    if start >= end:
        raise ChangeRefused(Problem.INVALID, "a holiday ends after it starts")
    if mode not in _MODES:
        raise ChangeRefused(Problem.INVALID, f"there is no operating mode {mode}")
    before = book.holiday(index)
    book.write(HolidaySchedule(index, start, end, OperatingMode(mode)))
    return (_set(DataKind.HOLIDAY_SCHEDULE, before, author, None, index),)


def clear_holiday(book: Book, index: int, author: Author) -> tuple[UserChange, ...]:
    """Take out one or all holidays. See `Register.clear_holiday`."""
    check_schedule_index(index, book.limits.holidays, or_all=True)
    return _clear(book, DataKind.HOLIDAY_SCHEDULE, book.holidays(), None, index, author)


def check_schedule_index(index: int, last: int, *, or_all: bool = False) -> None:
    """Refuse an index that no schedule can have.

    Raises:
        ChangeRefused: `Problem.INVALID`.
    """
    if not (1 <= index <= last or (or_all and index == ALL_SCHEDULES)):
        raise ChangeRefused(Problem.INVALID, f"schedules have indexes from 1 to {last}")


def _user(book: Book, user_index: int, index: int, last: int, *, or_all: bool = False) -> User:
    check_schedule_index(index, last, or_all=or_all)
    check_user_index(book, user_index)
    user = book.user(user_index)
    if user is None:
        raise ChangeRefused(Problem.FAILURE, f"there is no user {user_index}")
    return user


def _restrict(book: Book, user: User, author: Author) -> tuple[UserChange, ...]:
    if user.type is not UserType.UNRESTRICTED or UserType.SCHEDULE_RESTRICTED not in book.limits.user_types:
        return ()
    book.write(replace(user, type=UserType.SCHEDULE_RESTRICTED, modifier=author.fabric_index))
    return (UserChange(DataKind.USER_INDEX, DataChange.MODIFY, author, user.index, user.index),)


def _set(kind: DataKind, before: Record | None, author: Author, user_index: int | None, index: int) -> UserChange:
    return UserChange(kind, DataChange.ADD if before is None else DataChange.MODIFY, author, user_index, index)


def _clear(
    book: Book,
    kind: DataKind,
    schedules: Iterable[WeekDaySchedule | YearDaySchedule | HolidaySchedule],
    user_index: int | None,
    index: int,
    author: Author,
) -> tuple[UserChange, ...]:
    going = [schedule for schedule in schedules if index in (schedule.index, ALL_SCHEDULES)]
    for schedule in going:
        book.erase(schedule)
    if not going:
        return ()
    return (UserChange(kind, DataChange.CLEAR, author, user_index, ALL_USERS if index == ALL_SCHEDULES else index),)
