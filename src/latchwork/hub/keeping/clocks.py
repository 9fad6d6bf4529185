"""A lock's clock: hours and dates on it are local, so it has to know the date, the time zone and when summer time begins.

Layer hub, on controller. Nothing is written that the lock shows already, whoever set it: two administrators in the same time zone must
not set its clock in turns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from zoneinfo import ZoneInfo

from latchwork.base.clock import Clock
from latchwork.base.errors import Refused
from latchwork.controller import Peer
from latchwork.hub.plan.compile import zone_of
from latchwork.hub.plan.wall import EPOCH, offsets_between
from latchwork.matter.interaction.paths import AttributeQuery
from latchwork.matter.model.clusters.time_synchronization import (
    DstOffsetStruct,
    GranularityEnum,
    SetDstOffset,
    SetTimeZone,
    SetUtcTime,
    TimeSourceEnum,
    TimeSynchronization,
    TimeZoneDatabaseEnum,
    TimeZoneStruct,
)

MAX_ERROR_S: Final = 60.0
"""Seconds by which a lock's clock may be off, beside those that its answer takes."""
AHEAD_S: Final = 120 * 86_400
"""Seconds ahead for which a lock must know what its wall shows: longer than between two looks at it."""
_PLANNED_S: Final = 4 * 366 * 86_400
_DAY: Final = 86_400
_MICRO: Final = 1_000_000
_MAX_NAME: Final = 64
_NO_SUMMER: Final = (DstOffsetStruct(offset=0, valid_starting=0, valid_until=None),)


class ClockState(Enum):
    """What is known of a lock's clock."""

    RIGHT = "right"
    """It shows the date, and the site's wall clock now and for a while ahead."""
    WRONG = "wrong"
    """It does not, and does not let itself be set."""
    UNKNOWN = "unknown"
    """It does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a lock tells of its clock.

    Attributes:
        utc: UTC seconds since 1970, or None: it does not know the date.
        zones: its time zone, and the next one; None: it knows of no time zones at all.
        summers: when summer time is.
        local: what its wall shows, seconds since 1970, or None.
        has_database: it finds summer time by itself.
        room: summer times that it takes.
    """

    utc: float | None
    zones: tuple[TimeZoneStruct, ...] | None
    summers: tuple[DstOffsetStruct, ...] = ()
    local: float | None = None
    has_database: bool = False
    room: int = 1

    def offset(self, at: float) -> int | None:
        """Seconds that it adds to UTC for its wall at this instant, or None: it does not know."""
        micros = (at - EPOCH) * _MICRO
        valid = [zone.offset for zone in self.zones or () if zone.valid_at <= micros]
        if not valid or not self.summers:
            return None
        for summer in self.summers:
            if summer.valid_starting <= micros and (summer.valid_until is None or micros < summer.valid_until):
                return int(valid[-1] + summer.offset)
        is_over = self.summers[-1].valid_until is not None and self.summers[-1].valid_until <= micros
        return None if is_over else int(valid[-1])

    def is_dated(self, before: float, after: float) -> bool:
        """Whether its date is right, when it was asked between these instants."""
        return self.utc is not None and before - MAX_ERROR_S <= self.utc <= after + MAX_ERROR_S

    def is_local(self, now: float, zone: ZoneInfo) -> bool:
        """Whether its wall shows what the site's does, now and for `AHEAD_S`, or as far ahead as it can be told."""
        if self.has_database and self.local is not None and self.utc is not None:
            return round(self.local - self.utc) == _offset(now, zone)
        end = told_until(now, zone, self.room)
        ahead = _offsets(now, AHEAD_S, zone)
        return all(self.offset(at) == offset for at, offset in ahead if end is None or at < end)


class Timekeeper:
    """Keeps one lock's clock right: knows when to look at it again.

    Args:
        clock: both clocks of the hub.

    Attributes:
        state: what is known of the lock's clock.
        again_at: when the lock has to be told more of summer time, UTC seconds since 1970, or None.
    """

    __slots__ = ("_clock", "_epoch", "_zone", "again_at", "state")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._epoch = clock.utc() - clock.monotonic()
        self._zone = ""
        self.state = ClockState.UNKNOWN
        self.again_at: float | None = None

    def doubt(self) -> None:
        """It may be wrong by now."""
        self._zone = ""

    def has_jumped(self) -> bool:
        """Whether somebody has set the hub's own clock since this was asked last: all that was told by it is in doubt then."""
        epoch = self._clock.utc() - self._clock.monotonic()
        if abs(epoch - self._epoch) < MAX_ERROR_S:
            return False
        self._epoch = epoch
        self.doubt()
        return True

    def is_due(self, zone: str) -> bool:
        """Whether to look at it, in a site with this time zone."""
        return self._zone != zone or (self.again_at is not None and self._clock.utc() >= self.again_at)

    async def look(self, peer: Peer, zone: str, least: float) -> None:
        """Look at it, and set it where it is wrong.

        Args:
            peer: the node.
            zone: the site's time zone.
            least: an instant in the past: earlier than that the hub's own clock cannot be right, and tells no other.

        Raises:
            Misuse: there is no such time zone.
            LatchworkError: it did not answer.
        """
        now, where = self._clock.utc(), zone_of(zone)
        if now < least:
            self.state, self._zone = ClockState.UNKNOWN, zone
            return
        self._zone = zone  # before: it may be doubted meanwhile
        try:
            self.state, self.again_at = await set_right(peer, where, self._clock.utc)
        except BaseException:
            self.doubt()
            raise


