"""What is asked of a node in its subscription, and what its attributes say about how a lock stands.

Layer hub; declarations of the data model in, values of `status` out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from latchwork.controller.requests import Query
from latchwork.hub.status import DoorSensor
from latchwork.matter.interaction.paths import AttributeQuery, EventQuery
from latchwork.matter.interaction.values import AttributeValue
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock, DoorStateEnum
from latchwork.matter.model.clusters.operational_credentials import OperationalCredentials
from latchwork.matter.model.clusters.power_source import PowerSource

_BASIC = BasicInformation.software_version_string

QUERIES: Final[tuple[Query, ...]] = (
    AttributeQuery(None, DoorLock.id, DoorLock.lock_state.id),
    AttributeQuery(None, DoorLock.id, DoorLock.door_state.id),
    AttributeQuery(None, DoorLock.id, DoorLock.operating_mode.id),
    AttributeQuery(None, PowerSource.id, PowerSource.bat_percent_remaining.id),
    AttributeQuery(None, PowerSource.id, PowerSource.bat_charge_level.id),
    AttributeQuery(0, OperationalCredentials.id, OperationalCredentials.fabrics.id),
    AttributeQuery(0, BasicInformation.id, _BASIC.id),
    # Urgent are those that somebody waits for; the others come with them. From some clusters only, holes could not be told.
    EventQuery(None, DoorLock.id, None, is_urgent=True),
    EventQuery(),
)
"""What is subscribed to on each node."""

_DOORS: Final = {
    DoorStateEnum.DOOR_OPEN: "open",
    DoorStateEnum.DOOR_CLOSED: "closed",
    DoorStateEnum.DOOR_JAMMED: "jammed",
    DoorStateEnum.DOOR_FORCED_OPEN: "forced_open",
    DoorStateEnum.DOOR_UNSPECIFIED_ERROR: "error",
    DoorStateEnum.DOOR_AJAR: "ajar",
}


def stands(attributes: Iterable[AttributeValue]) -> dict[int | None, dict[str, Any]]:
    """Fields of `LockStatus` that attributes say, by endpoint; None is the whole node."""
    found: dict[int | None, dict[str, Any]] = {}
    for each in attributes:
        value = each.value
        match each.cluster, each.attribute:
            case (DoorLock.id, DoorLock.lock_state.id):
                found.setdefault(each.endpoint, {})["lock_state"] = _word(value)
            case (DoorLock.id, DoorLock.door_state.id):
                found.setdefault(each.endpoint, {}).update(_door(value))
            case (DoorLock.id, DoorLock.operating_mode.id):
                found.setdefault(each.endpoint, {})["mode"] = _word(value)
            case (PowerSource.id, PowerSource.bat_percent_remaining.id):
                found.setdefault(None, {})["battery_percent"] = None if value is None else value // 2
            case (PowerSource.id, PowerSource.bat_charge_level.id):
                found.setdefault(None, {})["battery_level"] = _word(value)
            case (BasicInformation.id, _BASIC.id):
                found.setdefault(None, {})["firmware"] = value
            case _:
                pass
    return found


def _door(value: Any) -> dict[str, Any]:
    """Where the door is, and what its sensor is worth; a value that we do not know is no failure of it."""
    if value is None:
        return {"door_state": None, "door_sensor": DoorSensor.CANNOT_TELL}
    has_failed = value == DoorStateEnum.DOOR_UNSPECIFIED_ERROR
    return {"door_state": _DOORS.get(value), "door_sensor": DoorSensor.FAILED if has_failed else DoorSensor.TELLS}


def _word(value: Any) -> str | None:
    """The name of an enumeration's value; a value without a name is not one that we could tell."""
    return value.name.lower() if getattr(value, "is_known", False) else None
