"""What a lock says and what it asks for: who did what, what went wrong, what the motor shall do.

Layer doorlock: plain values; knows nothing of who listens.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from latchwork.doorlock.bolt import BoltPosition, DoorPosition

if TYPE_CHECKING:  # who changes something is told by a `Source`, so `changes` stands on this module
    from latchwork.doorlock.changes import UserChange


class Operation(IntEnum):
    """What happened to the lock (Application Clusters 5.2.6.13)."""

    LOCK = 0
    UNLOCK = 1
    NON_ACCESS_USER_EVENT = 2
    """A user who may open nothing was recognised: nothing moved."""
    FORCED_USER_EVENT = 3
    """A user under duress was let in: the operation itself is told, too."""
    UNLATCH = 4


class Source(IntEnum):
    """By which way somebody operates the lock (Application Clusters 5.2.6.18)."""

    UNSPECIFIED = 0
    MANUAL = 1
    PROPRIETARY_REMOTE = 2
    KEYPAD = 3
    AUTO = 4
    BUTTON = 5
    SCHEDULE = 6
    REMOTE = 7
    RFID = 8
    BIOMETRIC = 9
    ALIRO = 10


@dataclass(frozen=True, slots=True)
class Actor:
    """Who operates the lock. What is not known is None, never guessed.

    Attributes:
        source: the way.
        fabric_index: the fabric of a remote operator.
        node_id: the node of a remote operator.
        user_index: the user whose credential was shown.
        credentials: (kind, index) of each credential that was shown and verified; None when none was.
    """

    source: Source
    fabric_index: int | None = None
    node_id: int | None = None
    user_index: int | None = None
    credentials: tuple[tuple[int, int], ...] | None = None


BY_HAND = Actor(Source.MANUAL)
BY_ITSELF = Actor(Source.AUTO)
BY_NOBODY_KNOWN = Actor(Source.UNSPECIFIED)


class Reason(IntEnum):
    """Why a wish was not, or will not be, fulfilled."""

    ACTUATOR_DISABLED = 1
    MODE = 2
    """The operating mode has switched this interface off."""
    PIN_REQUIRED = 3
    PIN_UNKNOWN = 4
    """Nobody's credential, of whatever kind."""
    NO_LATCH = 5
    """The lock does not tell bolt and latch apart."""
    DOOR_NOT_CLOSED = 6
    NOT_LOCKED = 7
    """The mode asked for is only possible while the door is locked."""
    BUSY = 8
    """More wishes wait for the bolt than anybody sane would have."""
    OVERTAKEN = 9
    """Somebody else wanted something else before the bolt arrived."""
    JAMMED = 10
    LOCKED_OUT = 11
    """Too many wrong codes: the lock is deaf for a while. It is the one refusal that no event tells of."""
    USER_DISABLED = 12
    NO_ACCESS = 13
    """The user is of a kind that opens nothing."""
    REMOTE_ONLY = 14
    """The user's PIN counts for remote operation only."""
    SCHEDULE = 15
    """No schedule of the user is on."""
    CLOCK_UNKNOWN = 16
    """The user has hours, and the lock does not know the time."""
    EXPIRED = 17
    """The user's time is over."""
    MORE_NEEDED = 18
    """The user's rule wants more credentials than were shown."""
    LOW_BATTERY = 19


class OperationError(IntEnum):
    """How an event classes a refusal (Application Clusters 5.2.6.16)."""

    UNSPECIFIED = 0
    INVALID_CREDENTIAL = 1
    DISABLED_USER_DENIED = 2
    RESTRICTED = 3
    INSUFFICIENT_BATTERY = 4


OPERATION_ERRORS: Final = MappingProxyType(
    dict.fromkeys(Reason, OperationError.UNSPECIFIED)
    | {
        Reason.PIN_REQUIRED: OperationError.INVALID_CREDENTIAL,
        Reason.PIN_UNKNOWN: OperationError.INVALID_CREDENTIAL,
        Reason.USER_DISABLED: OperationError.DISABLED_USER_DENIED,
        Reason.NO_ACCESS: OperationError.RESTRICTED,
        Reason.REMOTE_ONLY: OperationError.RESTRICTED,
        Reason.SCHEDULE: OperationError.RESTRICTED,
        Reason.CLOCK_UNKNOWN: OperationError.RESTRICTED,
        Reason.EXPIRED: OperationError.RESTRICTED,
        Reason.MORE_NEEDED: OperationError.RESTRICTED,
        Reason.LOW_BATTERY: OperationError.INSUFFICIENT_BATTERY,
    }
)
"""Every reason → what `LockOperationError` says of it."""


class EntryOutcome(IntEnum):
    """What the door says to somebody who stands before it: never more than a stranger may know.

    A code can be guessed, so a code that is right but refused sounds like a wrong one; a card or a finger cannot, so its owner is told.
    """

    OPENED = 0
    """Granted: the motor is on its way, or there."""
    LOCKED = 1
    REFUSED = 2
    """Not now, for everybody: the mode, the motor, the door."""
    WRONG_CODE = 3
    LOCKED_OUT = 4
    SHOW_ANOTHER = 5
    """Right so far; this user shows more than one credential."""
    SCHEDULE = 6
    """Known, but not at this time."""
    DISABLED = 7
    """Known, but not let in any more."""


class Alarm(IntEnum):
    """What the owner must hear of at once (Application Clusters 5.2.6.6)."""

    LOCK_JAMMED = 0
    LOCK_FACTORY_RESET = 1
    LOCK_RADIO_POWER_CYCLED = 3
    WRONG_CODE_ENTRY_LIMIT = 4
    FRONT_ESCEUTCHEON_REMOVED = 5
    DOOR_FORCED_OPEN = 6
    DOOR_AJAR = 7
    FORCED_USER = 8
    """Somebody opens under duress; nothing at the door may show it."""


@dataclass(frozen=True, slots=True)
class LockOperation:
    """The lock did it: the bolt has arrived."""

    operation: Operation
    actor: Actor


@dataclass(frozen=True, slots=True)
class LockOperationFailed:
    """Somebody wanted it and did not get it."""

    operation: Operation
    actor: Actor
    reason: Reason


@dataclass(frozen=True, slots=True)
class DoorStateChanged:
    """The door's leaf is elsewhere than before.

    Attributes:
        door: where it is.
        previous: where it was; None is not known.
    """

    door: DoorPosition
    previous: DoorPosition | None


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """The owner must hear of it."""

    alarm: Alarm


Event: TypeAlias = "LockOperation | LockOperationFailed | DoorStateChanged | AlarmRaised | UserChange"


@dataclass(frozen=True, slots=True)
class MoveBolt:
    """Effect: drive the bolt there, whatever it was doing; answer with BoltMoved or BoltJammed."""

    position: BoltPosition


@dataclass(frozen=True, slots=True)
class StopBolt:
    """Effect: cut the motor; the answer to the last MoveBolt is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Emit:
    """Effect: tell the world."""

    event: Event


@dataclass(frozen=True, slots=True)
class Refuse:
    """Effect: tell whoever commanded that it will not happen, and why."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Answer:
    """Effect: say it to whoever stands before the door."""

    outcome: EntryOutcome


Effect = MoveBolt | StopBolt | Emit | Refuse | Answer
