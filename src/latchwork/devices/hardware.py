"""Ports to the parts of a lock: what a driver of a real motor or sensor offers, and what a virtual one offers in its place.

Layer devices. Names no cluster and no message: a driver needs to know `latchwork.doorlock.bolt` and this file only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Protocol

from latchwork.doorlock.bolt import BoltPosition, DoorPosition


class Outcome(Enum):
    """How a movement ended."""

    ARRIVED = "arrived"
    JAMMED = "jammed"


class Bolt(Protocol):
    """The motor, the bolt and (where there is one) the latch."""

    def position(self) -> BoltPosition:
        """Where the bolt is now; BETWEEN when that is not known."""

    def move(self, position: BoltPosition) -> Outcome | Awaitable[Outcome]:
        """Drive the bolt there, turning round if it is on another way.

        A driver that knows the outcome at once returns it; one that takes time returns an awaitable. The awaitable of an earlier
        movement is cancelled before the next `move` and with `stop`. What it raises counts as a jam.
        """

    def stop(self) -> None:
        """Cut the motor where it is."""

    def listen(self, turned: Callable[[BoltPosition, bool], None]) -> None:
        """Have `turned(position, by_hand)` called, in the event loop, when the bolt moves without `move`.

        `by_hand` is False when the hardware cannot tell a hand or a key from anything else.
        """


class DoorSensor(Protocol):
    """The contact in the frame."""

    def position(self) -> DoorPosition | None:
        """Where the leaf is now; None when that is not known."""

    def listen(self, moved: Callable[[DoorPosition], None]) -> None:
        """Have `moved(position)` called, in the event loop, whenever the leaf moves."""
