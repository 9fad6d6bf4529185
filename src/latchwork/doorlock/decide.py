"""May this be done now? The one place that answers.

Layer doorlock. Everything that opens or locks a door on somebody's wish asks here first: operating mode, PIN, motor, door. Users,
their credentials and their schedules are judged here too, once a lock has them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from latchwork.doorlock.bolt import GOALS, BoltPosition, DoorPosition, Wish
from latchwork.doorlock.events import Actor, Reason, Source
from latchwork.doorlock.settings import OperatingMode, Settings

_NONE: Final = frozenset[Source]()
_LOCAL: Final = frozenset({Source.KEYPAD, Source.RFID, Source.BIOMETRIC, Source.ALIRO})

SILENCED: Final = MappingProxyType(
    {
        OperatingMode.NORMAL: _NONE,
        OperatingMode.VACATION: _LOCAL,
        OperatingMode.PRIVACY: _LOCAL | {Source.REMOTE, Source.PROPRIETARY_REMOTE},
        OperatingMode.NO_REMOTE_LOCK_UNLOCK: frozenset({Source.REMOTE}),
        OperatingMode.PASSAGE: _NONE,
    }
)
"""The interfaces that a mode switches off (Application Clusters 5.2.6.15). Hands and the lock itself are never among them."""


def refusal(
    wish: Wish, actor: Actor, pin: bytes | None, settings: Settings, door: DoorPosition | None
) -> Reason | None:
    """Why `wish` may not be done now, or None when it may.

    Args:
        wish: what is wanted.
        actor: who wants it.
        pin: the PIN that came with a remote wish. It is verified whether or not one is required (Application Clusters 5.2.10.1).
        settings: the lock's.
        door: where the door is; None is not known.
    """
    if (wish, settings.has_latch) not in GOALS:
        return Reason.NO_LATCH
    if actor.source in SILENCED[settings.mode]:
        return Reason.MODE
    if pin is not None:
        return Reason.PIN_UNKNOWN  # nobody is enrolled on a lock without users: no PIN can be right
    if settings.needs_pin_for_remote and actor.source is Source.REMOTE:
        return Reason.PIN_REQUIRED
    if not settings.is_actuator_enabled:
        return Reason.ACTUATOR_DISABLED
    if wish is Wish.LOCK and not settings.locks_open_door and not is_closed(settings, door):
        return Reason.DOOR_NOT_CLOSED
    return None


def mode_refusal(mode: OperatingMode, position: BoltPosition) -> Reason | None:
    """Why the lock may not enter `mode` while its bolt is at `position`, or None: privacy wants a locked door."""
    if mode is OperatingMode.PRIVACY and position is not BoltPosition.LOCKED:
        return Reason.NOT_LOCKED
    return None


def is_closed(settings: Settings, door: DoorPosition | None) -> bool:
    """May a bolt be thrown without hitting the frame? A lock without sensor must assume so."""
    return door is DoorPosition.CLOSED or not settings.has_door_sensor
