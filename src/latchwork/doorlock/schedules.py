"""Schedules: when a user may open the door, and when a holiday changes what the lock does.

Layer doorlock: plain values and the rule when each of them is on. All times are the clock on the wall.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from latchwork.doorlock.moment import Moment
from latchwork.doorlock.settings import OperatingMode

LAST_MINUTE: Final = 23 * 60 + 59
"""23:59, in minutes since midnight."""
_MINUTES_OF_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class WeekDaySchedule:
    """Hours of a user on some days of each week (Application Clusters 5.2.10.4).

    Attributes:
        user_index: whose.
        index: which of the user's, from 1.
        days: bit 0 is Sunday, bit 6 Saturday.
        start: minutes since midnight.
        end: minutes since midnight, after `start`; the schedule is on until this minute begins. 23:59 is the end of the day, and
            its last minute is in (Application Clusters 5.2.10.4.7).
    """

    user_index: int
    index: int
    days: int
    start: int
    end: int

    def is_on(self, moment: Moment) -> bool:
        """Whether the schedule lets its user in at this moment."""
        end = _MINUTES_OF_DAY if self.end == LAST_MINUTE else self.end
        return bool(self.days >> moment.weekday & 1) and self.start <= moment.minute < end


@dataclass(frozen=True, slots=True)
class YearDaySchedule:
    """A stretch of time of a user (Application Clusters 5.2.10.7).

    Attributes:
        user_index: whose.
        index: which of the user's, from 1.
        start, end: local seconds since 2000-01-01; on from `start` until before `end`.
    """

    user_index: int
    index: int
    start: int
    end: int

    def is_on(self, moment: Moment) -> bool:
        """Whether the schedule lets its user in at this moment."""
        return self.start <= moment.local_s < self.end


@dataclass(frozen=True, slots=True)
class HolidaySchedule:
    """A stretch of time in which the lock has another operating mode (Application Clusters 5.2.10.10).

    Attributes:
        index: which, from 1.
        start, end: local seconds since 2000-01-01; on from `start` until before `end`.
        mode: the operating mode while it is on.
    """

    index: int
    start: int
    end: int
    mode: OperatingMode

    def is_on(self, moment: Moment) -> bool:
        """Whether it is this holiday at this moment."""
        return self.start <= moment.local_s < self.end
