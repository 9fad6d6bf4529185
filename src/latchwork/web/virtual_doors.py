"""What pages need of virtual doors, in types: a drawn door shows them and lays hands on them.

Layer web; knows no lock and no simulation. Only a virtual house has such doors: in any other hub there is nothing behind this, and no page.
Whatever happens at one is told on the house's bus as `virtual`, with the door's `virtual_id` and never with a code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that a virtual lock told.

    Attributes:
        number: greater than that of everything earlier.
        at: UTC seconds since 1970.
        event: what it is about, such as `said`, `bolt` or `alarm`.
        facts: small values that belong to it, by name.
    """

    number: int
    at: float
    event: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What kind of lock it is, as far as it can be seen.

    Attributes:
        model: its key, such as `u400`.
        title: what is on the box.
        reset_hold_s: seconds that Reset is held until everything is forgotten.
        reset_button, set_button: what a long hold of it forgets: everything, or nothing.
        soft_reset: a short press of Reset restarts it.
        keypad, fingers, cards, faces, sensor, battery, latch, vendor_app: whether it has these.
    """

    model: str
    title: str
    reset_hold_s: float
    reset_button: bool = True
    set_button: bool = False
    soft_reset: bool = False
    keypad: bool = True
    fingers: bool = True
    cards: bool = True
    faces: bool = False
    sensor: bool = True
    battery: bool = True
    latch: bool = False
    vendor_app: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualDoor:
    """A virtual door, as somebody who stands before it sees it now.

    Attributes:
        id: in addresses.
        number: of the house, 1 is the first.
        door_id: the hub's door with this lock, or None: it is in nobody's house.
        build: what kind of lock.
        bolt: `locked`, `unlocked`, `unlatched` or `between`.
        leaf: `closed`, `open`, `ajar`, `forced_open` or `jammed`: where the door is, whatever a sensor says.
        light: what the lamp shows: `off`, `idle`, `pairing`, `low`, or for a moment `good` or `bad`.
        flash: number of what made the lamp show it.
        has_power: whether anything but hands works.
        battery: per cent left; None for a lock without.
        pairing_s: seconds that pairing stays open: 0 for closed, None until somebody comes.
        homes: Matter fabrics that it belongs to.
        manual: the digits on its label.
        qr: the text of the QR code on its label.
        typed: how many digits wait for the hash.
        is_in_setup: the keypad is its menu.
        finger, card: what was shown last.
        known_fingers, known_cards: those that it remembers, by name.
        down: buttons that are pressed.
        plate_is_off, phone_is_near: as they say.
        said: what it speaks at this moment.
        said_s: how long it takes to hear that.
        told: what happened, newest first.
    """

    id: str
    number: int
    door_id: str | None
    build: Build
    bolt: str
    leaf: str
    light: str = "idle"
    flash: int = 0
    has_power: bool = True
    battery: float | None = None
    pairing_s: float | None = 0.0
    homes: int = 0
    manual: str = ""
    qr: str = ""
    typed: int = 0
    is_in_setup: bool = False
    finger: str = ""
    card: str = ""
    known_fingers: frozenset[str] = frozenset()
    known_cards: frozenset[str] = frozenset()
    down: frozenset[str] = frozenset()
    plate_is_off: bool = False
    phone_is_near: bool = False
    said: Told | None = None
    said_s: float = 0.0
    told: Sequence[Told] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualFault:
    """Something that can be made to go wrong.

    Attributes:
        name: such as `slow`.
        what: what it does, in a line.
        takes: what its value is called, or empty for one without.
        value: the one that it has, or would have.
        is_on: it goes wrong now.
    """

    name: str
    what: str
    takes: str
    value: str
    is_on: bool


class VirtualDoors(Protocol):
    """All virtual doors of a house."""

    def list(self) -> Sequence[str]:
        """The ids of all of them, in their order."""

    def of_door(self, door_id: str) -> str | None:
        """The virtual door behind a door of the hub, or None: that one is real."""

    def state(self, virtual_id: str) -> VirtualDoor | None:
        """How it is now; None where there is no such door."""

    def faults(self, virtual_id: str) -> Sequence[VirtualFault]:
        """Everything that can go wrong with its lock."""

    def act(self, virtual_id: str, words: Mapping[str, Any]) -> None:
        """Somebody does something at the door.

        Raises:
            LatchworkError: it makes no sense, or this lock cannot.
        """

    def set_fault(self, virtual_id: str, name: str, value: str | None, *, is_on: bool) -> None:
        """Something goes wrong from now on, or no longer.

        Raises:
            LatchworkError: there is no such fault, its value makes no sense, or this lock cannot have it.
        """
