"""May this be done now? The one place that answers.

Layer doorlock. Everything that opens or locks a door on somebody's wish asks here first: `judge` says whether this user may, by type,
status, rule, schedules and operating mode; `refusal` whether this lock can, by motor, battery and door. Nothing here remembers
anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from latchwork.doorlock.bolt import GOALS, BoltPosition, DoorPosition, Wish
from latchwork.doorlock.book import Book
from latchwork.doorlock.credentials import Credential, CredentialKind
from latchwork.doorlock.events import Reason, Source
from latchwork.doorlock.inputs import Commanded
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.schedules import WeekDaySchedule, YearDaySchedule
from latchwork.doorlock.settings import OperatingMode, Settings
from latchwork.doorlock.users import User, UserStatus, UserType

_NONE: Final = frozenset[Source]()
_LOCAL: Final = frozenset({Source.KEYPAD, Source.RFID, Source.BIOMETRIC, Source.ALIRO})
REMOTE: Final = frozenset({Source.REMOTE, Source.PROPRIETARY_REMOTE})
"""The ways of somebody who is not at the door."""
OUTSIDE: Final = _LOCAL | REMOTE
"""The ways of somebody who must prove something: what a locked-out lock is deaf to."""

SILENCED: Final = MappingProxyType(
    {
        OperatingMode.NORMAL: _NONE,
        OperatingMode.VACATION: _LOCAL,
        OperatingMode.PRIVACY: OUTSIDE,
        OperatingMode.NO_REMOTE_LOCK_UNLOCK: frozenset({Source.REMOTE}),
        OperatingMode.PASSAGE: _NONE,
    }
)
"""The interfaces that a mode switches off (Application Clusters 5.2.6.15). Hands and the lock itself are never among them."""


class Verdict(NamedTuple):
    """What came of a judgement.

    Attributes:
        reason: why not; None is yes.
        user: whose credentials they are; None is nobody's.
        missing: how many more credentials the user's rule wants, when `reason` is `MORE_NEEDED`.
    """

    reason: Reason | None
    user: User | None = None
    missing: int = 0


_STRANGER: Final = Verdict(Reason.PIN_UNKNOWN)


def judge(
    register: Book, shown: tuple[Credential, ...], source: Source, settings: Settings, moment: Moment | None
) -> Verdict:
    """May whoever has shown these credentials operate the door now?

    A lock that does not know the time refuses everybody whose right depends on it, as the specification wants for schedules: a clock that
    is guessed lets the guest of last year in, while whoever is refused still has the owner, who is never bound to hours. An expiring
    user is refused likewise even the first time, since nothing would end what begins then.

    Args:
        register: who is known.
        shown: what was shown, as the register has it; all of one user; empty is nothing that anybody knows.
        source: by which way.
        settings: the lock's; of them only the mode counts here.
        moment: what the wall clock says; None is not known.
    """
    user = register.user(shown[0].user_index) if shown else None
    if user is None:
        return _STRANGER
    reason = _refusal_of_user(register, user, source, settings.mode, moment)
    if reason is not None:
        return Verdict(reason, user)
    if any(each.kind is CredentialKind.PROGRAMMING_PIN for each in shown):
        return Verdict(Reason.NO_ACCESS, user)  # it opens the menu at the lock, never the door
    missing = user.rule + 1 - len({(each.kind, each.index) for each in shown}) if user.rule else 0
    return Verdict(Reason.MORE_NEEDED, user, missing) if missing > 0 else Verdict(None, user)


def _refusal_of_user(
    register: Book, user: User, source: Source, mode: OperatingMode, moment: Moment | None
) -> Reason | None:
    if is_silenced(mode, source, user.type):
        return Reason.MODE
    if user.status is not UserStatus.OCCUPIED_ENABLED:
        return Reason.USER_DISABLED
    if user.type is UserType.NON_ACCESS:
        return Reason.NO_ACCESS
    if user.type is UserType.REMOTE_ONLY:
        return None if source in REMOTE else Reason.REMOTE_ONLY
    by_clock = _BY_CLOCK.get(user.type)
    if by_clock is None:
        return None
    return Reason.CLOCK_UNKNOWN if moment is None else by_clock(register, user, moment)


def _week_days(register: Book, user: User, moment: Moment) -> Reason | None:
    return None if _is_any_on(register.week_days(user.index), moment) else Reason.SCHEDULE


def _year_days(register: Book, user: User, moment: Moment) -> Reason | None:
    return None if _is_any_on(register.year_days(user.index), moment) else Reason.SCHEDULE


def _both(register: Book, user: User, moment: Moment) -> Reason | None:
    """Schedules of both kinds must be on where both are set; without any there is no access (Application Clusters 5.2.6.18.9)."""
    year_days = register.year_days(user.index)
    if year_days and not _is_any_on(year_days, moment):
        return Reason.SCHEDULE
    week_days = register.week_days(user.index)
    is_on = _is_any_on(week_days, moment) if week_days else bool(year_days)
    return None if is_on else Reason.SCHEDULE


def _is_any_on(schedules: Iterable[WeekDaySchedule | YearDaySchedule], moment: Moment) -> bool:
    for each in schedules:  # noqa: SIM110  # a generator under any() costs as much as several schedules
        if each.is_on(moment):
            return True
    return False


def _expiring(_register: Book, user: User, moment: Moment) -> Reason | None:
    return Reason.EXPIRED if user.expires_at is not None and moment.utc_s >= user.expires_at else None


_BY_CLOCK: Final[Mapping[UserType, Callable[[Book, User, Moment], Reason | None]]] = MappingProxyType(
    {
        UserType.WEEK_DAY_SCHEDULE: _week_days,
        UserType.YEAR_DAY_SCHEDULE: _year_days,
        UserType.SCHEDULE_RESTRICTED: _both,
        UserType.EXPIRING: _expiring,
    }
)
"""The types whose right depends on the time (Application Clusters 5.2.6.18)."""


def is_silenced(mode: OperatingMode, source: Source, user_type: UserType | None) -> bool:
    """Has the mode switched this interface off for this type of user?

    The keypad of an empty house still knows its master (Application Clusters 5.2.6.15.2). `None` asks whether the interface can be
    dead for everybody: then nothing that is shown is even looked at.
    """
    if source not in SILENCED[mode]:
        return False
    is_master = user_type is None or user_type is UserType.PROGRAMMING
    return not (is_master and mode is OperatingMode.VACATION and source is Source.KEYPAD)


def refusal(command: Commanded, settings: Settings, door: DoorPosition | None) -> Reason | None:
    """Why the bolt's machine may not fulfil this wish now, or None when it may.

    Args:
        command: what is wanted, by whom. A PIN in it is one that nobody has judged: it cannot be right.
        settings: the lock's.
        door: where the door is; None is not known.
    """
    if (command.wish, settings.has_latch) not in GOALS:
        return Reason.NO_LATCH
    if not command.is_judged:
        source = command.actor.source
        if source in SILENCED[settings.mode]:
            return Reason.MODE
        if command.pin is not None:
            return Reason.PIN_UNKNOWN
        if settings.needs_pin_for_remote and source is Source.REMOTE:
            return Reason.PIN_REQUIRED
    return obstacle(command.wish, settings, door)


def obstacle(wish: Wish, settings: Settings, door: DoorPosition | None) -> Reason | None:
    """Why nobody at all can have this wish fulfilled by the motor now, or None."""
    if (wish, settings.has_latch) not in GOALS:
        return Reason.NO_LATCH
    if not settings.is_actuator_enabled:
        return Reason.ACTUATOR_DISABLED
    if not settings.has_power:
        return Reason.LOW_BATTERY
    if wish is Wish.LOCK and not settings.locks_open_door and not is_closed(settings, door):
        return Reason.DOOR_NOT_CLOSED
    return None


def mode_refusal(mode: OperatingMode, position: BoltPosition) -> Reason | None:
    """Why the lock may not enter `mode` while its bolt is at `position`, or None: privacy wants a locked door."""
    if mode is OperatingMode.PRIVACY and position is not BoltPosition.LOCKED:
        return Reason.NOT_LOCKED
    return None


def is_closed(settings: Settings, door: DoorPosition | None) -> bool:
    """May a bolt be thrown without hitting the frame? A lock without sensor must assume so; one whose sensor cannot tell must not."""
    return door is DoorPosition.CLOSED or not settings.has_door_sensor
