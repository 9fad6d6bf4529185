"""Time Format Localization (Core 11.4): how the node shows times and dates.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag

from latchwork.matter.model.meta import Attribute, Cluster
from latchwork.matter.tlv.schema import OpenEnum


class HourFormatEnum(OpenEnum):
    """Values of hour format."""

    _12_HR = 0
    _24_HR = 1
    USE_ACTIVE_LOCALE = 255


class CalendarTypeEnum(OpenEnum):
    """Values of calendar type."""

    BUDDHIST = 0
    CHINESE = 1
    COPTIC = 2
    ETHIOPIAN = 3
    GREGORIAN = 4
    HEBREW = 5
    INDIAN = 6
    ISLAMIC = 7
    JAPANESE = 8
    KOREAN = 9
    PERSIAN = 10
    TAIWANESE = 11
    USE_ACTIVE_LOCALE = 255


class TimeFormatLocalization(Cluster):
    """The cluster: how the node shows times and dates."""

    __slots__ = ()

    id = 0x002C
    revision = 1
    name = "TimeFormatLocalization"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        CALENDAR_FORMAT = CALFMT = 1 << 0

    hour_format = Attribute[HourFormatEnum](0x0000, HourFormatEnum, access="RW VM", quality="N")
    active_calendar_type = Attribute[CalendarTypeEnum](
        0x0001, CalendarTypeEnum, "CALFMT", access="RW VM", quality="N", constraint="in SupportedCalendarTypes"
    )
    supported_calendar_types = Attribute[tuple[CalendarTypeEnum, ...]](
        0x0002, tuple[CalendarTypeEnum, ...], "CALFMT", quality="F", constraint="desc"
    )
