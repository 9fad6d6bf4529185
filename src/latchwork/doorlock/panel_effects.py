"""What a lock's front panel asks for: of the voice, the pairing window, the lock and its memory.

Layer doorlock: plain values; knows nothing of who does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from latchwork.base.logs import Secret
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.door_sensor import DoorScale
from latchwork.doorlock.events import Source
from latchwork.doorlock.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Say:
    """Speak a prompt.

    Attributes:
        prompt: which.
        values: what goes into its text.
        options: what can be chosen by a key, from 1 on: prompts, each in the language given or, with None, in the lock's.
    """

    prompt: Prompt
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    options: tuple[tuple[Prompt, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """Let a commissioner in for so many seconds from now."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Present:
    """Show the lock a credential; answer with `Answered`. An empty secret is a finger that the sensor does not know."""

    kind: CredentialKind
    secret: Secret
    source: Source


@dataclass(frozen=True, slots=True)
class Verify:
    """Is this an administrator's? Answer with `Verified`."""

    shown: Present


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential for a user, who is made when `user_index` is None."""

    kind: CredentialKind
    secret: Secret
    user_index: int | None


@dataclass(frozen=True, slots=True)
class NewMasterCode:
    """Another master code."""

    secret: Secret


@dataclass(frozen=True, slots=True)
class UserRemoval:
    """A user goes, with everything it has."""

    user_index: int


@dataclass(frozen=True, slots=True)
class Program:
    """Change the lock's memory; answer with `Programmed`."""

    change: NewCredential | NewMasterCode | UserRemoval


@dataclass(frozen=True, slots=True)
class StartEnrolment:
    """Have the sensor take a new finger; answer with `Enrolled` or `EnrolmentFailed`."""


@dataclass(frozen=True, slots=True)
class StopEnrolment:
    """The new finger is not wanted any more."""


class Volume(Enum):
    """How loud the voice is."""

    SILENT = "silent"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Adjust:
    """Another volume, or another language; None leaves it."""

    volume: Volume | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class CalibrateDoor:
    """From now on the door sensor's readings mean this."""

    scale: DoorScale


@dataclass(frozen=True, slots=True)
class Restart:
    """Restart; nothing is lost (a soft reset)."""


@dataclass(frozen=True, slots=True)
class FactoryReset:
    """Forget every home, user, credential and setting; answer with `WasReset`."""


@dataclass(frozen=True, slots=True)
class LockUp:
    """One-touch locking."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Privacy from now on, or no longer."""


@dataclass(frozen=True, slots=True)
class TellOfPlate:
    """Raise the alarm of the front plate."""


PanelEffect = (
    Say
    | OpenWindow
    | Present
    | Verify
    | Program
    | StartEnrolment
    | StopEnrolment
    | Adjust
    | CalibrateDoor
    | Restart
    | FactoryReset
    | LockUp
    | Withdraw
    | TellOfPlate
)
