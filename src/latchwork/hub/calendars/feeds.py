"""What an iCalendar object says (RFC 5545): its events, one for each occurrence within a horizon, as plain values.

Layer hub, pure. Octets are a stranger's: whatever they are, they are read or refused as `NoCalendar`, within bounds. An event that
cannot be read is counted and makes the feed one that is not whole: nobody is sent away because of a feed that is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import blake2b
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component

from latchwork.base.errors import PeerViolation
from latchwork.hub.calendars.recurrence import Repeat, occurrences

MAX_OCTETS: Final = 2 * 1024 * 1024
MAX_EVENTS: Final = 5000
"""Of a feed, and again of all their occurrences."""
MAX_TEXT: Final = 2000
_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_BY_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_KNOWN: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST"})
_NEEDED: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS", "UID")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")

Moment = date | datetime
"""A day, or an instant with its zone."""


class NoCalendar(PeerViolation):
    """These octets are no calendar that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One occurrence.

    Attributes:
        key: names it from one reading to the next: a hash of its UID and, where it recurs, of which one it is.
        start, end: days without a time, `end` being the day after the last; or UTC seconds since 1970.
        summary, description: as the calendar says.
        is_cancelled: it says that this does not take place.
    """

    key: str
    start: date | float
    end: date | float
    summary: str = ""
    description: str = ""
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A calendar that was read.

    Attributes:
        source: who says that they made it (PRODID), or empty.
        events: within the horizon, by key.
        unread: how many events could not be read.
    """

    source: str
    events: Mapping[str, Event]
    unread: int = 0


@dataclass(frozen=True, slots=True)
class _Horizon:
    first: date
    last: date
    floating: ZoneInfo


@dataclass(frozen=True, slots=True)
class _Length:
    """Days are days on the wall, also where one has 23 hours; what is shorter, or ends in another zone, is time that passes."""

    on_wall: timedelta
    passing: timedelta = timedelta(0)


def read_feed(octets: bytes, *, zone: ZoneInfo, first: date, last: date) -> Feed:
    """The events of a calendar that touch some days.

    Args:
        octets: at most `MAX_OCTETS`.
        zone: for times that name none, unless the calendar names one for all of them.
        first: day of the horizon.
        last: the same.

    Raises:
        NoCalendar: the octets are none, or too many.
    """
    calendar = _parsed(octets)
    horizon = _Horizon(first, last, _zone_of(calendar) or zone)
    components = [each for each in calendar.subcomponents if each.name == "VEVENT"]
    if len(components) > MAX_EVENTS:
        raise NoCalendar(f"the calendar has more than {MAX_EVENTS} events")
    unread = 0
    series: dict[str, list[Component]] = {}
    for number, component in enumerate(components):
        series.setdefault(_text(component, "UID") or f"\n{number}", []).append(component)
    events: dict[str, Event] = {}
    for uid, members in series.items():
        try:
            for event in _events(uid, members, horizon):
                events[event.key] = event
        except _UNREADABLE:
            unread += 1
        if len(events) > MAX_EVENTS:
            raise NoCalendar(f"the calendar's events occur more than {MAX_EVENTS} times")
    return Feed(source=_text(calendar, "PRODID"), events=events, unread=unread)


_UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""What strange values make the library and the calendar's arithmetic raise."""


def _parsed(octets: bytes) -> Calendar:
    if len(octets) > MAX_OCTETS:
        raise NoCalendar("the calendar is longer than 2 MiB")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NoCalendar("the calendar is no text in UTF-8") from None
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise NoCalendar("what came is no calendar: it does not begin as one")
    if not text.rstrip().upper().endswith("END:VCALENDAR"):
        raise NoCalendar("the calendar is cut off: its end is missing")
    try:
        calendar = Calendar.from_ical(text)
    except _UNREADABLE:
        # Without its words: the library quotes the calendar.
        raise NoCalendar("what came is no calendar that can be read") from None
    if not isinstance(calendar, Calendar):
        raise NoCalendar("what came is no calendar that can be read")
    return calendar


def _zone_of(calendar: Calendar) -> ZoneInfo | None:
    """The zone that Google and Apple give to all times which name none."""
    name = _text(calendar, "X-WR-TIMEZONE")
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError):
        return None


