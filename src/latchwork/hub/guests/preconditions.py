"""What stands in the way of a code made from afar, each thing by its name: not "check your set-up", but which part of it.

Layer hub, pure: facts in, causes in plain words out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import CredentialKind, Door
from latchwork.hub.house.observed import Capabilities, Observed, SeenCredential, SeenUser, Slot
from latchwork.hub.status import LockStatus
from latchwork.hub.words import duration, instant


class Obstacle(StrEnum):
    """What stands in the way."""

    NO_LOCK = "no_lock"
    NO_ROUTE = "no_route"
    """The hub has no connection to the lock at all."""
    UNREACHABLE = "unreachable"
    ASLEEP = "asleep"
    NOT_READ = "not_read"
    """The hub does not know yet what the lock can do."""
    FIRMWARE_TOO_OLD = "firmware_too_old"
    """The lock does not let anybody manage its users over Matter."""
    NO_CODES = "no_codes"
    CLOCK_NOT_SET = "clock_not_set"
    FULL = "full"
    BATTERY_CRITICAL = "battery_critical"
    NEEDS_HUB = "needs_hub"
    CODE_LENGTH = "code_length"
    REFUSED = "refused"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """One thing that stands in the way.

    Attributes:
        code: which.
        message: the cause in plain words.
        advice: what to do about it, or empty.
        is_blocking: no new code arrives on the lock as long as it is so; otherwise it arrives later, or with a limit.
        since: UTC seconds since 1970, or None: not known or not a matter of time.
    """

    code: Obstacle
    message: str
    advice: str = ""
    is_blocking: bool = True
    since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorState:
    """What is known around a door.

    Attributes:
        door: the door.
        status: how its lock stands; None: it has none.
        capabilities: what that can do; None: it was not read yet.
        observed: what it held when it was read last, or None.
        troubles: what is not as it should be on it.
    """

    door: Door
    status: LockStatus | None = None
    capabilities: Capabilities | None = None
    observed: Observed | None = None
    troubles: tuple[Trouble, ...] = ()


_BATTERY: Final = "critical"
_FROM_TROUBLE: Final = {
    TroubleCode.CLOCK_WRONG: Obstacle.CLOCK_NOT_SET,
    TroubleCode.LOCK_FULL: Obstacle.FULL,
    TroubleCode.CREDENTIALS_FULL: Obstacle.FULL,
    TroubleCode.SCHEDULES_FULL: Obstacle.NEEDS_HUB,
    TroubleCode.NEEDS_HUB: Obstacle.NEEDS_HUB,
    TroubleCode.CODE_LENGTH: Obstacle.CODE_LENGTH,
    TroubleCode.LOCK_HAS_NO_USERS: Obstacle.FIRMWARE_TOO_OLD,
    TroubleCode.KIND_NOT_SUPPORTED: Obstacle.NO_CODES,
}
_OF_THE_LOCK: Final = frozenset({TroubleCode.CLOCK_WRONG, TroubleCode.LOCK_FULL, TroubleCode.CREDENTIALS_FULL})
"""Troubles of somebody else on the lock that a new code would have as well."""


def preconditions(state: DoorState, zone: ZoneInfo) -> tuple[Precondition, ...]:
    """What stands in the way of a new code for this door, the gravest first; nothing: it would arrive now.

    Args:
        state: what is known around the door.
        zone: in which times are told.
    """
    name, status = state.door.name, state.status
    if status is None:
        return (_no_lock(name),)
    found = [*_reach(name, state, status, zone), *_ability(name, state.capabilities)]
    if not any(each.is_blocking and each.code in {Obstacle.FIRMWARE_TOO_OLD, Obstacle.NO_CODES} for each in found):
        found += _room(name, state)
    if status.battery_level == _BATTERY:
        found.append(_battery(name, status.battery_percent))
    found += [_of_trouble(name, each) for each in state.troubles if each.code in _OF_THE_LOCK]
    return _without_repeats(found)


def of_code(door_name: str, troubles: Iterable[Trouble]) -> tuple[Precondition, ...]:
    """What this very code would meet on a door's lock, from what compiling it has found."""
    return _without_repeats([_of_trouble(door_name, each) for each in troubles])


def _without_repeats(found: Iterable[Precondition]) -> tuple[Precondition, ...]:
    by_code: dict[Obstacle, Precondition] = {}
    for each in found:
        if each.code not in by_code or each.code in {Obstacle.OTHER, Obstacle.REFUSED}:
            by_code.setdefault(each.code, each)
    return tuple(sorted(by_code.values(), key=lambda each: not each.is_blocking))


