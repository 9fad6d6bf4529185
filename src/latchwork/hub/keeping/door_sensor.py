"""Whether a lock's door sensor can be believed: what the hub can know of it, and what people are told.

Layer hub, pure. Matter has no attribute for a sensor's calibration. There is DoorState, which is null for a sensor that cannot tell and
DoorUnspecifiedError for one that has failed (Application Clusters 5.2.9.4), and there is what cannot have happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.journal.entries import Entry, How, Kind
from latchwork.hub.status import DoorSensor, LockStatus

_BOLT: Final = frozenset({Kind.LOCKED, Kind.OPENED, Kind.UNLATCHED, Kind.GAP, Kind.GAP_LOST, Kind.LOCK_RESET})
"""What begins another story of the bolt, or leaves a hole in this one."""
_SHOWING: Final = "Close the door, open it wide and leave it ajar as the lock asks for it"


class Suspicion(StrEnum):
    """How far a story has come that ends in doubts about the sensor."""

    NONE = "none"
    LOCKED_ITSELF = "locked_itself"
    DOUBTFUL = "doubtful"


def suspicion(before: Suspicion, entries: Iterable[Entry]) -> Suspicion:
    """How far it has come after these entries of one lock, in their order.

    A lock locks itself at a closed door only. If the door then opens although nobody unlocked it, either somebody forced it, or it never was
    closed: the sensor took ajar for closed. The hub cannot know which; the lock's own alarm is told in any case.
    """
    for entry in entries:
        if entry.kind is Kind.DOOR_FORCED and before is Suspicion.LOCKED_ITSELF:
            return Suspicion.DOUBTFUL
        if entry.kind in _BOLT:
            itself = entry.kind is Kind.LOCKED and entry.how is How.AUTO
            before = Suspicion.LOCKED_ITSELF if itself else Suspicion.NONE
    return before


def door_sensor_troubles(status: LockStatus, vendor: str) -> tuple[Trouble, ...]:
    """What is wrong with the sensor of a lock of this maker: a warning at most, for nobody is let in or kept out by it."""
    if status.door_sensor is DoorSensor.CANNOT_TELL:
        message = "The door sensor cannot tell whether the door is closed, so that the lock does not lock itself."
    elif status.door_sensor is DoorSensor.FAILED:
        message = "The door sensor has failed or has drifted, so that the lock does not lock itself."
    elif status.is_door_doubtful:
        message = (
            "The lock locked itself, and then the door was open without anybody unlocking it: somebody forced it, or the door sensor takes a "
            "door that is ajar for a closed one."
        )
    else:
        return ()
    return (Trouble(code=TroubleCode.DOOR_SENSOR, message=message, advice=_advice(vendor), is_error=False),)


def _advice(vendor: str) -> str:
    if vendor == "Latchwork":
        return (
            "Calibrate it at the lock: press Set, show that you are its administrator, and choose “Calibrate the door sensor” from the menu, "
            f"which is 9. {_SHOWING}, with hash after each."
        )
    return f"Calibrate it at the lock, or in the app of its maker: look for the door sensor in the lock's menu or settings. {_SHOWING}."
