"""Ports to the parts of a lock: what a driver of a real part offers, and what a virtual one offers in its place.

Layer devices. Names no cluster and no message: a driver needs to know `latchwork.doorlock.bolt` and this file, a gauge `door_sensor` beside. Every callback is
called in the event loop; a driver with threads of its own hands over with `loop.call_soon_threadsafe`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.doorlock.door_sensor import DoorScale


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
        """Have `turned(position, by_hand)` called when the bolt moves without `move`.

        `by_hand` is False when the hardware cannot tell a hand or a key from anything else.
        """


class DoorSensor(Protocol):
    """The contact in the frame."""

    def position(self) -> DoorPosition | None:
        """Where the leaf is now; None when that is not known."""

    def listen(self, moved: Callable[[DoorPosition], None]) -> None:
        """Have `moved(position)` called whenever the leaf moves."""


class DoorGauge(Protocol):
    """A sensor that measures how far the leaf is from the frame: a magnet's field, an angle. It must be shown the door to mean anything."""

    def reading(self) -> float | None:
        """What it reads now, a part of its range from 0 to 1; None when nothing comes from it."""

    def installed(self) -> DoorScale | None:
        """What whoever installed it measured already; None when the owner has to show it the door. A factory reset forgets it."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when the reading is another."""


class Button(Protocol):
    """Something that is pressed and let go: Set, Reset, a touch pad, the contact behind the front plate."""

    def listen(self, pressed: Callable[[], None], released: Callable[[], None]) -> None:
        """Have `pressed` and `released` called, without bounces. How long it was held is for others to measure."""


class Keypad(Protocol):
    """Ten digits, a key to confirm and a key to go back."""

    def listen(self, key: Callable[[str], None]) -> None:
        """Have `key` called with `0` to `9`, `#` (confirm) or `*` (back)."""


class FingerprintReader(Protocol):
    """A sensor that keeps templates of fingers and says which one it sees. Templates cannot leave it."""

    def listen(self, seen: Callable[[bytes | None], None]) -> None:
        """Have `seen(template)` called with a template's name, or None for a finger it does not know."""

    def enrol(self) -> Awaitable[bytes]:
        """Take a new finger; gives the template's name, 1 to 32 octets. Cancel it to stop.

        Raises:
            LatchworkError: the finger was not read well enough, or there is no room.
        """

    def forget(self, template: bytes) -> None:
        """Erase one template; harmless when it is gone."""

    def forget_all(self) -> None:
        """Erase every template."""


class CardReader(Protocol):
    """A reader of cards and tags."""

    def listen(self, seen: Callable[[bytes], None]) -> None:
        """Have `seen(identifier)` called for each card that comes near."""


class Speaker(Protocol):
    """A voice, or at least a buzzer and a light."""

    def say(self, prompt: str, text: str) -> None:
        """Speak `text`; `prompt` is its id, for a speaker that has recordings. What was being said is cut off."""


class Battery(Protocol):
    """Whoever measures the supply."""

    def percent(self) -> float | None:
        """What is left, 0 to 100; None when that is not known."""

    def millivolts(self) -> int | None:
        """The voltage; None when that is not known."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when the measurement is another."""


@dataclass(slots=True, kw_only=True)
class Hardware:
    """The parts of one lock. Only the bolt must be there.

    Attributes:
        bolt: motor, bolt and latch.
        door_sensor: the contact in the frame.
        door_gauge: a sensor that measures instead; beside one, the contact tells only what needs no measuring.
        set_button: opens the pairing window.
        reset_button: held, makes a factory reset.
        touch: touched from outside, locks.
        privacy_button: pressed inside, nothing from outside works.
        front_plate: pressed while the front plate is on; released, somebody takes it off.
        keypad, fingerprints, cards, speaker, battery: as their names say.
    """

    bolt: Bolt
    door_sensor: DoorSensor | None = None
    door_gauge: DoorGauge | None = None
    set_button: Button | None = None
    reset_button: Button | None = None
    touch: Button | None = None
    privacy_button: Button | None = None
    front_plate: Button | None = None
    keypad: Keypad | None = None
    fingerprints: FingerprintReader | None = None
    cards: CardReader | None = None
    speaker: Speaker | None = None
    battery: Battery | None = None
