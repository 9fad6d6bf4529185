"""The schedules of one user brought in line: what is right stays wherever it is, the rest is overwritten, added or cleared.

Layer hub, pure. New ones are written before old ones are cleared, so that on the way a user is let in when the old schedules or the new
ones say so; where that cannot be, `opens_wrongly_on_the_way` says that the user has to be switched off meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from latchwork.hub.house.desired import DesiredUser
from latchwork.hub.house.observed import Capabilities, SeenUser, Slot, UserType, WeekDay, YearDay
from latchwork.hub.house.steps import ClearWeekDay, ClearYearDay, SetWeekDay, SetYearDay

_Schedule = TypeVar("_Schedule", WeekDay, YearDay)

ScheduleStep = SetWeekDay | ClearWeekDay | SetYearDay | ClearYearDay

BY_SCHEDULE: Final = frozenset({UserType.WEEK_DAY_SCHEDULE, UserType.YEAR_DAY_SCHEDULE, UserType.SCHEDULE_RESTRICTED})
"""Types of user that schedules let in."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What there is to do to the schedules of a user.

    Attributes:
        steps: in this order.
        is_complete: afterwards they are as wanted; otherwise some places cannot be read.
        weeks, years: whether any of that kind changes.
    """

    steps: tuple[ScheduleStep, ...]
    is_complete: bool
    weeks: bool
    years: bool


_NOTHING: Final = Changes((), is_complete=True, weeks=False, years=False)


def changes(index: int, seen: SeenUser | None, user: DesiredUser, capabilities: Capabilities, because: str) -> Changes:
    """The steps from the schedules that are seen, None of a user that is yet to be made, to those that are wanted."""
    if not user.week_days and not user.year_days and (seen is None or not (seen.week_days or seen.year_days)):
        return _NOTHING
    weeks, weeks_gone, is_week = _compared(seen.week_days if seen else None, user.week_days, capabilities.week_days)
    years, years_gone, is_year = _compared(seen.year_days if seen else None, user.year_days, capabilities.year_days)
    steps: list[ScheduleStep] = [
        SetWeekDay(user_index=index, index=place, schedule=week_day, because=because) for place, week_day in weeks
    ]
    steps.extend(
        SetYearDay(user_index=index, index=place, schedule=year_day, because=because) for place, year_day in years
    )
    steps.extend(ClearWeekDay(user_index=index, index=place, because=because) for place in weeks_gone)
    steps.extend(ClearYearDay(user_index=index, index=place, because=because) for place in years_gone)
    return Changes(
        tuple(steps),
        is_complete=is_week and is_year,
        weeks=bool(weeks or weeks_gone),
        years=bool(years or years_gone),
    )


def is_same_type(seen: SeenUser, user: DesiredUser) -> bool:
    """Whether the lock's type of user means what is wanted: locks turn users with schedules into schedule-restricted ones."""
    if seen.type is user.type:
        return True
    if seen.type is not UserType.SCHEDULE_RESTRICTED:
        return False
    if user.type is UserType.WEEK_DAY_SCHEDULE:
        return bool(user.week_days) and _is_clear(seen.year_days)
    return user.type is UserType.YEAR_DAY_SCHEDULE and bool(user.year_days) and _is_clear(seen.week_days)


def opens_wrongly_on_the_way(seen: SeenUser, user: DesiredUser, found: Changes) -> bool:
    """Whether, between the first step and the last, the user could be let in when neither the old nor the new schedules say so."""
    if not seen.is_enabled or seen.type not in BY_SCHEDULE or not found.steps:
        return False
    return _counting(seen.type, seen.week_days, seen.year_days) != (bool(user.week_days), bool(user.year_days)) or (
        found.weeks and found.years
    )


def _counting(
    kind: UserType, weeks: Mapping[int, WeekDay | Slot], years: Mapping[int, YearDay | Slot]
) -> tuple[bool, bool]:
    is_week = kind is not UserType.YEAR_DAY_SCHEDULE and not _is_clear(weeks)
    is_year = kind is not UserType.WEEK_DAY_SCHEDULE and not _is_clear(years)
    return is_week, is_year


def _is_clear(seen: Mapping[int, WeekDay | Slot] | Mapping[int, YearDay | Slot]) -> bool:
    return all(each is Slot.EMPTY for each in seen.values())


def _compared(
    seen: Mapping[int, _Schedule | Slot] | None, wanted: tuple[_Schedule, ...], room: int
) -> tuple[list[tuple[int, _Schedule]], list[int], bool]:
    if seen is None:
        return list(enumerate(wanted, 1)), [], True
    missing = list(wanted)
    stale, empty, is_readable = [], [], True
    for place in range(1, room + 1):
        held = seen.get(place, Slot.UNREADABLE)
        if isinstance(held, Slot):
            if held is Slot.EMPTY:
                empty.append(place)
            elif wanted:
                is_readable = False
        elif held in missing:
            missing.remove(held)
        else:
            stale.append(place)
    targets = stale + empty
    written = list(zip(targets, missing, strict=False))
    return written, stale[len(missing) :], is_readable and len(missing) <= len(targets)
