"""When an access holds: always, weekly, from and until, once, or for some hours from the first use.

Layer hub, pure: values and arithmetic. Wall-clock times are meant in the site's time zone; instants are UTC seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MIDNIGHT: Final = 1440
"""The end of a day, in minutes since its begin."""
_LAST_MINUTE: Final = MIDNIGHT - 1


@dataclass(frozen=True, slots=True)
class Always:
    """At any time."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of some days of the week.

    Attributes:
        days: 0 is Monday, 6 Sunday.
        start, end: minutes since midnight on the wall; an `end` at or before `start` lies on the next day. 1440 is midnight, and so
            is an `end` at 23:59, as on locks (Application Clusters 5.2.10.4.7).
    """

    days: frozenset[int]
    start: int
    end: int

    @property
    def is_overnight(self) -> bool:
        """Whether it ends on the day after the one on which it begins."""
        return self.end <= self.start

    @property
    def until(self) -> int:
        """`end`, with 23:59 read as midnight."""
        return MIDNIGHT if self.end == _LAST_MINUTE else self.end


@dataclass(frozen=True, slots=True)
class Weekly:
    """Some hours of each week.

    Attributes:
        hours: the stretches.
        except_on: local dates, ISO 8601, on which none of them holds.
        is_off_on_holidays: the site's holidays are such dates too.
        start, end: instants before and after which none holds; None is open.
    """

    hours: tuple[Hours, ...]
    except_on: tuple[str, ...] = ()
    is_off_on_holidays: bool = False
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """From an instant until another."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Once:
    """One opening, in a window or at any time."""

    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class FirstUse:
    """For some hours from the first use on.

    Attributes:
        minutes: 1 to 2880.
        start, end: the first use must be in between; None is open.
    """

    minutes: int
    start: float | None = None
    end: float | None = None


Rule = Always | Weekly | Window | Once | FirstUse


def holds(
    rule: Rule, at: float, zone: ZoneInfo, holidays: frozenset[str] = frozenset(), first_used_at: float | None = None
) -> bool:
    """Whether the rule lets somebody in at the instant `at`; a `Once` that was used is not this function's business."""
    match rule:
        case Always():
            return True
        case Window(start, end):
            return start <= at < end
        case Once(start, end):
            return _is_between(at, start, end)
        case FirstUse(minutes, start, end):
            if first_used_at is not None:
                return first_used_at <= at < first_used_at + minutes * 60
            return _is_between(at, start, end)
        case Weekly():
            return _is_between(at, rule.start, rule.end) and _is_in_hours(
                rule, datetime.fromtimestamp(at, zone), holidays
            )


def _is_between(at: float, start: float | None, end: float | None) -> bool:
    return (start is None or start <= at) and (end is None or at < end)


def _is_in_hours(rule: Weekly, wall: datetime, holidays: frozenset[str]) -> bool:
    minute = wall.hour * 60 + wall.minute
    today = wall.date()
    for hours in rule.hours:
        is_overnight = hours.is_overnight
        if minute >= hours.start and (is_overnight or minute < hours.until) and _is_day(rule, hours, today, holidays):
            return True
        if is_overnight and minute < hours.until and _is_day(rule, hours, today - timedelta(days=1), holidays):
            return True
    return False


def _is_day(rule: Weekly, hours: Hours, day: date, holidays: frozenset[str]) -> bool:
    if day.weekday() not in hours.days:
        return False
    if not rule.except_on and not rule.is_off_on_holidays:
        return True
    text = day.isoformat()
    return text not in rule.except_on and not (rule.is_off_on_holidays and text in holidays)
