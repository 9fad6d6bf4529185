"""The Door Lock cluster of a lock: its commands and attributes on one side, the lock machine and the hardware on the other.

Layer devices; puts the parts of the cluster together and adds what operates the lock: commands of peers, and what people do at the door.
Each part is a file: `door_lock_users`, `door_lock_credentials`, `door_lock_schedules`, `door_lock_codes`, `door_lock_aliro`,
`door_lock_settings`, all on `door_lock_core`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.devices.door_lock_aliro import DoorLockAliro
from latchwork.devices.door_lock_codes import DoorLockCodes
from latchwork.devices.door_lock_credentials import DoorLockCredentials
from latchwork.devices.door_lock_schedules import DoorLockSchedules
from latchwork.devices.door_lock_settings import DoorLockSettings
from latchwork.devices.door_lock_state import door_lock_state
from latchwork.devices.door_lock_users import DoorLockUsers
from latchwork.devices.hardware import Hardware
from latchwork.doorlock.bolt import Wish
from latchwork.doorlock.changes import Author, UserChange
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.door_sensor import DoorScale
from latchwork.doorlock.events import Actor, Alarm, AlarmRaised, EntryOutcome, Source
from latchwork.doorlock.inputs import Commanded, Input, Presented, PrivacyPressed, Touched
from latchwork.doorlock.register import Register
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.node.endpoint import BehaviorFactory, Endpoint

if TYPE_CHECKING:
    from latchwork.devices.lock_model import LockModel

T = TypeVar("T")

_SOURCES: Final = MappingProxyType(
    {
        CredentialKind.PROGRAMMING_PIN: Source.KEYPAD,
        CredentialKind.PIN: Source.KEYPAD,
        CredentialKind.RFID: Source.RFID,
        CredentialKind.FINGERPRINT: Source.BIOMETRIC,
        CredentialKind.FINGER_VEIN: Source.BIOMETRIC,
        CredentialKind.FACE: Source.BIOMETRIC,
        CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY: Source.ALIRO,
        CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY: Source.ALIRO,
        CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: Source.ALIRO,
    }
)
"""The way that each kind of credential takes."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A peer told the lock to move, and what the lock answered.

    Attributes:
        command: the command's name, such as `lock_door`.
        has_pin: a PIN came with it.
        fabric_index: whose peer it was.
        status: what was answered.
        state: LockState after the answer.
        error: why it was refused, or an empty string.
    """

    command: str
    has_pin: bool
    fabric_index: int
    status: Status
    state: str
    error: str = ""


def door_lock(model: LockModel, hardware: Hardware) -> BehaviorFactory:
    """The Door Lock cluster of a lock of this model with this hardware, for an endpoint to be given.

    Raises:
        Misuse: the model has a door sensor and none is given.
    """
    if model.has_door_sensor and hardware.door_sensor is None and hardware.door_gauge is None:
        raise Misuse("this model has a door sensor: say where it is")

    def make(endpoint: Endpoint) -> DoorLockBehavior:
        return DoorLockBehavior(
            endpoint, door_lock_state(model, endpoint.node.config.spec, endpoint.node.entropy), model, hardware
        )

    return make


class DoorLockBehavior(
    DoorLockUsers, DoorLockCredentials, DoorLockSchedules, DoorLockCodes, DoorLockAliro, DoorLockSettings
):
    """One lock, as its peers see it, and as those see it who stand before it.

    Driven by commands and writes of peers, by the bolt's and the door's own movements, by the front panel and by the node's agenda. A
    bolt that moves at once is done within the command; for one that takes time the command is answered when the motor starts, and
    what comes of it is told by LockState and by the events (Application Clusters 5.2.11.3).

    Attributes:
        on_operation: called after each operation that a peer asked for, before it is answered.
        on_answer: called with what the door says to somebody who showed a credential.
    """

    __slots__ = ("on_answer", "on_operation")

    def __init__(self, endpoint: Endpoint, state: DoorLock, model: LockModel, hardware: Hardware) -> None:
        super().__init__(endpoint, state, model, hardware)
        self.on_operation: Callable[[Operation], None] | None = None
        self.on_answer: Callable[[EntryOutcome], None] | None = None

    # commands of peers

    def lock_door(self, request: wire.LockDoor, context: RequestContext) -> None:
        """Throw the bolt (Application Clusters 5.2.10.1).

        Raises:
            StatusError: the lock refuses.
        """
        self._command("lock_door", Commanded(Wish.LOCK, _actor(context), request.pin_code), context)

    def unlock_door(self, request: wire.UnlockDoor, context: RequestContext) -> None:
        """Let the door be opened (Application Clusters 5.2.10.2).

        Raises:
            StatusError: the lock refuses.
        """
        self._command("unlock_door", Commanded(Wish.UNLOCK, _actor(context), request.pin_code), context)

    def unlock_with_timeout(self, request: wire.UnlockWithTimeout, context: RequestContext) -> None:
        """Let the door be opened for a while (Application Clusters 5.2.10.3).

        Raises:
            StatusError: the lock refuses.
        """
        wish = Commanded(Wish.UNLOCK, _actor(context), request.pin_code, request.timeout)
        self._command("unlock_with_timeout", wish, context)

    def unbolt_door(self, request: wire.UnboltDoor, context: RequestContext) -> None:
        """Draw the bolt and leave the latch alone (Application Clusters 5.2.10.25).

        Raises:
            StatusError: the lock refuses.
        """
        self._command("unbolt_door", Commanded(Wish.UNBOLT, _actor(context), request.pin_code), context)

    def _command(self, name: str, command: Commanded, context: RequestContext) -> None:
        self._verdict = None
        try:
            self.tell(command)
            self.raise_verdict()
        except StatusError as error:
            self._report(name, command, context, error.code, str(error))
            raise
        self._report(name, command, context, Status.SUCCESS, "")

    def _report(self, name: str, command: Commanded, context: RequestContext, status: Status, error: str) -> None:
        if self.on_operation is not None:
            state = self.state.lock_state.name
            fabric = context.subject.fabric_index
            self.on_operation(Operation(name, command.pin is not None, fabric, status, state, error))

    # people at the door

    def present(
        self, kind: CredentialKind, secret: bytes, source: Source | None = None, wish: Wish = Wish.UNLOCK
    ) -> EntryOutcome:
        """Somebody shows a credential; gives what the door says to them.

        Args:
            kind: what is shown.
            secret: its octets; none is a finger or a face that the sensor does not know.
            source: the way; by default the one that this kind takes.
            wish: what is wanted.
        """
        with self.node.turn():
            return self._ask(Presented(kind, Secret(secret), _SOURCES[kind] if source is None else source, wish))

    def touch_pad(self) -> EntryOutcome:
        """Somebody touches the lock without showing anything; gives what the door says."""
        with self.node.turn():
            return self._ask(Touched())

    def press_privacy(self) -> None:
        """Somebody inside presses the privacy button."""
        with self.node.turn():
            self.tell(PrivacyPressed())

    def program(
        self, change: Callable[[Register, Author], tuple[T, tuple[UserChange, ...]]]
    ) -> tuple[T, tuple[UserChange, ...]]:
        """Change the lock's people at the lock itself.

        Args:
            change: does it, in the name of the author it is given; gives anything, and what was changed.

        Raises:
            ChangeRefused: `change` was refused, and nothing has changed.
        """
        with self.node.turn():
            result, changes = change(self.register, Author(Source.KEYPAD))
            self.changed(changes)
            return result, changes

    def raise_alarm(self, alarm: Alarm) -> None:
        """Tell of something that the front panel saw."""
        with self.node.turn():
            self._record(AlarmRaised(alarm))

    # the door's sensor

    def show_door(self, *, is_shown: bool) -> None:
        """Somebody begins to show the door to its gauge, or has ended: meanwhile nobody can tell where it is."""
        if is_shown is not self.door.is_shown:
            self.door.is_shown = is_shown
            self.look_at_door()

    def calibrate_door(self, scale: DoorScale) -> None:
        """The gauge was shown the door: this is what its readings mean."""
        with self.node.turn():
            self.door.calibrate(scale)
            self.look_at_door()

    def forget_door(self) -> None:
        """The gauge has forgotten the door, or never knew it; a contact has nothing to forget."""
        with self.node.turn():
            self.door.forget()
            self.look_at_door()

    def _ask(self, shown: Input) -> EntryOutcome:
        self._answer = None
        self.tell(shown)
        outcome, self._answer = self._answer, None
        if outcome is None:
            return EntryOutcome.REFUSED
        if self.on_answer is not None:
            self.on_answer(outcome)
        return outcome

    # the end of a fabric, and of everything

    def fabric_removed(self, fabric_index: int) -> None:
        """What the fabric made stays, as made by nobody that is there."""
        self.register.fabric_removed(fabric_index)
        self._keep_people()

    def factory_reset(self) -> None:
        """As `wipe`."""
        self.wipe()

    def wipe(self) -> None:
        """Forget every user, credential, schedule, key and setting; bolt and door stay where they are."""
        with self.node.turn():
            self.memory.erase()
            self.door.forget()
            fresh = door_lock_state(self._model, self.node.config.spec, self.node.entropy)
            for attribute in self.state.supported_attributes.values():
                if attribute.name in self.stored:
                    setattr(self.state, attribute.name, getattr(fresh, attribute.name))
            self.wake()


def _actor(context: RequestContext) -> Actor:
    subject = context.subject
    # 0 stands for nobody: a commissioner over PASE has no fabric, a group has no node, the node itself has neither.
    return Actor(Source.REMOTE, subject.fabric_index or None, subject.node_id or None)
