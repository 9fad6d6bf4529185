"""What a lock can do and what it holds, as far as we have read it. Unknown is a value: it never looks like empty.

Layer hub, pure. `reading` fills these from Matter; `plan` compares them with what is desired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from latchwork.hub.house.entities import CredentialKind

ORPHANED = 0
"""Creator of a user or credential whose fabric has been removed from the lock."""


class Slot(Enum):
    """What a place on the lock is when it does not hold something known."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"


class UserType(IntEnum):
    """Kinds of user a lock tells apart (Application Clusters 5.2.6.25)."""

    UNRESTRICTED = 0
    YEAR_DAY_SCHEDULE = 1
    WEEK_DAY_SCHEDULE = 2
    PROGRAMMING = 3
    NON_ACCESS = 4
    FORCED = 5
    DISPOSABLE = 6
    EXPIRING = 7
    SCHEDULE_RESTRICTED = 8
    REMOTE_ONLY = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a lock can do, and how much of it.

    Attributes:
        has_users: it knows users (feature USR); without, nothing can be put on it over Matter.
        users: how many.
        credentials_per_user: how many of all kinds together.
        kinds: how many credentials of each kind it takes.
        pin_length, rfid_length: least and greatest.
        week_days, year_days: schedules of each kind for a user; 0 when it has none.
        holidays: holiday schedules.
        expiring_minutes: ExpiringUserTimeout, or None: it has no expiring users.
        has_door_sensor, has_latch, has_remote_pin, has_aliro: features.
        requires_remote_pin: a remote operation must bring a PIN.
        is_sleepy: it sleeps between messages, for `sleep_s` at most.
        probe: whether the PIN proof works on it: None not known yet.
    """

    has_users: bool = False
    users: int = 0
    credentials_per_user: int = 0
    kinds: Mapping[CredentialKind, int] = field(default_factory=dict)
    pin_length: tuple[int, int] = (4, 8)
    rfid_length: tuple[int, int] = (0, 0)
    week_days: int = 0
    year_days: int = 0
    holidays: int = 0
    expiring_minutes: int | None = None
    has_door_sensor: bool = False
    has_latch: bool = False
    has_remote_pin: bool = False
    has_aliro: bool = False
    requires_remote_pin: bool = False
    is_sleepy: bool = False
    sleep_s: float = 0.0
    probe: bool | None = None


@dataclass(frozen=True, slots=True)
class WeekDay:
    """A week-day schedule: bit 0 of `days` is Sunday; minutes since midnight on the lock's wall."""

    days: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class YearDay:
    """A year-day schedule: local seconds since 2000-01-01, `end` excluded."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUser:
    """A user as the lock tells it.

    Attributes:
        index: its place.
        name, unique_id, type, is_enabled: as written; unique_id None when nobody set one.
        rule: credentials that must be shown: 1, 2 or 3.
        creator, modifier: fabric indexes; 0 when that fabric is gone, None when the lock does not say or it was made at the door.
        credentials: kind and index of each.
        week_days, year_days: by index; a place that could not be read is `Slot.UNREADABLE`.
    """

    index: int
    name: str = ""
    unique_id: int | None = None
    type: UserType = UserType.UNRESTRICTED
    is_enabled: bool = True
    rule: int = 1
    creator: int | None = None
    modifier: int | None = None
    credentials: tuple[tuple[CredentialKind, int], ...] = ()
    week_days: Mapping[int, WeekDay | Slot] = field(default_factory=dict)
    year_days: Mapping[int, YearDay | Slot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCredential:
    """A credential as the lock tells it: never its value."""

    kind: CredentialKind
    index: int
    user_index: int | None = None
    creator: int | None = None
    modifier: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a lock holds.

    Attributes:
        users: by index; every index from 1 to the lock's number of users that is missing here is unreadable.
        credentials: by kind and index, likewise.
        read_at: when reading ended, UTC seconds since 1970.
    """

    users: Mapping[int, SeenUser | Slot] = field(default_factory=dict)
    credentials: Mapping[tuple[CredentialKind, int], SeenCredential | Slot] = field(default_factory=dict)
    read_at: float = 0.0

    def user(self, index: int) -> SeenUser | Slot:
        """What is at this place."""
        return self.users.get(index, Slot.UNREADABLE)

    def credential(self, kind: CredentialKind, index: int) -> SeenCredential | Slot:
        """What is at this place."""
        return self.credentials.get((kind, index), Slot.UNREADABLE)
