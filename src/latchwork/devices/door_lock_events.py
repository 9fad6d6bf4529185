"""What a door lock's machine tells, in the words of the Door Lock cluster (Application Clusters 5.2.11).

Layer devices; plain translation, no state.
"""

from __future__ import annotations

from latchwork.doorlock.changes import UserChange
from latchwork.doorlock.events import (
    OPERATION_ERRORS,
    Actor,
    AlarmRaised,
    DoorStateChanged,
    LockOperation,
    LockOperationFailed,
)
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.meta import Event as EventDeclaration
from latchwork.matter.tlv.schema import ABSENT, Struct


def told(
    event: LockOperation | LockOperationFailed | DoorStateChanged | AlarmRaised, *, knows_users: bool
) -> tuple[EventDeclaration, Struct]:
    """The cluster's event for one of the machine's; a lock without users has no word for credentials."""
    match event:
        case LockOperation(operation, actor):
            return DoorLock.lock_operation, wire.LockOperation(
                lock_operation_type=wire.LockOperationTypeEnum(operation),
                operation_source=wire.OperationSourceEnum(actor.source),
                user_index=actor.user_index,
                fabric_index=actor.fabric_index,
                source_node=actor.node_id,
                credentials=_credentials(actor) if knows_users else ABSENT,
            )
        case DoorStateChanged(door):
            return DoorLock.door_state_change, wire.DoorStateChange(door_state=wire.DoorStateEnum(door))
        case AlarmRaised(alarm):
            return DoorLock.door_lock_alarm, wire.DoorLockAlarm(alarm_code=wire.AlarmCodeEnum(alarm))
    return DoorLock.lock_operation_error, wire.LockOperationError(
        lock_operation_type=wire.LockOperationTypeEnum(event.operation),
        operation_source=wire.OperationSourceEnum(event.actor.source),
        operation_error=wire.OperationErrorEnum(OPERATION_ERRORS[event.reason]),
        user_index=event.actor.user_index,
        fabric_index=event.actor.fabric_index,
        source_node=event.actor.node_id,
        credentials=_credentials(event.actor) if knows_users else ABSENT,
    )


def told_change(change: UserChange) -> wire.LockUserChange:
    """The cluster's event for a change of the lock's people."""
    return wire.LockUserChange(
        lock_data_type=wire.LockDataTypeEnum(change.kind),
        data_operation_type=wire.DataOperationTypeEnum(change.change),
        operation_source=wire.OperationSourceEnum(change.author.source),
        user_index=change.user_index,
        fabric_index=change.author.fabric_index,
        source_node=change.author.node_id,
        # The programming PIN's place, 0, is no index.
        data_index=change.data_index or None,
    )


def _credentials(actor: Actor) -> tuple[wire.CredentialStruct, ...] | None:
    if actor.credentials is None:
        return None
    return tuple(
        wire.CredentialStruct(credential_type=wire.CredentialTypeEnum(kind), credential_index=index)
        for kind, index in actor.credentials
    )
