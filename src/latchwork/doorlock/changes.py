"""Changes of a lock's people: who asks, what happened, and why one is refused.

Layer doorlock: plain values; `register` makes them. Values of the wire keep their numbers, reasons of refusal are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from latchwork.base.errors import LatchworkError
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import Source

ALL_USERS: Final = 0xFFFE
"""Index that means every user, or every credential of a kind (Application Clusters 5.2.10.19, 5.2.10.24)."""
ALL_SCHEDULES: Final = 0xFE
"""Index that means every schedule (Application Clusters 5.2.10.7.1)."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something.

    Attributes:
        source: by which way.
        fabric_index: the fabric of a remote administrator; None is somebody at the lock, whom the house itself let change it.
        node_id: the node of a remote administrator.
    """

    source: Source
    fabric_index: int | None = None
    node_id: int | None = None


BY_THE_LOCK: Final = Author(Source.UNSPECIFIED)
"""The lock itself, when a user's time is over. `LockUserChange` knows no better source (Application Clusters 5.2.11.5)."""


class Problem(IntEnum):
    """Why a change is refused. The numbers are ours; the cluster says it in its own."""

    FAILURE = 1
    """What must be there for the change is not, such as the user of a schedule."""
    DUPLICATE = 2
    """Another credential of this kind has the same secret."""
    OCCUPIED = 3
    """The place is taken, or no user can be added."""
    INVALID = 4
    """The request itself cannot be: an index, a length, a value, or a fabric that has no say here."""
    EXHAUSTED = 5
    """The user, or the lock, has no room for one more credential."""
    NOT_FOUND = 6
    """There is no such entry."""
    UNSUPPORTED = 7
    """The lock does not know this kind of credential or schedule."""


class ChangeRefused(LatchworkError):
    """A change was refused and nothing has changed.

    Attributes:
        problem: why.
        next_index: after a refused `set_credential`: the next free index after the one asked for, or None.
    """

    def __init__(self, problem: Problem, message: str, *, next_index: int | None = None) -> None:
        super().__init__(message)
        self.problem = problem
        self.next_index = next_index


class DataKind(IntEnum):
    """What has changed (Application Clusters 5.2.6.12)."""

    UNSPECIFIED = 0
    PROGRAMMING_CODE = 1
    USER_INDEX = 2
    WEEK_DAY_SCHEDULE = 3
    YEAR_DAY_SCHEDULE = 4
    HOLIDAY_SCHEDULE = 5
    PIN = 6
    RFID = 7
    FINGERPRINT = 8
    FINGER_VEIN = 9
    FACE = 10
    ALIRO_CREDENTIAL_ISSUER_KEY = 11
    ALIRO_EVICTABLE_ENDPOINT_KEY = 12
    ALIRO_NON_EVICTABLE_ENDPOINT_KEY = 13


DATA_KINDS: Final = MappingProxyType(
    {
        CredentialKind.PROGRAMMING_PIN: DataKind.PROGRAMMING_CODE,
        CredentialKind.PIN: DataKind.PIN,
        CredentialKind.RFID: DataKind.RFID,
        CredentialKind.FINGERPRINT: DataKind.FINGERPRINT,
        CredentialKind.FINGER_VEIN: DataKind.FINGER_VEIN,
        CredentialKind.FACE: DataKind.FACE,
        CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY: DataKind.ALIRO_CREDENTIAL_ISSUER_KEY,
        CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY: DataKind.ALIRO_EVICTABLE_ENDPOINT_KEY,
        CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: DataKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY,
    }
)
"""The kind of data that a credential is."""


class DataChange(IntEnum):
    """What is done to data (Application Clusters 5.2.6.10)."""

    ADD = 0
    CLEAR = 1
    MODIFY = 2


@dataclass(frozen=True, slots=True)
class UserChange:
    """Something about the lock's people has changed: what `LockUserChange` says (Application Clusters 5.2.11.5).

    Attributes:
        kind: what has changed.
        change: what was done to it.
        author: who did it.
        user_index: whose; 0xFFFE is everybody; None is nobody's.
        data_index: the index of the user, credential or schedule; 0xFFFE is all of them; None for the programming PIN.
    """

    kind: DataKind
    change: DataChange
    author: Author
    user_index: int | None
    data_index: int | None


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """What came of setting a credential.

    Attributes:
        changes: what happened.
        user_index: the user that was created for it, or None when it went to a user who was there.
        next_index: the next free index of this kind after the one that was set, or None.
    """

    changes: tuple[UserChange, ...]
    user_index: int | None
    next_index: int | None
