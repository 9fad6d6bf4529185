"""What a lock remembers between two inputs.

Layer doorlock: plain values; `machine` makes and changes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from latchwork.doorlock.bolt import BoltPosition, DoorPosition, Phase
from latchwork.doorlock.events import Actor, Operation
from latchwork.doorlock.settings import Settings


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wish that is answered when the bolt arrives.

    Attributes:
        operation: what will have happened then.
        actor: who wants it.
        relock_after_s: seconds to the relocking of this one unlocking; 0 leaves it to the settings.
        is_release: the latch is only let go after an unlatching already reported: no failure of the wish if it does not happen.
    """

    operation: Operation
    actor: Actor
    relock_after_s: int = 0
    is_release: bool = False


@dataclass(frozen=True, slots=True)
class LockState:
    """Everything a lock must remember between two inputs. Make the first one with `start`.

    Attributes:
        position: where the bolt was last seen.
        target: where the motor is going, or None.
        deadline: when the movement counts as jammed, or when a held latch is let go; None when neither is going on.
        waiting: wishes answered when the bolt arrives.
        door: where the door is; None is not known.
        relock_at: when the lock will lock itself, or None.
        is_relock_owed: that time came while the door was open or the motor disabled.
        settings: what the lock can do and how it shall behave.
    """

    position: BoltPosition
    target: BoltPosition | None
    deadline: float | None
    waiting: tuple[Waiting, ...]
    door: DoorPosition | None
    relock_at: float | None
    is_relock_owed: bool
    settings: Settings

    @property
    def phase(self) -> Phase:
        """What the bolt is doing."""
        if self.target is not None:
            return Phase.MOVING
        return Phase.RESTING if self.deadline is None else Phase.HOLDING

    @property
    def shown(self) -> BoltPosition:
        """What may honestly be said of the bolt: while it moves it is neither here nor there."""
        return self.position if self.target is None else BoltPosition.BETWEEN
