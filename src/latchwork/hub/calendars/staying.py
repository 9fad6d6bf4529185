"""Stays: what a feed's events are at a door, from the instant of arrival to that of departure.

Layer hub, pure. Days without a time begin when guests may come in and end when they have to be out, by the wall of the site.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.hub.calendars.feeds import Event, Feed
from latchwork.hub.calendars.words import meaning_of

MAX_STAYS: Final = 300
"""Of a calendar, the next ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a door is let.

    Attributes:
        zone: of the site.
        check_in, check_out: minutes since midnight on the wall.
        closed_is_stay: what Booking.com calls closed is a stay.
    """

    zone: ZoneInfo
    check_in: int = 15 * 60
    check_out: int = 11 * 60
    closed_is_stay: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Somebody's time at a door.

    Attributes:
        key: names it from one reading to the next.
        name: who, or empty: the calendar does not say.
        start, end: UTC seconds since 1970.
        digits: of their telephone, or empty.
    """

    key: str
    name: str
    start: float
    end: float
    digits: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a feed says about stays.

    Attributes:
        stays: by key, by arrival.
        cancelled: keys of those that it says do not take place.
        events: how many events it has, closed days among them.
        is_whole: all of it could be read.
    """

    stays: dict[str, Stay]
    cancelled: frozenset[str] = frozenset()
    events: int = 0
    is_whole: bool = True


def listing_of(feed: Feed, habits: Habits) -> Listing:
    """The stays of a feed."""
    stays: list[Stay] = []
    cancelled: set[str] = set()
    for event in feed.events.values():
        if event.is_cancelled:
            cancelled.add(event.key)
            continue
        meaning = meaning_of(event.summary, event.description, feed.source, closed_is_stay=habits.closed_is_stay)
        start, end = span_of(event, habits)
        if meaning.is_stay and end > start:
            stays.append(Stay(key=event.key, name=meaning.name, start=start, end=end, digits=meaning.digits))
    stays.sort(key=lambda stay: (stay.start, stay.end, stay.key))
    return Listing(
        stays={stay.key: stay for stay in stays},
        cancelled=frozenset(cancelled),
        events=len(feed.events),
        is_whole=feed.unread == 0,
    )


def span_of(event: Event, habits: Habits) -> tuple[float, float]:
    """From arrival to departure. Where the wall shows the time twice or never, the guest gets the longer stay."""
    start, end = event.start, event.end
    arrival = start if isinstance(start, float) else min(_instants(start, habits.check_in, habits.zone))
    departure = end if isinstance(end, float) else max(_instants(end, habits.check_out, habits.zone))
    return arrival, departure


def _instants(day: date, minute: int, zone: ZoneInfo) -> tuple[float, float]:
    wall = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    return wall.replace(fold=0).timestamp(), wall.replace(fold=1).timestamp()
