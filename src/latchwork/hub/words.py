"""Times in plain words: instants on the site's wall clock, and what a rule of time promises, as a guest reads it.

Layer hub, pure. Names of days and months are spelt here, so that they do not depend on the machine's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.hub.house.rules import MIDNIGHT, Always, FirstUse, Hours, Once, Rule, Weekly, Window

ANY_TIME: Final = "at any time"
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_EVERY_DAY: Final = frozenset(range(7))
_WORKDAYS: Final = frozenset(range(5))
_WEEKEND: Final = frozenset((5, 6))


def instant(at: float, zone: ZoneInfo) -> str:
    """Such as `Friday, 7 May 2027, 15:00`."""
    wall = datetime.fromtimestamp(at, zone)
    day = f"{_DAYS[wall.weekday()]}, {wall.day} {_MONTHS[wall.month - 1]} {wall.year}"
    return f"{day}, {wall.hour:02}:{wall.minute:02}"


def zone_name(zone_key: str) -> str:
    """Whose time it is: `Berlin time` for Europe/Berlin, and UTC as it is."""
    _, slash, place = zone_key.rpartition("/")
    return f"{place.replace('_', ' ')} time" if slash else zone_key


def rule_in_words(rule: Rule, zone: ZoneInfo) -> str:
    """When somebody may come, as the end of `It works …`."""
    match rule:
        case Always():
            return ANY_TIME
        case Window(start, end):
            return f"from {instant(start, zone)} until {instant(end, zone)}"
        case Once(start, end):
            return f"for one opening{_span(start, end, zone)}"
        case FirstUse(minutes, start, end):
            first = _span(start, end, zone)
            return f"for {duration(minutes)} from the first use" + (f"; use it first{first}" if first else "")
        case Weekly():
            text = " and ".join(f"{_days(each.days)} {_hours(each)}" for each in rule.hours if each.days)
            text += _span(rule.start, rule.end, zone)
            if rule.is_off_on_holidays:
                text += ", not on holidays"
            if rule.except_on:
                text += f", not on {_listed([_date(each) for each in rule.except_on])}"
            return text or "never"


def duration(minutes: int) -> str:
    """Such as `90 minutes`, `1 hour` or `2 days`."""
    for size, name in ((1440, "day"), (60, "hour")):
        if minutes >= size and minutes % size == 0:
            count = minutes // size
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


def listed(names: Sequence[str]) -> str:
    """Names as in a sentence: `A`, `A and B`, `A, B and C`."""
    return _listed(list(names))


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _span(start: float | None, end: float | None, zone: ZoneInfo) -> str:
    after = "" if start is None else f" from {instant(start, zone)}"
    return after + ("" if end is None else f" until {instant(end, zone)}")


def _days(days: frozenset[int]) -> str:
    if days == _EVERY_DAY:
        return "every day"
    if days == _WORKDAYS:
        return "Monday to Friday"
    if days == _WEEKEND:
        return "at weekends"
    return "on " + _listed([f"{_DAYS[day]}s" for day in sorted(days)])


def _hours(hours: Hours) -> str:
    if (hours.start, hours.until) == (0, MIDNIGHT):
        return "all day"
    next_day = " the next day" if hours.is_overnight and hours.until else ""
    return f"from {_time(hours.start)} to {_time(hours.until)}{next_day}"


def _time(minutes: int) -> str:
    return "24:00" if minutes == MIDNIGHT else f"{minutes // 60:02}:{minutes % 60:02}"


def _date(text: str) -> str:
    year, month, day = text.split("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year}"
