"""On which days something recurs (RFC 5545 3.3.10): the part of it that calendars of people use, with a bound.

Layer hub, pure. Whoever keeps a calendar elsewhere may write any rule: one that is beyond this is refused, never guessed at, and none
can make the hub count for long.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

MAX_PERIODS: Final = 40_000
"""Days, weeks, months or years that are looked at: a hundred years of days."""
MAX_INTERVAL: Final = 1000
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A rule of recurrence.

    Attributes:
        frequency: DAILY, WEEKLY, MONTHLY or YEARLY.
        interval: of periods, from 1.
        count: how often at most, or None.
        months: 1 to 12; empty is all.
        month_days: 1 to 31, or from the end -1 to -31.
        days: ordinal within the month (0 is every) and weekday (0 is Monday).
        positions: of those within a period, from 1, or from the end -1.
        week_start: weekday on which a week begins.
    """

    frequency: str
    interval: int = 1
    count: int | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    days: frozenset[tuple[int, int]] = frozenset()
    positions: frozenset[int] = frozenset()
    week_start: int = 0


def occurrences(repeat: Repeat, first: date, last: date) -> Iterator[date]:
    """Days from `first` to `last`, in order.

    Raises:
        ValueError: the rule is beyond what is understood, or too long to count.
    """
    _check(repeat)
    left = repeat.count
    for number, period in enumerate(_periods(repeat, first, last)):
        if number >= MAX_PERIODS:
            raise ValueError("a rule that goes on for too long")
        for day in _chosen(repeat, sorted(period)):
            if day < first:
                continue
            if day > last or left == 0:
                return
            yield day
            left = None if left is None else left - 1


def _check(repeat: Repeat) -> None:
    if repeat.frequency not in _FREQUENCIES or not 1 <= repeat.interval <= MAX_INTERVAL:
        raise ValueError("a rule of this frequency is not understood")
    if repeat.positions and repeat.frequency in {"DAILY", "WEEKLY"}:
        raise ValueError("positions are understood within months and years only")
    has_ordinals = any(ordinal for ordinal, _ in repeat.days)
    if has_ordinals and (
        repeat.frequency in {"DAILY", "WEEKLY"} or (repeat.frequency == "YEARLY" and not repeat.months)
    ):
        raise ValueError("an ordinal is understood within a month only")
    if repeat.month_days and repeat.frequency == "WEEKLY":
        raise ValueError("days of a month do not go with weeks")


def _chosen(repeat: Repeat, days: list[date]) -> Iterable[date]:
    if not repeat.positions:
        return days
    return [day for place, day in enumerate(days) if {place + 1, place - len(days)} & repeat.positions]


def _periods(repeat: Repeat, first: date, last: date) -> Iterator[Iterable[date]]:
    """The days of each period that the rule names, period by period until `last`."""
    match repeat.frequency:
        case "DAILY":
            day = first
            while day <= last:
                yield [day] if _fits(repeat, day) else ()
                day += timedelta(days=repeat.interval)
        case "WEEKLY":
            monday = first - timedelta(days=(first.weekday() - repeat.week_start) % 7)
            while monday <= last:
                week = (monday + timedelta(days=number) for number in range(7))
                wanted = {day for _, day in repeat.days} or {first.weekday()}
                yield [day for day in week if day.weekday() in wanted and _is_in_months(repeat, day)]
                monday += repeat.interval * _WEEK
        case "MONTHLY":
            months = first.year * 12 + first.month - 1
            while date(months // 12, months % 12 + 1, 1) <= last:
                yield _days_of_month(repeat, months // 12, months % 12 + 1, first.day)
                months += repeat.interval
        case _:
            year = first.year
            while year <= last.year:
                yield _days_of_year(repeat, year, first)
                year += repeat.interval


def _days_of_year(repeat: Repeat, year: int, first: date) -> list[date]:
    months = repeat.months
    if not months:
        months = frozenset(range(1, 13)) if repeat.month_days or repeat.days else frozenset({first.month})
    return [day for month in months for day in _days_of_month(repeat, year, month, first.day)]


def _days_of_month(repeat: Repeat, year: int, month: int, default: int) -> list[date]:
    if repeat.months and month not in repeat.months:
        return []
    begins_on, length = monthrange(year, month)
    numbers: Iterable[int] = range(1, length + 1)
    if repeat.month_days:
        numbers = [day for day in numbers if {day, day - length - 1} & repeat.month_days]
    elif not repeat.days:
        numbers = [default] if default <= length else []
    if repeat.days:
        numbers = [day for day in numbers if _is_named(repeat, (begins_on + day - 1) % 7, day, length)]
    return [date(year, month, day) for day in numbers]


def _is_named(repeat: Repeat, weekday: int, day: int, length: int) -> bool:
    ordinals = {0, (day - 1) // 7 + 1, -((length - day) // 7 + 1)}
    return any(name == weekday and ordinal in ordinals for ordinal, name in repeat.days)


def _fits(repeat: Repeat, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    return (
        _is_in_months(repeat, day)
        and (not repeat.month_days or bool({day.day, day.day - length - 1} & repeat.month_days))
        and (not repeat.days or any(name == day.weekday() for _, name in repeat.days))
    )


def _is_in_months(repeat: Repeat, day: date) -> bool:
    return not repeat.months or day.month in repeat.months


_FREQUENCIES: Final = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
