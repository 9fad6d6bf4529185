"""What can happen to a lock: wishes, hands, sensors, settings, time.

Layer doorlock: plain values; knows nothing of what the lock makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from latchwork.doorlock.bolt import BoltPosition, DoorPosition, Wish
from latchwork.doorlock.events import Actor
from latchwork.doorlock.settings import Settings


@dataclass(frozen=True, slots=True)
class Commanded:
    """Somebody wants something of the motor.

    Attributes:
        wish: what.
        actor: who.
        pin: the PIN that came with it, if any; never shown.
        relock_after_s: seconds after which this one unlocking ends; 0 leaves it to the settings.
    """

    wish: Wish
    actor: Actor
    pin: bytes | None = field(default=None, repr=False)
    relock_after_s: int = 0


@dataclass(frozen=True, slots=True)
class Turned:
    """A hand or a key has moved the bolt or the latch there."""

    position: BoltPosition


@dataclass(frozen=True, slots=True)
class BoltMoved:
    """The bolt is there: the answer to MoveBolt, or what its sensor sees unasked."""

    position: BoltPosition


@dataclass(frozen=True, slots=True)
class BoltJammed:
    """The motor gave up."""


@dataclass(frozen=True, slots=True)
class DoorMoved:
    """The door's sensor sees its leaf there."""

    door: DoorPosition


@dataclass(frozen=True, slots=True)
class Changed:
    """The owner, or a holiday, has changed the settings."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Now is later; due at `next_deadline`, harmless at any time."""


Input = Commanded | Turned | BoltMoved | BoltJammed | DoorMoved | Changed | TimePassed
