"""One step of a plan as one command to the lock, and what its answer means.

Layer hub, on controller. Each command that changes users or credentials is timed, with ten seconds for a lock that sleeps. A code is
never part of what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from latchwork.base.errors import Bug, LatchworkError, Misuse, Refused
from latchwork.base.logs import Secret
from latchwork.controller import Peer
from latchwork.hub.house.desired import DesiredUser, Trouble
from latchwork.hub.house.steps import (
    AddUser,
    ChangeUser,
    ClearCredential,
    ClearUser,
    ClearWeekDay,
    ClearYearDay,
    SetCredential,
    SetWeekDay,
    SetYearDay,
    Step,
)
from latchwork.hub.keeping import texts
from latchwork.hub.keeping.reading import TYPES
from latchwork.hub.plan.places import MAX_INDEX
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.meta import Command
from latchwork.matter.tlv.schema import Struct

_TRANSIENT: Final = frozenset({Status.BUSY, Status.TIMEOUT, Status.FAILURE, Status.UNSUPPORTED_ACCESS})
"""Refusals that may be none a minute later; before Matter 1.4 a command that came too late was answered with UNSUPPORTED_ACCESS."""
_LAST_MINUTE: Final = 1439


class Answer(StrEnum):
    """What became of a step."""

    DONE = "done"
    """The lock said yes."""
    REFUSED = "refused"
    """The lock said no: nothing has changed."""
    LOST = "lost"
    """No answer: it may have been done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a step went.

    Attributes:
        answer: what became of it.
        status: the lock's status; None without an answer.
        is_transient: the same may be taken in a minute.
        trouble: the cause in plain words, unless it was done.
        error: why there was no answer, or None.
    """

    answer: Answer
    status: int | None = None
    is_transient: bool = False
    trouble: Trouble | None = None
    error: LatchworkError | None = None


async def perform(peer: Peer, endpoint: int, step: Step, secret: Secret | None) -> Outcome:
    """Carry out one step.

    Args:
        peer: the node.
        endpoint: where the lock is on it.
        step: of a plan.
        secret: what the credential is, for `SetCredential` alone.

    Raises:
        Misuse: the step has no secret and needs one.
        Bug: it names more than one place: no such command leaves this hub.
    """
    command, request = _command(step, secret)
    try:
        said = await peer.invoke(endpoint, command, request)
    except Refused as error:
        return _refused(step, error.status, error.cluster_status)
    except LatchworkError as error:
        return Outcome(answer=Answer.LOST, error=error)
    if isinstance(said, wire.SetCredentialResponse) and said.status != Status.SUCCESS:
        return _refused(step, said.status, None)
    return Outcome(answer=Answer.DONE, status=Status.SUCCESS)


def _refused(step: Step, status: int | None, cluster_status: int | None) -> Outcome:
    code = cluster_status if cluster_status is not None else status
    return Outcome(
        answer=Answer.REFUSED,
        status=code,
        is_transient=status in _TRANSIENT and cluster_status is None,
        trouble=texts.refusal(step, code),
    )


def _command(step: Step, secret: Secret | None) -> tuple[Command, Struct]:
    index = step.user_index if isinstance(step, SetWeekDay | ClearWeekDay | SetYearDay | ClearYearDay) else step.index
    if not 1 <= index <= MAX_INDEX:
        raise Bug(f"a step names place {index}")
    match step:
        case AddUser():
            return DoorLock.set_user, _set_user(wire.DataOperationTypeEnum.ADD, step.index, step.user)
        case ChangeUser():
            return DoorLock.set_user, _set_user(wire.DataOperationTypeEnum.MODIFY, step.index, step.user)
        case ClearUser():
            return DoorLock.clear_user, wire.ClearUser(user_index=step.index)
        case SetCredential():
            return DoorLock.set_credential, _set_credential(step, secret)
        case ClearCredential():
            place = wire.CredentialStruct(credential_type=TYPES[step.kind], credential_index=step.index)
            return DoorLock.clear_credential, wire.ClearCredential(credential=place)
        case _:
            return _schedule(step)


def _set_user(operation: wire.DataOperationTypeEnum, index: int, user: DesiredUser) -> wire.SetUser:
    enabled, disabled = wire.UserStatusEnum.OCCUPIED_ENABLED, wire.UserStatusEnum.OCCUPIED_DISABLED
    return wire.SetUser(
        operation_type=operation,
        user_index=index,
        # An empty name and the number 0 stand for what the lock has.
        user_name=user.name or None,
        user_unique_id=user.unique_id or None,
        user_status=enabled if user.is_enabled else disabled,
        user_type=wire.UserTypeEnum(int(user.type)),
        credential_rule=wire.CredentialRuleEnum.SINGLE,
    )


def _set_credential(step: SetCredential, secret: Secret | None) -> wire.SetCredential:
    if not secret:
        raise Misuse("a credential that is put on a lock needs its secret")
    operation = wire.DataOperationTypeEnum.ADD if step.is_new else wire.DataOperationTypeEnum.MODIFY
    return _credential(operation, TYPES[step.kind], step.index, step.user_index, secret)


def probe_request(index: int, user_index: int, secret: Secret) -> wire.SetCredential:
    """The request to add a PIN in a place that is taken: it must be refused, and how tells something. See `proof`."""
    return _credential(wire.DataOperationTypeEnum.ADD, wire.CredentialTypeEnum.PIN, index, user_index, secret)


def _credential(
    operation: wire.DataOperationTypeEnum, kind: wire.CredentialTypeEnum, index: int, user_index: int, secret: Secret
) -> wire.SetCredential:
    return wire.SetCredential(
        operation_type=operation,
        credential=wire.CredentialStruct(credential_type=kind, credential_index=index),
        credential_data=secret,
        user_index=user_index,
        # Neither may be given for a user who is there (Application Clusters 5.2.10.20).
        user_status=None,
        user_type=None,
    )


def _schedule(step: SetWeekDay | ClearWeekDay | SetYearDay | ClearYearDay) -> tuple[Command, Struct]:
    user, index = step.user_index, step.index
    match step:
        case SetWeekDay(schedule=hours):
            end = min(hours.end, _LAST_MINUTE)
            return DoorLock.set_week_day_schedule, wire.SetWeekDaySchedule(
                week_day_index=index,
                user_index=user,
                days_mask=wire.DaysMaskBitmap(hours.days),
                start_hour=hours.start // 60,
                start_minute=hours.start % 60,
                end_hour=end // 60,
                end_minute=end % 60,
            )
        case SetYearDay(schedule=dates):
            return DoorLock.set_year_day_schedule, wire.SetYearDaySchedule(
                year_day_index=index, user_index=user, local_start_time=dates.start, local_end_time=dates.end
            )
        case ClearWeekDay():
            return DoorLock.clear_week_day_schedule, wire.ClearWeekDaySchedule(week_day_index=index, user_index=user)
        case ClearYearDay():
            return DoorLock.clear_year_day_schedule, wire.ClearYearDaySchedule(year_day_index=index, user_index=user)