async def set_right(peer: Peer, zone: ZoneInfo, utc: Callable[[], float]) -> tuple[ClockState, float | None]:
    """Look at a lock's clock, and set it where it is wrong.

    Args:
        peer: the node.
        zone: the site's.
        utc: gives UTC seconds since 1970.

    Returns:
        What is known of it, and when it has to be told more of summer time, or None.

    Raises:
        LatchworkError: it did not answer.
    """
    before = utc()
    shown = await _read(peer)
    if shown is None:
        return ClockState.UNKNOWN, None
    is_dated, is_local = shown.is_dated(before, utc()), shown.is_local(utc(), zone)
    if not is_dated or not (is_local or shown.zones is None):
        if not is_dated:
            await _set_date(peer, utc())
        if shown.zones is not None and not is_local:
            await _set_zone(peer, shown, zone, utc())
        before = utc()
        shown = await _read(peer) or shown
        is_dated, is_local = shown.is_dated(before, utc()), shown.is_local(utc(), zone)
    if shown.zones is None:
        return (ClockState.UNKNOWN if is_dated else ClockState.WRONG), None
    again_at = None if shown.has_database else told_until(utc(), zone, shown.room)
    return (ClockState.RIGHT if is_dated and is_local else ClockState.WRONG), again_at


def summer_times(now: float, zone: ZoneInfo, room: int) -> tuple[int, tuple[DstOffsetStruct, ...]]:
    """A zone as a lock is told it (Core 11.17.6.6, 11.17.6.7): seconds in winter, and when there is more from `now` on.

    Args:
        now: UTC seconds since 1970.
        zone: the zone.
        room: summer times that the lock takes, at least 1.
    """
    offsets = _offsets(now, _PLANNED_S, zone)
    standard = min(offset for _, offset in offsets)
    found = []
    for number, (start, offset) in enumerate(offsets):
        if offset == standard:
            continue
        end = offsets[number + 1][0] if number + 1 < len(offsets) else None
        found.append(
            DstOffsetStruct(
                offset=offset - standard,
                valid_starting=(start - EPOCH) * _MICRO if number else 0,
                valid_until=None if end is None else (end - EPOCH) * _MICRO,
            )
        )
    return standard, tuple(found[:room]) or _NO_SUMMER


def told_until(now: float, zone: ZoneInfo, room: int) -> float | None:
    """Until when a lock with so much room knows what its wall shows, once it is told; None is for a long time."""
    end = summer_times(now, zone, room)[1][-1].valid_until
    until = None if end is None else EPOCH + end / _MICRO
    return None if until is None or until >= now + 2 * AHEAD_S else until


def _offsets(now: float, ahead: int, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    today = int(now) // _DAY * _DAY
    found = offsets_between(today, today + ahead, zone)
    passed = sum(at <= now for at, _ in found) - 1
    return ((int(now), found[passed][1]), *found[passed + 1 :])


def _offset(now: float, zone: ZoneInfo) -> int:
    return _offsets(now, _DAY, zone)[0][1]


async def _read(peer: Peer) -> Shown | None:
    entries = await peer.read(AttributeQuery(0, TimeSynchronization.id))
    values = {
        getattr(entry, "attribute", None): getattr(entry, "value", None)
        for entry in entries
        if getattr(entry, "is_typed", False)
    }
    if TimeSynchronization.utc_time.id not in values:
        return None
    database = values.get(TimeSynchronization.time_zone_database.id, TimeZoneDatabaseEnum.NONE)
    zones = values.get(TimeSynchronization.time_zone.id)
    return Shown(
        utc=_seconds(values[TimeSynchronization.utc_time.id]),
        zones=None if zones is None else tuple(zones),
        summers=tuple(values.get(TimeSynchronization.dst_offset.id) or ()),
        local=_seconds(values.get(TimeSynchronization.local_time.id)),
        has_database=database != TimeZoneDatabaseEnum.NONE,
        room=max(1, values.get(TimeSynchronization.dst_offset_list_max_size.id) or 1),
    )


def _seconds(micros: Any) -> float | None:
    return None if micros is None else EPOCH + micros / _MICRO


async def _set_date(peer: Peer, now: float) -> None:
    request = SetUtcTime(
        utc_time=int((now - EPOCH) * _MICRO),
        granularity=GranularityEnum.MILLISECONDS_GRANULARITY,
        time_source=TimeSourceEnum.ADMIN,
    )
    await _ask(peer, TimeSynchronization.set_utc_time, request)


async def _set_zone(peer: Peer, shown: Shown, zone: ZoneInfo, now: float) -> None:
    standard, summers = summer_times(now, zone, shown.room)
    winter = TimeZoneStruct(offset=standard, valid_at=0, name=zone.key[:_MAX_NAME])
    is_dst_required = True
    if not _is_zone(shown.zones or (), standard):
        said = await _ask(peer, TimeSynchronization.set_time_zone, SetTimeZone(time_zone=(winter,)))
        is_dst_required = getattr(said, "dst_offset_required", True)
    if is_dst_required:
        await _ask(peer, TimeSynchronization.set_dst_offset, SetDstOffset(dst_offset=summers))


def _is_zone(zones: Sequence[TimeZoneStruct], standard: int) -> bool:
    return len(zones) == 1 and zones[0].offset == standard


async def _ask(peer: Peer, command: Any, request: Any) -> Any:
    """What it says; what it refuses shows when it is read again."""
    try:
        return await peer.invoke(0, command, request)
    except Refused:
        return None