def _no_lock(name: str) -> Precondition:
    return Precondition(
        code=Obstacle.NO_LOCK, message=f"{name} has no lock.", advice="Add a lock to this door with its setup code."
    )


def _reach(name: str, state: DoorState, status: LockStatus, zone: ZoneInfo) -> list[Precondition]:
    can = state.capabilities
    is_asleep = any(each.code is TroubleCode.ASLEEP for each in state.troubles)
    if can is not None and can.is_sleepy and (status.is_reachable or is_asleep):
        return [_asleep(name, can, is_waiting=is_asleep)]
    if status.is_reachable:
        return []
    if status.since is None:
        return [
            Precondition(
                code=Obstacle.NO_ROUTE,
                message=f"The hub has no connection to the lock of {name}: {status.why or 'it was not heard yet'}.",
                advice="Check that the hub and the lock are on the same network, and that IPv6 is on there.",
            )
        ]
    why = f": {status.why}" if status.why else ""
    return [
        Precondition(
            code=Obstacle.UNREACHABLE,
            message=f"The lock of {name} has not answered since {instant(status.since, zone)}{why}.",
            advice="The code arrives as soon as it answers. Check the lock's battery, and the Thread border router or Wi-Fi near it.",
            since=status.since,
        )
    ]


def _asleep(name: str, can: Capabilities, *, is_waiting: bool) -> Precondition:
    within = f" within {duration(max(1, round(can.sleep_s / 60)))}" if can.sleep_s >= 60 else ""
    return Precondition(
        code=Obstacle.ASLEEP,
        message=f"The lock of {name} sleeps to spare its battery: a code arrives when it wakes{within}.",
        advice="Whoever types a code there, even a wrong one, wakes it at once.",
        is_blocking=is_waiting,
    )


def _ability(name: str, can: Capabilities | None) -> list[Precondition]:
    if can is None:
        return [
            Precondition(
                code=Obstacle.NOT_READ,
                message=f"The hub does not know yet what the lock of {name} can do: it has not been read.",
                advice="Wait until it has answered once; the hub reads it by itself.",
            )
        ]
    if not can.has_users:
        return [
            Precondition(
                code=Obstacle.FIRMWARE_TOO_OLD,
                message=f"The lock of {name} does not let anybody manage its codes over Matter with the firmware that it has.",
                advice="See whether new firmware brings it. A lock behind a bridge may do it when it is paired directly.",
            )
        ]
    if can.kinds.get(CredentialKind.PIN, 0) <= 0:
        return [
            Precondition(
                code=Obstacle.NO_CODES,
                message=f"The lock of {name} takes no codes.",
                advice="Give a card or a fingerprint at the lock.",
            )
        ]
    return []


def _room(name: str, state: DoorState) -> list[Precondition]:
    can, seen = state.capabilities, state.observed
    if can is None or seen is None:
        return []
    users = [seen.user(index) for index in range(1, can.users + 1)]
    pins = [seen.credential(CredentialKind.PIN, index) for index in range(1, can.kinds.get(CredentialKind.PIN, 0) + 1)]
    for what, places, taken in (("users", users, SeenUser), ("codes", pins, SeenCredential)):
        if places and Slot.EMPTY not in places and all(isinstance(each, taken) for each in places):
            message = f"The lock of {name} is full: all {len(places)} places for {what} are taken."
            advice = "Take away somebody who needs this door no more, or review what this hub did not put there."
            return [Precondition(code=Obstacle.FULL, message=message, advice=advice)]
    return []


def _battery(name: str, percent: int | None) -> Precondition:
    left = "" if percent is None else f" ({percent} %)"
    return Precondition(
        code=Obstacle.BATTERY_CRITICAL,
        message=f"The battery of the lock of {name} is nearly empty{left}: it may stop before the guest comes.",
        advice="Change or charge it before the guest comes.",
        is_blocking=False,
    )


def _of_trouble(name: str, trouble: Trouble) -> Precondition:
    return Precondition(
        code=_FROM_TROUBLE.get(trouble.code, Obstacle.REFUSED if trouble.is_error else Obstacle.OTHER),
        message=f"{name}: {trouble.message}",
        advice=trouble.advice,
        is_blocking=trouble.is_error,
    )
