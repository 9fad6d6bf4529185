"""Between instants and what the clock on the wall shows, also where it is set forward or back.

Layer hub, pure. A lock judges its schedules by local seconds since 2000-01-01, which skip an hour in spring and show one twice in
autumn; here is what can be said in them and what cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

EPOCH: Final = 946_684_800
"""2000-01-01 00:00 UTC, in seconds since 1970: where Matter's time begins (Core 7.19.2.5)."""
MAX_LOCAL: Final = 0xFFFF_FFFF
"""The greatest number of local seconds that a schedule can name."""
_LATEST: Final = EPOCH + MAX_LOCAL
_DAY: Final = 86_400
_MIDNIGHT: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # what a wall shows has no zone


def local_seconds(at: float, zone: ZoneInfo) -> int:
    """What the wall shows at the first whole second from `at` on, within what a schedule can name."""
    whole = ceil(min(max(at, EPOCH), _LATEST))
    return min(max(whole - EPOCH + _offset(whole, zone), 0), MAX_LOCAL)


def is_shown_twice(at: float, zone: ZoneInfo) -> bool:
    """Whether the wall shows at another instant the very time that it shows at `at`: an hour in autumn."""
    wall = datetime.fromtimestamp(min(max(at, EPOCH), _LATEST), zone)
    return wall.utcoffset() != wall.replace(fold=1 - wall.fold).utcoffset()


def passed(local: int, zone: ZoneInfo) -> float:
    """The instant from which on the wall has shown `local` seconds since 2000-01-01, and will not show less again."""
    first, second = _instants(_MIDNIGHT + timedelta(seconds=local), zone)
    return second if second >= first else _set_between(int(second), int(first), zone)


@lru_cache(maxsize=64)
def offsets_between(start: int, end: int, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    """Seconds to add to UTC for the wall, each with the instant from which on it is so: the first at `start`, the others before `end`."""
    found = [(start, _offset(start, zone))]
    for day in range(start, end, _DAY):
        last = min(day + _DAY, end) - 1
        # Nowhere is a clock set twice within a day.
        if _offset(last, zone) != found[-1][1]:
            at = int(_set_between(max(day - 1, start), last, zone))
            found.append((at, _offset(at, zone)))
    return tuple(found)


def instants_on(day: date, minutes: tuple[int, ...], zone: ZoneInfo) -> Iterator[float]:
    """Every instant of a day at which the wall shows one of these minutes since midnight, or is set; in order, none of another day."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # what a wall shows has no zone
    start, end = _begin(midnight, zone), _begin(midnight + timedelta(days=1), zone)
    found = {float(start)}
    if _offset(start - 1, zone) != _offset(end - 1, zone):
        found.add(_set_between(start - 1, end - 1, zone))
    for minute in minutes:
        found.update(_instants(midnight + timedelta(minutes=minute), zone))
    return iter(sorted(at for at in found if start <= at < end))


def _begin(midnight: datetime, zone: ZoneInfo) -> int:
    return int(midnight.replace(tzinfo=zone).timestamp())


def _instants(wall: datetime, zone: ZoneInfo) -> tuple[float, float]:
    aware = wall.replace(tzinfo=zone)
    return aware.timestamp(), aware.replace(fold=1).timestamp()


def _offset(at: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _set_between(before: int, after: int, zone: ZoneInfo) -> float:
    old = _offset(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return float(after)
