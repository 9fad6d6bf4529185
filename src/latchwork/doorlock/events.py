"""What a lock says and what it asks for: who did what, what went wrong, what the motor shall do.

Layer doorlock: plain values; knows nothing of who listens.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from latchwork.doorlock.bolt import BoltPosition, DoorPosition


class Operation(IntEnum):
    """What happened to the lock."""

    LOCK = 0
    UNLOCK = 1
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
        credentials: (kind, index) of each credential that was shown.
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


class Alarm(IntEnum):
    """What the owner must hear of at once."""

    LOCK_JAMMED = 0
    DOOR_FORCED_OPEN = 6
    DOOR_AJAR = 7


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


Event = LockOperation | LockOperationFailed | DoorStateChanged | AlarmRaised


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


Effect = MoveBolt | StopBolt | Emit | Refuse
