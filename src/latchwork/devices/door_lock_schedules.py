"""Schedules of a door lock as administrators see them (Application Clusters 5.2.10.4 to 5.2.10.15).

Layer devices; one part of the Door Lock cluster. Setting and clearing answer with a status, asking answers with a status inside the
response: the order of checks is the same for both.
"""

from __future__ import annotations

from latchwork.devices.door_lock_answers import author_of, refusing
from latchwork.devices.door_lock_core import DoorLockCore
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire

_FOUND = int(Status.SUCCESS)
_NOT_FOUND = int(Status.NOT_FOUND)
_INVALID = int(Status.INVALID_COMMAND)


class DoorLockSchedules(DoorLockCore):
    """Commands about schedules."""

    __slots__ = ()

    def set_week_day_schedule(self, request: wire.SetWeekDaySchedule, context: RequestContext) -> None:
        """Give a user hours on days of the week.

        Raises:
            StatusError: INVALID_COMMAND for values that cannot be, FAILURE when there is no such user.
        """
        author = author_of(context)
        with refusing():
            self.changed(
                self.register.set_week_day(
                    request.user_index,
                    request.week_day_index,
                    days=request.days_mask,
                    start_hour=request.start_hour,
                    start_minute=request.start_minute,
                    end_hour=request.end_hour,
                    end_minute=request.end_minute,
                    author=author,
                )
            )

    def get_week_day_schedule(
        self, request: wire.GetWeekDaySchedule, _context: RequestContext
    ) -> wire.GetWeekDayScheduleResponse:
        """A user's week-day schedule."""
        user, index = request.user_index, request.week_day_index
        status = self._place(index, self.register.limits.week_days_per_user, user)
        found = self.register.week_day(user, index) if status == _FOUND else None
        if found is None:
            return wire.GetWeekDayScheduleResponse(week_day_index=index, user_index=user, status=status or _NOT_FOUND)
        return wire.GetWeekDayScheduleResponse(
            week_day_index=index,
            user_index=user,
            status=_FOUND,
            days_mask=wire.DaysMaskBitmap(found.days),
            start_hour=found.start // 60,
            start_minute=found.start % 60,
            end_hour=found.end // 60,
            end_minute=found.end % 60,
        )

    def clear_week_day_schedule(self, request: wire.ClearWeekDaySchedule, context: RequestContext) -> None:
        """Take out one week-day schedule of a user, or all.

        Raises:
            StatusError: as `set_week_day_schedule`.
        """
        author = author_of(context)
        with refusing():
            self.changed(self.register.clear_week_day(request.user_index, request.week_day_index, author))

    def set_year_day_schedule(self, request: wire.SetYearDaySchedule, context: RequestContext) -> None:
        """Give a user a stretch of time.

        Raises:
            StatusError: as `set_week_day_schedule`.
        """
        author = author_of(context)
        with refusing():
            self.changed(
                self.register.set_year_day(
                    request.user_index,
                    request.year_day_index,
                    start=request.local_start_time,
                    end=request.local_end_time,
                    author=author,
                )
            )

    def get_year_day_schedule(
        self, request: wire.GetYearDaySchedule, _context: RequestContext
    ) -> wire.GetYearDayScheduleResponse:
        """A user's year-day schedule."""
        user, index = request.user_index, request.year_day_index
        status = self._place(index, self.register.limits.year_days_per_user, user)
        found = self.register.year_day(user, index) if status == _FOUND else None
        if found is None:
            return wire.GetYearDayScheduleResponse(year_day_index=index, user_index=user, status=status or _NOT_FOUND)
        return wire.GetYearDayScheduleResponse(
            year_day_index=index,
            user_index=user,
            status=_FOUND,
            local_start_time=found.start,
            local_end_time=found.end,
        )

    def clear_year_day_schedule(self, request: wire.ClearYearDaySchedule, context: RequestContext) -> None:
        """Take out one year-day schedule of a user, or all.

        Raises:
            StatusError: as `set_week_day_schedule`.
        """
        author = author_of(context)
        with refusing():
            self.changed(self.register.clear_year_day(request.user_index, request.year_day_index, author))

    def set_holiday_schedule(self, request: wire.SetHolidaySchedule, context: RequestContext) -> None:
        """Give the lock a holiday with an operating mode of its own.

        Raises:
            StatusError: INVALID_COMMAND for values that cannot be, an operating mode that this lock has not among them.
        """
        author = author_of(context)
        with refusing():
            self.changed(
                self.register.set_holiday(
                    request.holiday_index,
                    start=request.local_start_time,
                    end=request.local_end_time,
                    mode=self.mode_of(request.operating_mode, Status.INVALID_COMMAND),
                    author=author,
                )
            )

    def get_holiday_schedule(
        self, request: wire.GetHolidaySchedule, _context: RequestContext
    ) -> wire.GetHolidayScheduleResponse:
        """A holiday of the lock."""
        index = request.holiday_index
        if not 1 <= index <= self.register.limits.holidays:
            return wire.GetHolidayScheduleResponse(holiday_index=index, status=_INVALID)
        found = self.register.holiday(index)
        if found is None:
            return wire.GetHolidayScheduleResponse(holiday_index=index, status=_NOT_FOUND)
        return wire.GetHolidayScheduleResponse(
            holiday_index=index,
            status=_FOUND,
            local_start_time=found.start,
            local_end_time=found.end,
            operating_mode=wire.OperatingModeEnum(found.mode),
        )

    def clear_holiday_schedule(self, request: wire.ClearHolidaySchedule, context: RequestContext) -> None:
        """Take out a holiday, or all.

        Raises:
            StatusError: INVALID_COMMAND, there is no such place.
        """
        author = author_of(context)
        with refusing():
            self.changed(self.register.clear_holiday(request.holiday_index, author))

    def _place(self, index: int, last: int, user_index: int) -> int:
        """What asking for a schedule of a user is answered with, its own absence not counted."""
        if not (1 <= index <= last and 1 <= user_index <= self.register.limits.users):
            return _INVALID
        return _FOUND if self.register.user(user_index) is not None else _NOT_FOUND
