"""Time Synchronization: the node's clock, time zone and summer time (Core 11.17).

Stands in node. The lock's weekday schedules are in local time, so the time zone feature is served; its database stays with the
administrator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.time_synchronization import (
    DstStatus,
    GranularityEnum,
    SetDstOffset,
    SetTimeZone,
    SetTimeZoneResponse,
    SetUtcTime,
    StatusCodeEnum,
    TimeSourceEnum,
    TimeSynchronization,
    TimeZoneDatabaseEnum,
    TimeZoneStatus,
    TimeZoneStruct,
)
from latchwork.matter.tlv.schema import Struct
from latchwork.node.agenda import Appointment
from latchwork.node.behavior import Behavior
from latchwork.node.config import NodeConfig

if TYPE_CHECKING:
    from latchwork.node.endpoint import Endpoint

MAX_ZONES = 2
MAX_DST = 4
LEAST_OFFSET, MOST_OFFSET = -43_200, 50_400
"""Seconds from UTC that exist on this planet (Core 11.17.6.6.1)."""
MAX_NAME = 64


def time_synchronization(config: NodeConfig) -> TimeSynchronization:
    """The cluster's values for a configuration."""
    return TimeSynchronization(
        spec=config.spec,
        features=TimeSynchronization.Feature.TIME_ZONE,
        optional=("time_source",),
        utc_time=None,
        granularity=GranularityEnum.MILLISECONDS_GRANULARITY
        if config.has_clock
        else GranularityEnum.NO_TIME_GRANULARITY,
        time_source=TimeSourceEnum.UNKNOWN if config.has_clock else TimeSourceEnum.NONE,
        time_zone=(TimeZoneStruct(offset=0, valid_at=0),),
        dst_offset=(),
        local_time=None,
        time_zone_database=TimeZoneDatabaseEnum.NONE,
        time_zone_list_max_size=MAX_ZONES,
        dst_offset_list_max_size=MAX_DST,
    )


