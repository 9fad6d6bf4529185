"""What should be on one lock, and what that asks of the lock: values between the accesses and the plan.

Layer hub, pure. `compile` makes `Desired` from people, accesses and what the lock can do; `plan` makes steps from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import UserType, WeekDay, YearDay


class Enforcement(StrEnum):
    """Who sees to it that an access holds when it should and does not when it should not."""

    LOCK = "lock"
    """The lock itself, by schedules of its own: works while the hub is off."""
    HUB = "hub"
    """The hub puts it on and takes it off at the minute: needs the hub."""


class TroubleCode(StrEnum):
    """What is not as it should be, by cause. Texts for people are made from it in one place."""

    LOCK_HAS_NO_USERS = "lock_has_no_users"
    LOCK_FULL = "lock_full"
    CREDENTIALS_FULL = "credentials_full"
    SCHEDULES_FULL = "schedules_full"
    KIND_NOT_SUPPORTED = "kind_not_supported"
    CODE_LENGTH = "code_length"
    DUPLICATE_CODE = "duplicate_code"
    NAME_REFUSED = "name_refused"
    FOREIGN_USER = "foreign_user"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    ASLEEP = "asleep"
    CLOCK_WRONG = "clock_wrong"
    DRIFTED = "drifted"
    DOOR_SENSOR = "door_sensor"
    ENROL_AT_DOOR = "enrol_at_door"
    NEEDS_HUB = "needs_hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is not as it should be.

    Attributes:
        code: the cause.
        is_error: it keeps somebody out or lets somebody in; otherwise it is a warning.
        message: the cause in plain words.
        advice: what to do about it, or empty.
        person_id, credential_id: whom and what it is about, or None.
    """

    code: TroubleCode
    message: str
    is_error: bool = True
    advice: str = ""
    person_id: str | None = None
    credential_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredCredential:
    """A credential that should be on the lock; the secret stays behind its id."""

    credential_id: str
    kind: CredentialKind
    version: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredUser:
    """A user that should be on the lock: one person with the credentials that share the same accesses.

    Attributes:
        key: names this user for as long as person and accesses are the same: `<person id>` or `<person id>/<access ids>`.
        person_id: who.
        access_ids: the promises that want it.
        name: at most 10 characters that locks take.
        unique_id: the person's.
        type: what kind of user it is on this lock.
        is_enabled: whether its credentials count now.
        credentials: what opens.
        week_days, year_days: schedules, in the lock's local time.
        enforcement: who sees to the times.
        because: why it is wanted, in plain words.
    """

    key: str
    person_id: str
    access_ids: tuple[str, ...]
    name: str
    unique_id: int
    type: UserType = UserType.UNRESTRICTED
    is_enabled: bool = True
    credentials: tuple[DesiredCredential, ...] = ()
    week_days: tuple[WeekDay, ...] = ()
    year_days: tuple[YearDay, ...] = ()
    enforcement: Enforcement = Enforcement.LOCK
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """Everything that should be on one lock.

    Attributes:
        users: in the order in which they are put on when there is not room for all.
        troubles: what this lock cannot do.
        next_change: instant at which this will be another, UTC seconds since 1970, or None.
    """

    users: tuple[DesiredUser, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    next_change: float | None = None
