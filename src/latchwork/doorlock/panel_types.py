"""What can happen to a lock's front panel: presses, fingers and cards, and the answers to what it asked for.

Layer doorlock: plain values; knows nothing of what the panel makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from latchwork.base.logs import Secret
from latchwork.doorlock.events import EntryOutcome
from latchwork.doorlock.inputs import TimePassed
from latchwork.doorlock.panel_effects import Present


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of the keypad: `0` to `9`, `#` (confirm) or `*` (back)."""

    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetPressed:
    """The Set button goes down."""


@dataclass(frozen=True, slots=True)
class SetReleased:
    """The Set button is let go."""


@dataclass(frozen=True, slots=True)
class ResetPressed:
    """The Reset button goes down."""


@dataclass(frozen=True, slots=True)
class ResetReleased:
    """The Reset button is let go."""


@dataclass(frozen=True, slots=True)
class FingerSeen:
    """The sensor sees the finger of this template, or with None one that it does not know."""

    template: Secret | None


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A card with this identifier comes near."""

    identifier: Secret


@dataclass(frozen=True, slots=True)
class PadTouched:
    """The pad outside is touched, or the one key that locks is pressed."""


@dataclass(frozen=True, slots=True)
class PrivacyPushed:
    """The privacy button inside is pressed."""


@dataclass(frozen=True, slots=True)
class PlateTaken:
    """Somebody takes the front plate off."""


@dataclass(frozen=True, slots=True)
class BatteryAt:
    """The battery has so many per cent left."""

    percent: float


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of `Present`."""

    outcome: EntryOutcome


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of `Verify`.

    Attributes:
        is_admin: the credential is an administrator's.
        shown: the credential, to be tried as anybody's when it is not.
    """

    is_admin: bool
    shown: Present


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The sensor has taken the new finger."""

    template: Secret


@dataclass(frozen=True, slots=True)
class EnrolmentFailed:
    """The sensor has not."""


class Programming(Enum):
    """What became of a change of the lock's memory."""

    DONE = "done"
    IN_USE = "in use"
    FULL = "full"
    NOT_FOUND = "not found"
    LAST_ADMIN = "last administrator"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Programmed:
    """What became of `Program`; `user_index` is whose it was, where it was somebody's."""

    result: Programming
    user_index: int | None = None


@dataclass(frozen=True, slots=True)
class WasReset:
    """What was asked for with `FactoryReset` is done."""


PanelInput = (
    KeyPressed
    | SetPressed
    | SetReleased
    | ResetPressed
    | ResetReleased
    | FingerSeen
    | CardSeen
    | PadTouched
    | PrivacyPushed
    | PlateTaken
    | BatteryAt
    | Answered
    | Verified
    | Enrolled
    | EnrolmentFailed
    | Programmed
    | WasReset
    | TimePassed
)
