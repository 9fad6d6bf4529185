"""Hours, exceptions and windows as the schedules of a lock: week-day and year-day, in the lock's local time.

Layer hub, pure. Everything here is what the wall shows, minute by minute, so that it holds in the nights too in which clocks are set.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Final, TypeVar

from latchwork.hub.house.observed import WeekDay
from latchwork.hub.house.rules import MIDNIGHT, Hours

FOREVER: Final = 0x7FFF_FFFF
"""Local seconds at which an open end is put, in 2068: a lock that counts in signed numbers takes it too."""
_EPOCH_DAY: Final = date(2000, 1, 1).toordinal()
_LAST_DAY: Final = FOREVER // 86_400 - 2
_SATURDAY: Final = 5
_WEEK: Final = 7
_LAST_MINUTE: Final = MIDNIGHT - 1

_Number = TypeVar("_Number", int, float)

Span = tuple[int, int]
"""From, until before."""


@lru_cache(maxsize=1024)
def week_days(hours: tuple[Hours, ...]) -> tuple[WeekDay, ...] | None:
    """The fewest week-day schedules found that are on exactly in these hours; a stretch over midnight is two.

    None: the last minute of a day by itself cannot be said to a lock, whose schedules end at 23:59 and after their start.
    """
    parts = [part for each in hours for day in each.days for part in _parts(each, day)]
    by_day: list[list[Span]] = [[] for _ in range(_WEEK)]
    for day, span in parts:
        by_day[day].append(span)
    joined = [(day, span) for day in range(_WEEK) for span in merged(by_day[day])]
    found = [schedules for each in (parts, joined) if (schedules := _grouped(each)) is not None]
    return min(found, key=len) if found else None


@lru_cache(maxsize=1024)
def stretches_between(hours: tuple[Hours, ...], exceptions: frozenset[str]) -> tuple[Span, ...]:
    """Stretches of local seconds since 2000-01-01 in which week-day schedules of these hours are right.

    Between them lies what the schedules would open and an exception closes. An exception takes what begins on its day, until it ends;
    what began the evening before goes on.
    """
    days = frozenset(
        day for text in exceptions if 1 < (day := date.fromisoformat(text).toordinal() - _EPOCH_DAY) < _LAST_DAY
    )
    closed: list[Span] = []
    for day in sorted(days):
        others = [span for near in (day - 1, day + 1) if near not in days for span in _spans(hours, near)]
        for span in _spans(hours, day):
            closed.extend(_without(span, others))
    spans = merged(closed)
    joined: list[Span] = []
    for start, end in spans:
        if joined and not _is_open_between(hours, days, joined[-1][1], start):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    edges = [0, *(60 * edge for span in joined for edge in span), FOREVER]
    return tuple((edges[at], edges[at + 1]) for at in range(0, len(edges), 2))


def clipped(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The parts of the stretches that lie from `start` until before `end`."""
    return [(max(span[0], start), min(span[1], end)) for span in spans if span[0] < end and span[1] > start]


def merged(spans: Iterable[tuple[_Number, _Number]]) -> list[tuple[_Number, _Number]]:
    """The same stretches in order, with those that touch as one, and without empty ones."""
    result: list[tuple[_Number, _Number]] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def _parts(hours: Hours, day: int) -> Iterator[tuple[int, Span]]:
    end = hours.until + (MIDNIGHT if hours.is_overnight else 0)
    if hours.start < min(end, MIDNIGHT):
        yield day, (hours.start, min(end, MIDNIGHT))
    if end > MIDNIGHT:
        yield (day + 1) % _WEEK, (max(hours.start - MIDNIGHT, 0), end - MIDNIGHT)


def _grouped(parts: Iterable[tuple[int, Span]]) -> tuple[WeekDay, ...] | None:
    masks: dict[Span, int] = {}
    for day, span in parts:
        masks[span] = masks.get(span, 0) | 1 << (day + 1) % _WEEK  # Monday is 0 with us and bit 1 on locks
    if any(start >= _LAST_MINUTE for start, _ in masks):
        return None
    return tuple(WeekDay(masks[span], span[0], min(span[1], _LAST_MINUTE)) for span in sorted(masks))


def _spans(hours: tuple[Hours, ...], day: int) -> Iterator[Span]:
    begin = day * MIDNIGHT
    for each in hours:
        if (day + _SATURDAY) % _WEEK in each.days:
            yield begin + each.start, begin + each.until + (MIDNIGHT if each.is_overnight else 0)


def _without(span: Span, others: list[Span]) -> Iterator[Span]:
    start, end = span
    for other in merged(others):
        if other[1] <= start or other[0] >= end:
            continue
        if other[0] > start:
            yield start, other[0]
        start = other[1]
    if start < end:
        yield start, end


def _is_open_between(hours: tuple[Hours, ...], days: frozenset[int], start: int, end: int) -> bool:
    first = start // MIDNIGHT - 1
    for day in range(first, min(end // MIDNIGHT + 1, first + 10)):
        if day not in days and any(span[0] < end and span[1] > start for span in _spans(hours, day)):
            return True
    return end // MIDNIGHT + 1 > first + 10


def from_local(spans: tuple[Span, ...], local: int) -> Iterator[Span]:
    """The stretches, in order, without those that ended long before `local`."""
    at = bisect_right(spans, (local - 2 * 86_400, 0))
    return iter(spans[max(at - 1, 0) :])