def _events(uid: str, members: list[Component], horizon: _Horizon) -> Iterator[Event]:
    """The occurrences of what has one UID: a master that may recur, and single ones that were changed."""
    masters: list[Component] = []
    changed: dict[str, Component] = {}
    for component in members:
        if any(name in _NEEDED for name, _ in component.errors):
            raise ValueError("it cannot be read")
        if "RECURRENCE-ID" not in component:
            masters.append(component)
        else:
            # In the end the last one counts, and a later edition before an earlier one.
            named = _named(_moment(component, "RECURRENCE-ID", horizon))
            if named not in changed or _sequence(component) >= _sequence(changed[named]):
                changed[named] = component
    if masters:
        master = max(masters, key=_sequence)
        recurs = "RRULE" in master or "RDATE" in master
        for start, end in _spans(master, horizon):
            name = _named(start) if recurs else ""
            if name not in changed:
                yield from _event(uid, name, master, start, end, horizon)
    for name, component in changed.items():
        start = _moment(component, "DTSTART", horizon)
        yield from _event(uid, name, component, start, _later(start, _length(component, start, horizon)), horizon)


def _event(
    uid: str, recurrence: str, component: Component, start: Moment, end: Moment, horizon: _Horizon
) -> Iterator[Event]:
    first, last = _day_of(start, horizon), _day_of(end, horizon)
    if last < horizon.first or first > horizon.last:
        return
    yield Event(
        key=blake2b(f"{uid}\n{recurrence}".encode(errors="replace"), digest_size=16).hexdigest(),
        start=_value(start),
        end=_value(end),
        summary=_text(component, "SUMMARY"),
        description=_text(component, "DESCRIPTION", keeps_lines=True),
        is_cancelled=_text(component, "STATUS").upper() == "CANCELLED",
    )


def _spans(master: Component, horizon: _Horizon) -> Iterator[tuple[Moment, Moment]]:
    start = _moment(master, "DTSTART", horizon)
    length = _length(master, start, horizon)
    starts: Iterable[Moment] = [start]
    if "RRULE" in master:
        starts = _recurring(_value_of(master, "RRULE"), start, horizon)
    apart = {_named(each) for each in _moments(master, "EXDATE", horizon)}
    extra = [each for each in _moments(master, "RDATE", horizon) if type(each) is type(start)]
    given: set[str] = set()
    for each in [*starts, *extra]:
        name = _named(each)
        if name not in apart and name not in given:
            given.add(name)
            yield each, _later(each, length)


def _later(start: Moment, length: _Length) -> Moment:
    end = start + length.on_wall
    if length.passing and isinstance(end, datetime):
        return (end.astimezone(UTC) + length.passing).astimezone(end.tzinfo)
    return end


def _recurring(rule: Mapping[str, Any] | list[Any], start: Moment, horizon: _Horizon) -> Iterator[Moment]:
    if isinstance(rule, list):
        raise ValueError("more than one rule")  # noqa: TRY004 - the calendar's value is wrong, not our call
    until = _until(rule, start, horizon)
    if not isinstance(start, datetime):
        for day in occurrences(_repeat(rule), start, horizon.last):
            if until is not None and day > until:
                return
            yield day
        return
    for day in occurrences(_repeat(rule), start.date(), horizon.last):
        moment = datetime.combine(day, start.timetz().replace(tzinfo=None), start.tzinfo)
        if until is not None and moment > until:
            return
        yield moment


def _until(rule: Mapping[str, Any], start: Moment, horizon: _Horizon) -> Moment | None:
    """The last moment of a rule, of the same kind as its start."""
    found = rule.get("UNTIL")
    if not found:
        return None
    until = found[0]
    if not isinstance(start, datetime):
        return until.date() if isinstance(until, datetime) else _as_date(until)
    if not isinstance(until, datetime):
        until = datetime.combine(until, time.max)
    return until if until.tzinfo is not None else until.replace(tzinfo=start.tzinfo or horizon.floating)


def _as_date(value: Any) -> date:
    if not isinstance(value, date):
        raise ValueError("a day is expected")  # noqa: TRY004 - as above
    return value


