"""Holidays: which one a lock obeys now, which mode comes back after it, and when to look again.

Layer doorlock: remembers and answers; `lock` changes the mode.
"""

from __future__ import annotations

from typing import Final

from latchwork.doorlock.bolt import BoltPosition
from latchwork.doorlock.decide import mode_refusal
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.schedules import HolidaySchedule
from latchwork.doorlock.settings import OperatingMode

LONGEST_JUMP_S: Final = 7200
"""Seconds that a wall clock jumps at most when daylight saving begins."""
JUMP_GRID_S: Final = 900
"""Wall clocks jump at whole quarters of an hour of UTC."""

Obeyed = tuple[int, OperatingMode]
"""Index and mode of a holiday: whoever gives it another mode while it is on begins another one."""


class HolidayState:
    """What a lock remembers of its holidays.

    Attributes:
        obeyed: the holiday that has set the mode, or None.
        mode_before: the mode that comes back after it; None when there is no holiday.
    """

    __slots__ = ("mode_before", "obeyed")

    def __init__(self, obeyed: Obeyed | None = None, mode_before: OperatingMode | None = None) -> None:
        self.obeyed = obeyed
        self.mode_before = mode_before

    def due(self, holidays: tuple[HolidaySchedule, ...], moment: Moment, position: BoltPosition) -> Obeyed | None:
        """The first holiday that is on. One that wants privacy begins when the door is locked."""
        for each in holidays:
            if each.is_on(moment):
                holiday = (each.index, each.mode)
                may_begin = holiday == self.obeyed or mode_refusal(each.mode, position) is None
                return holiday if may_begin else None
        return None

    def obey(self, holiday: Obeyed | None, mode: OperatingMode, position: BoltPosition) -> OperatingMode:
        """Begin another holiday, or none.

        Args:
            holiday: what is due.
            mode: the lock's now. Where it is not what the last holiday wanted, somebody has chosen it meanwhile, and it stays.
            position: where the bolt is.

        Returns:
            The mode that the lock shall have.
        """
        if self.obeyed is not None and self.obeyed[1] is mode and self.mode_before is not None:
            mode = self.mode_before
        self.obeyed = holiday
        self.mode_before = None if holiday is None else mode
        if holiday is not None:
            return holiday[1]
        return mode if mode_refusal(mode, position) is None else OperatingMode.NORMAL

    def drawn_by_hand(self) -> None:
        """Somebody has left: no privacy comes back (Application Clusters 5.2.6.15.3)."""
        if self.mode_before is OperatingMode.PRIVACY:
            self.mode_before = OperatingMode.NORMAL

    @property
    def mode_without_privacy(self) -> OperatingMode:
        """The mode that the lock would have now if nobody had pressed the privacy button."""
        if self.obeyed is None or self.obeyed[1] is OperatingMode.PRIVACY:
            return OperatingMode.NORMAL
        return self.obeyed[1]

    def seconds_to_look(
        self, holidays: tuple[HolidaySchedule, ...], moment: Moment, position: BoltPosition
    ) -> int | None:
        """Seconds until something can become due; 0 when something is; None when nothing ever will be."""
        if not holidays and self.obeyed is None:
            return None
        if self.due(holidays, moment, position) != self.obeyed:
            return 0
        local_s = moment.local_s
        ahead = [edge - local_s for each in holidays for edge in (each.start, each.end) if edge > local_s]
        return _until_edge(min(ahead), moment) if ahead else None


def _until_edge(left_s: int, moment: Moment) -> int:
    # The wall clock may jump ahead before the edge. It does so at whole quarters of an hour, so near the edge those are looked at.
    if left_s > LONGEST_JUMP_S:
        return left_s - LONGEST_JUMP_S
    return min(left_s, JUMP_GRID_S - moment.utc_s % JUMP_GRID_S)
