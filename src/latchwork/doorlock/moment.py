"""What the lock's wall clock says: the time by which people's schedules are judged.

Layer doorlock: a plain value, given with each input. A lock that does not know the time is given None, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY_S: Final = 86_400
_SATURDAY: Final = 6  # 2000-01-01, counted from Sunday as DaysMaskBitmap does (Application Clusters 5.2.6.1)


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant, as seconds since 2000-01-01 00:00 of two clocks.

    Attributes:
        utc_s: the clock of the world.
        local_s: the clock on the wall, time zone and daylight saving included: what the specification calls local time
            (Application Clusters 5.2.9.13.3).
    """

    utc_s: int
    local_s: int

    @property
    def weekday(self) -> int:
        """Day of the week on the wall: 0 is Sunday, 6 Saturday."""
        return (self.local_s // DAY_S + _SATURDAY) % 7

    @property
    def minute(self) -> int:
        """Minutes since midnight on the wall, 0 to 1439."""
        return self.local_s % DAY_S // 60