class TimeSynchronizationBehavior(Behavior):
    """Tells the time, and takes it from administrators."""

    __slots__ = ("_due", "_has_summer_time", "_planned_for")

    cluster = TimeSynchronization

    def __init__(self, endpoint: Endpoint, state: TimeSynchronization) -> None:
        super().__init__(endpoint, state)
        self._due: Appointment | None = None
        self._has_summer_time = False
        self._planned_for: int | None = None

    def start(self) -> None:
        """Whether it is summer time is no news; when that changes is."""
        self._has_summer_time = self._summer_offset_s(self.node.utc_us()) != 0
        self.advance()

    def stop(self) -> None:
        """Nothing is due any more."""
        if self._due is not None:
            self._due.cancel()

    def read_utc_time(self, _context: RequestContext) -> int | None:
        """Microseconds since 2000, or null while unknown."""
        return self.node.utc_us()

    def read_local_time(self, _context: RequestContext) -> int | None:
        """Microseconds of the wall clock, or null while time or summer time are unknown."""
        self.advance()
        utc = self.node.utc_us()
        if utc is None or not self.state.dst_offset:
            return None
        return utc + self.local_offset_s() * 1_000_000

    def read_time_zone(self, _context: RequestContext) -> tuple[TimeZoneStruct, ...]:
        """The zone in force, and the next one where it is known."""
        self.advance()
        zones: tuple[TimeZoneStruct, ...] = self.state.time_zone
        return zones

    def read_dst_offset(self, _context: RequestContext) -> tuple[Struct, ...]:
        """Summer times, past ones left out."""
        self.advance()
        offsets: tuple[Struct, ...] = self.state.dst_offset
        return offsets

    def is_stored(self, attribute: Any) -> bool:
        """Zone and summer time survive a restart although reading them is computed."""
        return attribute.id in {TimeSynchronization.time_zone.id, TimeSynchronization.dst_offset.id}

    def local_offset_s(self) -> int:
        """Seconds to add to UTC for the wall clock, summer time included; 0 where nothing is known."""
        self.advance()
        return int(self.state.time_zone[0].offset) + self._summer_offset_s(self.node.utc_us())

    def set_utc_time(self, request: SetUtcTime, _context: RequestContext) -> None:
        """Takes the time unless the node's own is finer (Core 11.17.9.1).

        Raises:
            StatusError: a value is unknown, or the time is not accepted.
        """
        granularity, source = request.granularity, request.time_source
        if not GranularityEnum(granularity).is_known or (source is not None and not TimeSourceEnum(source).is_known):
            raise StatusError(Status.INVALID_COMMAND, "no such granularity or source")
        if granularity == GranularityEnum.NO_TIME_GRANULARITY or granularity < self.state.granularity:
            code = StatusCodeEnum.TIME_NOT_ACCEPTED
            raise StatusError(Status.FAILURE, "the node's own time is better", cluster_status=int(code))
        self.node.set_utc(request.utc_time)
        self.state.granularity = granularity
        self.state.time_source = TimeSourceEnum.ADMIN
        self._planned_for = None
        self.advance()

    def set_time_zone(self, request: SetTimeZone, _context: RequestContext) -> SetTimeZoneResponse:
        """Takes the zone in force and perhaps the next one (Core 11.17.9.3).

        Raises:
            StatusError: a zone is not allowed, or there are too many.
        """
        zones = tuple(request.time_zone)
        if len(zones) > MAX_ZONES:
            raise StatusError(Status.RESOURCE_EXHAUSTED, f"at most {MAX_ZONES} zones")
        for position, zone in enumerate(zones):
            named_well = zone.name is None or len(zone.name) <= MAX_NAME
            if not (
                LEAST_OFFSET <= zone.offset <= MOST_OFFSET and named_well and (zone.valid_at == 0) == (position == 0)
            ):
                raise StatusError(Status.CONSTRAINT_ERROR, "the first zone is valid at 0, and every offset exists")
        zones = zones or (TimeZoneStruct(offset=0, valid_at=0),)
        before = self.state.time_zone[0]
        self.state.time_zone = zones
        if (zones[0].offset, zones[0].name) != (before.offset, before.name):
            self.emit(TimeSynchronization.time_zone_status, TimeZoneStatus(offset=zones[0].offset, name=zones[0].name))
        # Without a database of its own the node always needs to be told about summer time.
        self.state.dst_offset = ()
        self.node.time_changed()
        self.emit(TimeSynchronization.dst_table_empty)
        self.advance()
        return SetTimeZoneResponse(dst_offset_required=True)

    def set_dst_offset(self, request: SetDstOffset, _context: RequestContext) -> None:
        """Takes summer times, in order and without overlap (Core 11.17.9.5).

        Raises:
            StatusError: they are not in order, or too many.
        """
        offsets = tuple(request.dst_offset)
        if len(offsets) > MAX_DST:
            raise StatusError(Status.RESOURCE_EXHAUSTED, f"at most {MAX_DST} summer times")
        until = 0
        for position, summer in enumerate(offsets):
            is_last = position == len(offsets) - 1
            ends_well = is_last if summer.valid_until is None else summer.valid_until > summer.valid_starting
            if summer.valid_starting < until or not ends_well:
                raise StatusError(Status.CONSTRAINT_ERROR, "summer times follow each other")
            until = summer.valid_until or until
        self.state.dst_offset = offsets
        self.node.time_changed()
        if not offsets:
            self.emit(TimeSynchronization.dst_table_empty)
        self.advance()

    def advance(self) -> None:
        """Forgets zones and summer times that are over, tells what begins and ends, and sees to it that the next change is told too."""
        now = self.node.utc_us()
        if now is None:
            return
        state = self.state
        if len(state.time_zone) > 1 and state.time_zone[1].valid_at <= now:
            current = state.time_zone[1].replace(valid_at=0)
            state.time_zone = (current,)
            self.node.time_changed()
            self.emit(TimeSynchronization.time_zone_status, TimeZoneStatus(offset=current.offset, name=current.name))
        has_summer_time = self._summer_offset_s(now) != 0
        if has_summer_time is not self._has_summer_time:
            self._has_summer_time = has_summer_time
            self.node.time_changed()
            self.emit(TimeSynchronization.dst_status, DstStatus(dst_offset_active=has_summer_time))
        left = tuple(s for s in state.dst_offset if s.valid_until is None or s.valid_until > now)
        if len(left) < len(state.dst_offset):
            state.dst_offset = left
            if not left:
                self.emit(TimeSynchronization.dst_table_empty)
        self._plan(now)

    def _summer_offset_s(self, now: int | None) -> int:
        for summer in self.state.dst_offset if now is not None else ():
            if summer.valid_starting <= now and (summer.valid_until is None or now < summer.valid_until):
                return int(summer.offset)
        return 0

    def _plan(self, now: int) -> None:
        """Has `advance` called when the next zone or summer time begins or ends."""
        changes = [zone.valid_at for zone in self.state.time_zone]
        for summer in self.state.dst_offset:
            changes += (summer.valid_starting, summer.valid_until or 0)
        following = min((change for change in changes if change > now), default=None)
        if following == self._planned_for and self._due is not None and self._due.is_pending:
            return
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._planned_for = following
        if following is not None:
            self._due = self.node.call_at(self.node.clock.monotonic() + (following - now) / 1_000_000, self.advance)