def _repeat(rule: Mapping[str, Any]) -> Repeat:
    if set(rule) - _KNOWN:
        raise ValueError("a rule that is not understood")
    days = [_BY_DAY.fullmatch(str(each).upper()) for each in rule.get("BYDAY", ())]
    count = rule.get("COUNT")
    return Repeat(
        frequency=str(rule["FREQ"][0]).upper(),
        interval=int(rule.get("INTERVAL", [1])[0]),
        count=None if not count else int(count[0]),
        months=frozenset(int(each) for each in rule.get("BYMONTH", ())),
        month_days=frozenset(int(each) for each in rule.get("BYMONTHDAY", ())),
        days=frozenset((int(each[1] or 0), _WEEKDAYS[each[2]]) for each in days if each is not None),
        positions=frozenset(int(each) for each in rule.get("BYSETPOS", ())),
        week_start=_WEEKDAYS[str(rule.get("WKST", ["MO"])[0]).upper()],
    )


def _length(component: Component, start: Moment, horizon: _Horizon) -> _Length:
    """How long it lasts: as it says, else a day, or no time at all (RFC 5545 3.6.1)."""
    if "DTEND" in component:
        end = _moment(component, "DTEND", horizon)
        if isinstance(end, datetime) and isinstance(start, datetime):
            if end.tzinfo is start.tzinfo:
                return _Length(end - start)
            return _Length(timedelta(0), end.astimezone(UTC) - start.astimezone(UTC))
        if isinstance(end, datetime) or isinstance(start, datetime):
            raise ValueError("it begins with a time and ends without, or the other way round")
        # Some write the last day where the day after it is meant.
        return _Length(max(end - start, _DAY))
    if "DURATION" in component:
        length = _value_of(component, "DURATION").dt
        if not isinstance(length, timedelta) or length < timedelta(0):
            raise ValueError("a duration is expected")
        days = timedelta(days=length.days)
        return _Length(days, length - days)
    return _Length(timedelta(0) if isinstance(start, datetime) else _DAY)


def _moment(component: Component, name: str, horizon: _Horizon) -> Moment:
    return _placed(_value_of(component, name), horizon)


def _moments(component: Component, name: str, horizon: _Horizon) -> list[Moment]:
    found = _value_of(component, name) if name in component else []
    lists = found if isinstance(found, list) else [found]
    return [_placed(each, horizon) for one in lists for each in one.dts]


def _value_of(component: Component, name: str) -> Any:
    """A property, of whichever of the library's many types."""
    return component[name]


def _placed(value: Any, horizon: _Horizon) -> Moment:
    """A day, or a time with its zone; one whose zone is named and not known is not guessed at."""
    moment = value.dt
    if isinstance(moment, tuple):
        moment = moment[0]
    if not isinstance(moment, date):
        raise ValueError("a day or a time is expected")  # noqa: TRY004 - as above
    if not 1900 <= moment.year <= 2500:
        raise ValueError("a time far away")
    if isinstance(moment, datetime) and moment.tzinfo is None:
        if value.params.get("TZID"):
            raise ValueError("a zone that is not known")
        zone: tzinfo = horizon.floating
        return moment.replace(tzinfo=zone)
    return moment


def _value(moment: Moment) -> date | float:
    return moment.timestamp() if isinstance(moment, datetime) else moment


def _named(moment: Moment) -> str:
    return f"{moment.timestamp():.0f}" if isinstance(moment, datetime) else moment.isoformat()


def _day_of(moment: Moment, horizon: _Horizon) -> date:
    return moment.astimezone(horizon.floating).date() if isinstance(moment, datetime) else moment


def _sequence(component: Component) -> int:
    try:
        return int(_value_of(component, "SEQUENCE")) if "SEQUENCE" in component else 0
    except _UNREADABLE:
        return 0


def _text(component: Component, name: str, *, keeps_lines: bool = False) -> str:
    value = _value_of(component, name) if name in component else ""
    if isinstance(value, list):
        value = value[0] if value else ""
    text = str(value).encode("utf-8", "replace").decode()[:MAX_TEXT]
    return text if keeps_lines else _CONTROLS.sub(" ", text).strip()
