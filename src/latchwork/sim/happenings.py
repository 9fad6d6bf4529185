"""What a door lock's events are called in JSON lines: names as people read them, and nothing secret.

Layer sim: plain translation of the Door Lock cluster's events (Application Clusters 5.2.11).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.meta import Event

_ALARM: Final = DoorLock.door_lock_alarm.id
_OPERATED: Final = DoorLock.lock_operation.id
_REFUSED: Final = DoorLock.lock_operation_error.id
_CHANGED: Final = DoorLock.lock_user_change.id


def told(event: Event, payload: Any) -> dict[str, Any] | None:
    """The event as an object for JSON, or None for one that the parts themselves tell."""
    if event.id == _ALARM:
        return {"event": "alarm", "alarm": name_of(payload.alarm_code)}
    if event.id == _OPERATED:
        return {"event": "operated", "what": name_of(payload.lock_operation_type)} | _who(payload)
    if event.id == _REFUSED:
        reason = name_of(payload.operation_error)
        return {"event": "refused", "what": name_of(payload.lock_operation_type), "error": reason} | _who(payload)
    if event.id == _CHANGED:
        return {
            "event": "users",
            "change": name_of(payload.data_operation_type),
            "what": name_of(payload.lock_data_type),
            "user": payload.user_index,
            "index": payload.data_index,
            "source": name_of(payload.operation_source),
            "fabric": payload.fabric_index,
        }
    return None


def _who(payload: Any) -> dict[str, Any]:
    return {
        "source": name_of(payload.operation_source),
        "user": payload.user_index,
        "fabric": payload.fabric_index,
        "credentials": [
            {"type": name_of(each.credential_type), "index": each.credential_index}
            for each in payload.credentials or ()
        ],
    }


def name_of(value: Any) -> str:
    """`WRONG_CODE_ENTRY_LIMIT` → `WrongCodeEntryLimit`; a number that has no name stays a number."""
    if not isinstance(value, IntEnum):
        return str(value)
    return pascal(value.name)


def pascal(name: str) -> str:
    """`DOOR_OPEN` → `DoorOpen`."""
    return "".join(part.capitalize() for part in name.split("_"))
