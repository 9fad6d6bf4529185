"""Time Synchronization (Core 11.17): the node's clock, time zone and daylight saving time.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command, Event, Priority, Response
from latchwork.matter.tlv.schema import I32, U8, U16, U64, Len, Nullable, OpenEnum, Range, Struct, Tag


class GranularityEnum(OpenEnum):
    """Values of granularity."""

    NO_TIME_GRANULARITY = 0
    MINUTES_GRANULARITY = 1
    SECONDS_GRANULARITY = 2
    MILLISECONDS_GRANULARITY = 3
    MICROSECONDS_GRANULARITY = 4


class TimeSourceEnum(OpenEnum):
    """Values of time source."""

    NONE = 0
    UNKNOWN = 1
    ADMIN = 2
    NODE_TIME_CLUSTER = 3
    NON_MATTER_SNTP = 4
    NON_MATTER_NTP = 5
    MATTER_SNTP = 6
    MATTER_NTP = 7
    MIXED_NTP = 8
    NON_MATTER_SNTPNTS = 9
    NON_MATTER_NTPNTS = 10
    MATTER_SNTPNTS = 11
    MATTER_NTPNTS = 12
    MIXED_NTPNTS = 13
    CLOUD_SOURCE = 14
    PTP = 15
    GNSS = 16


class TimeZoneDatabaseEnum(OpenEnum):
    """Values of time zone database."""

    FULL = 0
    PARTIAL = 1
    NONE = 2


class StatusCodeEnum(OpenEnum):
    """Values of status code."""

    TIME_NOT_ACCEPTED = 2


class TrustedTimeSourceStruct(Struct):
    """Trusted time source."""

    fabric_index: Annotated[U8, Tag(0)]
    node_id: Annotated[U64, Tag(1)]
    endpoint: Annotated[U16, Tag(2)]


class FabricScopedTrustedTimeSourceStruct(Struct):
    """Fabric scoped trusted time source."""

    node_id: Annotated[U64, Tag(0)]
    endpoint: Annotated[U16, Tag(1)]


class TimeZoneStruct(Struct):
    """Time zone."""

    offset: Annotated[I32, Tag(0), Range(-43200, 50400)]
    valid_at: Annotated[U64, Tag(1)]
    name: Annotated[str | None, Tag(2), Len(0, 64)] = None


class DstOffsetStruct(Struct):
    """Dst offset."""

    offset: Annotated[I32, Tag(0)]
    valid_starting: Annotated[U64, Tag(1)]
    valid_until: Annotated[U64 | None, Tag(2), Nullable]


class SetUtcTime(Struct):
    """Fields of the command SetUtcTime."""

    utc_time: Annotated[U64, Tag(0)]
    granularity: Annotated[GranularityEnum, Tag(1)]
    time_source: Annotated[TimeSourceEnum | None, Tag(2)] = None


class SetTrustedTimeSource(Struct):
    """Fields of the command SetTrustedTimeSource."""

    trusted_time_source: Annotated[FabricScopedTrustedTimeSourceStruct | None, Tag(0), Nullable]


class SetTimeZone(Struct):
    """Fields of the command SetTimeZone."""

    time_zone: Annotated[tuple[TimeZoneStruct, ...], Tag(0)]


class SetTimeZoneResponse(Response):
    """Answer to SetTimeZone."""

    command_id = 0x03

    dst_offset_required: Annotated[bool, Tag(0)]


class SetDstOffset(Struct):
    """Fields of the command SetDstOffset."""

    dst_offset: Annotated[tuple[DstOffsetStruct, ...], Tag(0)]


class SetDefaultNtp(Struct):
    """Fields of the command SetDefaultNtp."""

    default_ntp: Annotated[str | None, Tag(0), Nullable, Len(0, 128)]


class DstStatus(Struct):
    """Fields of the event DstStatus."""

    dst_offset_active: Annotated[bool, Tag(0)]


class TimeZoneStatus(Struct):
    """Fields of the event TimeZoneStatus."""

    offset: Annotated[I32, Tag(0)]
    name: Annotated[str | None, Tag(1)] = None


class TimeSynchronization(Cluster):
    """The cluster: the node's clock, time zone and daylight saving time."""

    __slots__ = ()

    id = 0x0038
    revision = 2
    name = "TimeSynchronization"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        TIME_ZONE = TZ = 1 << 0
        NTP_CLIENT = NTPC = 1 << 1
        NTP_SERVER = NTPS = 1 << 2
        TIME_SYNC_CLIENT = TSC = 1 << 3

    utc_time = Attribute[int | None](0x0000, U64, quality="X C")
    granularity = Attribute[GranularityEnum](0x0001, GranularityEnum, constraint="desc")
    time_source = Attribute[TimeSourceEnum](0x0002, TimeSourceEnum, "O", constraint="desc")
    trusted_time_source = Attribute[TrustedTimeSourceStruct | None](
        0x0003, TrustedTimeSourceStruct, "TSC", quality="X N"
    )
    default_ntp = Attribute[str | None](0x0004, str, "NTPC", quality="X N", constraint="max 128")
    time_zone = Attribute[tuple[TimeZoneStruct, ...]](
        0x0005,
        tuple[TimeZoneStruct, ...],
        "TZ",
        quality="N",
        constraint="1 to 2",
        default=(TimeZoneStruct(offset=0, valid_at=0),),
    )
    dst_offset = Attribute[tuple[DstOffsetStruct, ...]](0x0006, tuple[DstOffsetStruct, ...], "TZ", quality="N")
    local_time = Attribute[int | None](0x0007, U64, "TZ", quality="X C")
    time_zone_database = Attribute[TimeZoneDatabaseEnum](
        0x0008, TimeZoneDatabaseEnum, "TZ", quality="F", default=TimeZoneDatabaseEnum.NONE
    )
    ntp_server_available = Attribute[bool](0x0009, bool, "NTPS", default=False)
    time_zone_list_max_size = Attribute[int](0x000A, U8, "TZ", quality="F", constraint="1 to 2")
    dst_offset_list_max_size = Attribute[int](0x000B, U8, "TZ", quality="F", constraint="min 1")
    supports_dns_resolve = Attribute[bool](0x000C, bool, "NTPC", quality="F", default=False)

    set_utc_time = Command(0x00, SetUtcTime, None, access="A")
    set_trusted_time_source = Command(0x01, SetTrustedTimeSource, None, "TSC", access="F A")
    set_time_zone = Command(0x02, SetTimeZone, SetTimeZoneResponse, "TZ", access="M")
    set_dst_offset = Command(0x04, SetDstOffset, None, "TZ", access="M")
    set_default_ntp = Command(0x05, SetDefaultNtp, None, "NTPC", access="A")

    dst_table_empty = Event(0x00, None, "TZ", Priority.INFO)
    dst_status = Event(0x01, DstStatus, "TZ", Priority.INFO)
    time_zone_status = Event(0x02, TimeZoneStatus, "TZ", Priority.INFO)
    time_failure = Event(0x03, None, "M", Priority.INFO)
    missing_trusted_time_source = Event(0x04, None, "TSC", Priority.INFO)
