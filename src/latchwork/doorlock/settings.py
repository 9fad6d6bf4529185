"""What a lock can do and how its owner wants it to behave.

Layer doorlock: plain values; knows nothing of where they are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class OperatingMode(IntEnum):
    """Which interfaces are alive (Application Clusters 5.2.6.15)."""

    NORMAL = 0
    VACATION = 1
    """Nobody is home: only remote operation."""
    PRIVACY = 2
    """Somebody is inside: nothing from outside; ends when the bolt is drawn by hand."""
    NO_REMOTE_LOCK_UNLOCK = 3
    PASSAGE = 4
    """Open to everybody: it never locks itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Abilities of the hardware and wishes of the owner.

    Attributes:
        has_latch: the motor can pull the latch as well as the bolt.
        has_door_sensor: somebody tells whether the door is closed.
        is_actuator_enabled: the motor may move at all; hands always may.
        has_power: the battery can still move the bolt all the way.
        mode: which interfaces are alive.
        auto_relock_s: seconds from any unlocking to the lock locking itself; 0 never.
        needs_pin_for_remote: a remote operation must bring a PIN.
        locks_open_door: an explicit wish may throw the bolt of an open door. Locking itself never does.
        move_limit_s: seconds that the bolt may take to arrive before it counts as jammed.
        latch_hold_s: seconds that the latch is held in.
        closing_pause_s: seconds a door must have been closed before an overdue relocking happens: doors bounce.
        one_touch_locking: a touch without a credential locks.
        privacy_button: the button inside enters and leaves privacy.
        wrong_code_limit: wrong credentials in a row that make the lock deaf; 0 never.
        lockout_s: seconds it stays deaf.
        collect_s: seconds in which a user who must show several credentials shows the last.
        ajar_after_s: seconds that the door may stand open before the alarm; 0 for ever.
        local_programming: people may be changed at the lock itself. The panel asks; nothing here does.
    """

    has_latch: bool = False
    has_door_sensor: bool = False
    is_actuator_enabled: bool = True
    has_power: bool = True
    mode: OperatingMode = OperatingMode.NORMAL
    auto_relock_s: int = 0
    needs_pin_for_remote: bool = False
    locks_open_door: bool = True
    move_limit_s: float = 10.0
    latch_hold_s: float = 3.0
    closing_pause_s: float = 1.0
    one_touch_locking: bool = False
    privacy_button: bool = False
    wrong_code_limit: int = 5
    lockout_s: int = 60
    collect_s: float = 20.0
    ajar_after_s: int = 0
    local_programming: bool = True
