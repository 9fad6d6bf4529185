"""Times as people say and read them: `16:00`, `tomorrow 11:00`, `friday 18:00`, `2027-05-01 16:00`, `+3h`, in the site's zone.

The roof, pure: `now` is an argument.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.base.errors import Misuse

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS: Final = {"m": 60, "min": 60, "h": 3600, "d": 86_400, "day": 86_400, "days": 86_400, "w": 604_800}
_AHEAD: Final = re.compile(r"\+\s*(\d{1,5})\s*([a-z]+)")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
_ADVICE: Final = "Such as 16:00, tomorrow 11:00, friday 18:00, 2027-05-01 16:00, or +3h."


def parse_moment(text: str, now: datetime, *, is_end: bool = False) -> datetime:
    """The moment that is meant, with its offset.

    Args:
        text: what somebody typed. A time alone is the next one; a day alone is its beginning, or with `is_end` its end.
        now: the present in the site's zone.
        is_end: whether it is the end of something.

    Raises:
        Misuse: it is no time.
    """
    try:
        return _moment(text, " ".join(text.lower().split()), now, is_end=is_end)
    except OverflowError:
        raise _not_understood(text) from None


def _moment(text: str, said: str, now: datetime, *, is_end: bool) -> datetime:
    zone = now.tzinfo
    if ahead := _AHEAD.fullmatch(said):
        unit = _UNITS.get(ahead[2])
        if unit is None:
            raise _not_understood(text)
        return (now.astimezone(UTC) + timedelta(seconds=int(ahead[1]) * unit)).astimezone(zone)
    if "t" in said and said[:1].isdigit():
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise _not_understood(text) from None
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    day_text, _, clock_text = said.rpartition(" ")
    if not _CLOCK.fullmatch(clock_text):
        day_text, clock_text = said, ""
    at = _clock(clock_text, text) if clock_text else None
    if not day_text:
        if at is None:
            raise _not_understood(text)
        found = datetime.combine(now.date(), at, zone)
        return found if found > now else datetime.combine(now.date() + timedelta(days=1), at, zone)
    day = _day(day_text, now, text, at)
    if at is None:
        at, day = time(), day + timedelta(days=is_end)
    return datetime.combine(day, at, zone)


def _clock(text: str, whole: str) -> time:
    found = _CLOCK.fullmatch(text)
    assert found is not None, "the caller looked"
    try:
        return time(int(found[1]), int(found[2]))
    except ValueError:
        raise _not_understood(whole) from None


def _day(text: str, now: datetime, whole: str, at: time | None) -> date:
    today = now.date()
    if text in {"today", "tomorrow"}:
        return today + timedelta(days=text == "tomorrow")
    weekday = next((index for index, name in enumerate(_NAMES) if len(text) > 2 and name.startswith(text)), None)
    if weekday is not None:
        ahead = (weekday - today.weekday()) % 7
        is_over = ahead == 0 and (at is None or at <= now.time())
        return today + timedelta(days=7 if is_over else ahead)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _not_understood(whole) from None


def _not_understood(text: str) -> Misuse:
    return Misuse(f"{text!r} is no time", advice=_ADVICE)


def to_wire(moment: datetime) -> str:
    """As the API takes it: RFC 3339 with its offset, to the second."""
    return moment.isoformat(timespec="seconds")


def from_wire(text: str, zone: ZoneInfo) -> datetime:
    """A time of the API in this zone."""
    return datetime.fromisoformat(text).astimezone(zone)


def told(text: str | None, zone: ZoneInfo, now: datetime) -> str:
    """A time of the API as people read it: without the day when it is today, without the year when it is this one."""
    if text is None:
        return "-"
    moment = from_wire(text, zone)
    if moment.date() == now.date():
        return moment.strftime("%H:%M:%S" if moment <= now else "%H:%M")
    if moment.date() == now.date() + timedelta(days=1):
        return moment.strftime("tomorrow %H:%M")
    if abs(moment.date() - now.date()) < timedelta(days=180):
        return f"{moment:%a} {moment.day} {moment:%b %H:%M}"
    return moment.strftime("%Y-%m-%d %H:%M")


def age(text: str | None, now: datetime) -> str:
    """How long ago a time of the API was, in one word."""
    if text is None:
        return "-"
    seconds = max(0.0, (now - datetime.fromisoformat(text)).total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return "now"
