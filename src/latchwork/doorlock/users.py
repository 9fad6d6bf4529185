"""Users of a lock: who may be known to it, of what kind, and what rule they open by.

Layer doorlock: plain values; `register` makes and changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from latchwork.doorlock.credentials import CredentialKind

MAX_NAME_LENGTH: Final = 10
"""Characters of a user's name (Application Clusters 5.2.6.19.2)."""
NO_UNIQUE_ID: Final = 0xFFFF_FFFF
"""UserUniqueID of a user that nobody gave one (Application Clusters 5.2.10.17)."""


class UserStatus(IntEnum):
    """Whether a user's credentials count (Application Clusters 5.2.6.24)."""

    AVAILABLE = 0
    """Nobody: the index is free."""
    OCCUPIED_ENABLED = 1
    OCCUPIED_DISABLED = 3


class UserType(IntEnum):
    """What a user may do, and when (Application Clusters 5.2.6.25)."""

    UNRESTRICTED = 0
    YEAR_DAY_SCHEDULE = 1
    WEEK_DAY_SCHEDULE = 2
    PROGRAMMING = 3
    """May open the door and change settings, users and codes at the lock."""
    NON_ACCESS = 4
    """Is recognised and told of, and opens nothing."""
    FORCED = 5
    """Opens, and raises the silent alarm of somebody under duress."""
    DISPOSABLE = 6
    """Opens once."""
    EXPIRING = 7
    """Opens for a while from the first use on."""
    SCHEDULE_RESTRICTED = 8
    """Opens only while a schedule, of either kind, allows it."""
    REMOTE_ONLY = 9
    """The PIN counts for remote operation only."""


class CredentialRule(IntEnum):
    """How many different credentials a user shows to open (Application Clusters 5.2.6.7)."""

    SINGLE = 0
    DUAL = 1
    TRI = 2


@dataclass(frozen=True, slots=True)
class User:
    """One user.

    Attributes:
        index: 1 to the lock's number of users.
        name: at most 10 characters; may be empty.
        unique_id: what administrators know the person by on all locks; `NO_UNIQUE_ID` when not given.
        status: whether the credentials count.
        type: what the user may do, and when.
        rule: how many credentials must be shown.
        creator: index of the fabric that created the user; 0 when that fabric is gone, None when made at the lock itself.
        modifier: index of the fabric that changed the user last, likewise.
        credentials: (kind, index) of each credential, in the order they came.
        expires_at: for an expiring user after the first use: UTC seconds since 2000-01-01; otherwise None.
    """

    index: int
    name: str = ""
    unique_id: int = NO_UNIQUE_ID
    status: UserStatus = UserStatus.OCCUPIED_ENABLED
    type: UserType = UserType.UNRESTRICTED
    rule: CredentialRule = CredentialRule.SINGLE
    creator: int | None = None
    modifier: int | None = None
    credentials: tuple[tuple[CredentialKind, int], ...] = ()
    expires_at: int | None = None
