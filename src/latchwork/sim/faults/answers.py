"""Faults of what a lock answers and tells: statuses of older software, odd orders of checks, events that get lost.

Layer sim: on exchanges, commands and events. Each is something that locks on the market do.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from latchwork.devices.door_lock import DoorLockBehavior
from latchwork.doorlock.credentials import CredentialKind
from latchwork.matter.exchange.exchange import Message
from latchwork.matter.interaction.replies import status_reply
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.interaction import Opcode, TimedRequestMessage
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.meta import Command, Event
from latchwork.matter.tlv.elements import TlvError
from latchwork.sim.faults.fault import Fault, seconds, whole
from latchwork.sim.seams import Answer, Talk

if TYPE_CHECKING:
    from latchwork.sim.lock import VirtualLock

Proceed = Callable[[], Answer]
_NEWER: Final = frozenset({Status.BUSY, Status.INVALID_IN_STATE, Status.RESOURCE_EXHAUSTED})
_KINDS: Final = MappingProxyType({int(kind): kind for kind in CredentialKind})


class LostEvents(Fault):
    """Gaps in what it tells."""

    name = "lost-events"
    what = "every Nth event of the door lock is never told, though its number is used up"
    takes = "N"
    default = "2"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        self._every = whole(self, 1, 1000)
        self._count = 0

    def begin(self, lock: VirtualLock) -> None:
        """Begin to lose."""
        lock.seams.losing.append(self._is_lost)

    def end(self, lock: VirtualLock) -> None:
        """Lose no more; what is lost stays so."""
        lock.seams.losing.remove(self._is_lost)

    def _is_lost(self, _event: Event) -> bool:
        self._count += 1
        return self._count % self._every == 0


class NoSpacesInNames(Fault):
    """One word for everybody."""

    name = "no-spaces-in-names"
    what = "a user's name with a space in it is refused with INVALID_COMMAND"

    def begin(self, lock: VirtualLock) -> None:
        """Be strict."""
        lock.seams.rules.append(_one_word)

    def end(self, lock: VirtualLock) -> None:
        """Be generous."""
        lock.seams.rules.remove(_one_word)


class OccupiedBeforeDuplicate(Fault):
    """Another order of checks."""

    name = "occupied-before-duplicate"
    what = "adding a credential at a place that is taken says OCCUPIED before it looks whether the code is there"

    def begin(self, lock: VirtualLock) -> None:
        """Look at the place first."""
        lock.seams.rules.append(_occupied_first)

    def end(self, lock: VirtualLock) -> None:
        """Look at the code first."""
        lock.seams.rules.remove(_occupied_first)


class OldStatuses(Fault):
    """Software of Matter 1.3 and before."""

    name = "old-statuses"
    what = (
        "a late timed command is UNSUPPORTED_ACCESS, not TIMEOUT; writing a code again to its own place is a DUPLICATE; "
        "what newer software tells apart is FAILURE"
    )

    def begin(self, lock: VirtualLock) -> None:
        """Be old."""
        lock.seams.speaking.append(_late_is_forbidden)
        lock.seams.rules += (_own_place_is_duplicate, _only_failure)

    def end(self, lock: VirtualLock) -> None:
        """Be up to date."""
        lock.seams.speaking.remove(_late_is_forbidden)
        for rule in (_own_place_is_duplicate, _only_failure):
            lock.seams.rules.remove(rule)


class ShortTimedWindow(Fault):
    """In a hurry."""

    name = "short-timed-window"
    what = "a timed command must follow within so many seconds, whatever was agreed"
    takes = "SECONDS"
    default = "1"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        self._most_ms = round(seconds(self, 60.0) * 1000)

    def begin(self, lock: VirtualLock) -> None:
        """Hurry."""
        lock.seams.hearing.append(self._shorten)

    def end(self, lock: VirtualLock) -> None:
        """Wait as long as asked."""
        lock.seams.hearing.remove(self._shorten)

    def _shorten(self, _talk: Talk, message: Message) -> Message:
        if message.opcode != Opcode.TIMED_REQUEST:
            return message
        try:
            asked = TimedRequestMessage.decode(message.payload)
        except TlvError:
            return message
        shorter = TimedRequestMessage(timeout=min(asked.timeout, self._most_ms))
        return Message(message.opcode, shorter.encode(), message.protocol_id)


def _one_word(
    _lock: DoorLockBehavior, command: Command, request: Any, _context: RequestContext, proceed: Proceed
) -> Answer:
    if command.name == "set_user" and " " in (request.user_name or ""):
        raise StatusError(Status.INVALID_COMMAND, "a name is one word")
    return proceed()


def _occupied_first(
    lock: DoorLockBehavior, command: Command, request: Any, _context: RequestContext, proceed: Proceed
) -> Answer:
    refusal = None
    if command.name == "set_credential" and request.operation_type == wire.DataOperationTypeEnum.ADD:
        refusal = _refused_if(lock, request, wire.StatusCodeEnum.OCCUPIED, has_same_secret=False)
    return proceed() if refusal is None else refusal


def _own_place_is_duplicate(
    lock: DoorLockBehavior, command: Command, request: Any, _context: RequestContext, proceed: Proceed
) -> Answer:
    refusal = None
    if command.name == "set_credential":
        refusal = _refused_if(lock, request, wire.StatusCodeEnum.DUPLICATE, has_same_secret=True)
    return proceed() if refusal is None else refusal


def _refused_if(
    lock: DoorLockBehavior, request: Any, status: wire.StatusCodeEnum, *, has_same_secret: bool
) -> wire.SetCredentialResponse | None:
    """The refusal, when the place that is to be set is taken, and by the same secret where that is asked for."""
    kind, index = _KINDS.get(request.credential.credential_type), request.credential.credential_index
    there = None if kind is None else lock.register.credential(kind, index)
    if kind is None or there is None or (has_same_secret and there.secret != request.credential_data):
        return None
    following = lock.register.next_free_credential(kind, index)
    return wire.SetCredentialResponse(status=int(status), user_index=None, next_credential_index=following)


def _only_failure(
    _lock: DoorLockBehavior, _command: Command, _request: Any, _context: RequestContext, proceed: Proceed
) -> Answer:
    try:
        answer = proceed()
    except StatusError as error:
        if error.status in _NEWER:
            raise StatusError(Status.FAILURE, str(error)) from error
        raise
    if isinstance(answer, wire.SetCredentialResponse) and answer.status in _NEWER:
        return wire.SetCredentialResponse(
            status=int(Status.FAILURE), user_index=None, next_credential_index=answer.next_credential_index
        )
    return answer


def _late_is_forbidden(talk: Talk, opcode: int, payload: bytes) -> tuple[int, bytes]:
    if talk.is_timed and opcode == Opcode.STATUS_RESPONSE and payload == _LATE:
        return opcode, _FORBIDDEN
    return opcode, payload


_LATE: Final = status_reply(Status.TIMEOUT).messages[0][1]
_FORBIDDEN: Final = status_reply(Status.UNSUPPORTED_ACCESS).messages[0][1]
