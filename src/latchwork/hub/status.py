"""How a lock stands, as far as it was heard, and what can be asked of it from afar.

Layer hub, values only; `watching` keeps them up to date. What the lock did not say is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from latchwork.hub.journal.who import Fabric
from latchwork.matter.model.clusters.operational_credentials import FabricDescriptorStruct


class Operation(StrEnum):
    """What can be asked of a lock from afar."""

    LOCK = "lock"
    UNLOCK = "unlock"
    UNBOLT = "unbolt"
    """Withdraw the bolt and leave the latch."""


class DoorSensor(StrEnum):
    """What a lock's door sensor is worth, as far as DoorState says."""

    TELLS = "tells"
    CANNOT_TELL = "cannot_tell"
    """It was not calibrated, or is being calibrated."""
    FAILED = "failed"
    """It failed or has drifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockStatus:
    """How a lock stands.

    Attributes:
        lock_state: locked, unlocked, unlatched, not_fully_locked, or None: the lock does not say.
        door_state: open, closed, jammed, forced_open, error, ajar, or None: no sensor, or one that cannot tell.
        door_sensor: whether it can tell; None: no sensor, or it was not heard yet.
        is_door_doubtful: things happened that cannot be, if the sensor is right.
        battery_percent: 0 to 100, or None.
        battery_level: ok, warning, critical, or None.
        mode: the operating mode by its name, or None.
        firmware: as it calls its version, or empty.
        is_reachable: whether it answers.
        why: why it does not, or empty.
        since: of `is_reachable`, UTC seconds since 1970, or None.
        heard_at: when anything was last heard, UTC seconds since 1970, or None.
        fabrics: names of the ecosystems on it, by fabric index; None before they were read.
    """

    lock_state: str | None = None
    door_state: str | None = None
    door_sensor: DoorSensor | None = None
    is_door_doubtful: bool = False
    battery_percent: int | None = None
    battery_level: str | None = None
    mode: str | None = None
    firmware: str = ""
    is_reachable: bool = False
    why: str = ""
    since: float | None = None
    heard_at: float | None = None
    fabrics: Mapping[int, str] | None = None


_VENDORS: Final[Mapping[int, str]] = {
    0x110A: "Samsung SmartThings",
    0x115F: "Aqara",
    0x117C: "IKEA",
    0x1217: "Amazon",
    0x1349: "Apple",
    0x134B: "Home Assistant",
    0x1384: "Apple Keychain",
    0x6006: "Google",
    0xFFF1: "Test vendor 1",
    0xFFF2: "Test vendor 2",
    0xFFF3: "Test vendor 3",
    0xFFF4: "Test vendor 4",
}
"""Vendors of ecosystems by the number under which they join (Core 2.5.2); of the others the number is told."""


def vendor_name(vendor_id: int) -> str:
    """A maker's name, or empty where we do not know it."""
    return _VENDORS.get(vendor_id, "")


def fabric_of(descriptor: FabricDescriptorStruct) -> Fabric:
    """An ecosystem on a lock, with its vendor's name where we know it."""
    vendor = descriptor.vendor_id
    return Fabric(vendor=vendor_name(vendor), label=descriptor.label, vendor_id=vendor)
