"""What can happen to a lock: wishes, hands, sensors, settings, time.

Layer doorlock: plain values; knows nothing of what the lock makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from latchwork.base.logs import Secret
from latchwork.doorlock.bolt import BoltPosition, DoorPosition, Wish
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import Actor, Source
from latchwork.doorlock.settings import Settings


@dataclass(frozen=True, slots=True)
class Commanded:
    """Somebody wants something of the motor.

    Attributes:
        wish: what.
        actor: who.
        pin: the PIN that came with it, if any; never shown.
        relock_after_s: seconds after which this one unlocking ends; 0 leaves it to the settings.
        is_judged: `decide.judge` has let the actor in: of the mode and the PIN nothing is asked any more.
    """

    wish: Wish
    actor: Actor
    pin: bytes | None = field(default=None, repr=False)
    relock_after_s: int = 0
    is_judged: bool = False


@dataclass(frozen=True, slots=True)
class Presented:
    """Somebody shows a credential at the door.

    Attributes:
        kind: what is shown.
        secret: all digits of a PIN in ASCII, octets of a card, name of a template, public key of a phone. Empty is a finger or a
            face that the sensor has seen and does not know.
        source: the way.
        wish: what is wanted.
    """

    kind: CredentialKind
    secret: Secret
    source: Source
    wish: Wish = Wish.UNLOCK


@dataclass(frozen=True, slots=True)
class Touched:
    """Somebody touches the lock without showing anything: one-touch locking."""


@dataclass(frozen=True, slots=True)
class PrivacyPressed:
    """Somebody inside presses the privacy button."""


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
    """The door's sensor sees its leaf there; None is that it cannot tell any more."""

    door: DoorPosition | None


@dataclass(frozen=True, slots=True)
class Changed:
    """The owner, or a holiday, has changed the settings."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Now is later; due at `next_deadline`, harmless at any time."""


BoltInput = Commanded | Turned | BoltMoved | BoltJammed | DoorMoved | Changed | TimePassed
"""What the bolt's machine takes."""
Input = BoltInput | Presented | Touched | PrivacyPressed
"""What the whole lock takes."""
