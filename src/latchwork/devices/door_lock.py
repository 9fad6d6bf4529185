"""The Door Lock cluster of a lock: its commands and attributes on one side, the lock machine and the hardware on the other.

Layer devices; the only place of the serving side where door-lock rules and the Door Lock cluster meet (Application Clusters 5.2). It
decides nothing: `doorlock.decide` says what may be done, `doorlock.machine` what happens then. Here the answer gets its status.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import log, logger
from latchwork.devices.hardware import Bolt, DoorSensor, Outcome
from latchwork.doorlock.bolt import OPENED, BoltPosition, DoorPosition, Wish
from latchwork.doorlock.events import (
    Actor,
    AlarmRaised,
    DoorStateChanged,
    Emit,
    Event,
    LockOperation,
    LockOperationFailed,
    MoveBolt,
    Reason,
    Refuse,
    Source,
    StopBolt,
)
from latchwork.doorlock.inputs import BoltJammed, BoltMoved, Changed, Commanded, DoorMoved, Input, TimePassed, Turned
from latchwork.doorlock.machine import next_deadline, start, step
from latchwork.doorlock.settings import OperatingMode, Settings
from latchwork.doorlock.state import LockState
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.node.agenda import Appointment
from latchwork.node.behavior import Behavior
from latchwork.node.endpoint import BehaviorFactory, Endpoint

_LOG = logger(__name__)

_LOCK_STATES: Final = {position: wire.LockStateEnum(position) for position in BoltPosition}
_DOOR_STATES: Final = {door: wire.DoorStateEnum(door) for door in DoorPosition}
_MODES: Final = {mode: wire.OperatingModeEnum(mode) for mode in OperatingMode}
_MAX_COUNT: Final = 0xFFFF_FFFF

_STATUSES: Final = MappingProxyType(
    {
        Reason.NOT_LOCKED: Status.INVALID_IN_STATE,
        Reason.NO_LATCH: Status.UNSUPPORTED_COMMAND,
        Reason.BUSY: Status.BUSY,
    }
)
"""What a refused request is answered with; everything else is FAILURE (Application Clusters 5.2.6.15)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockModel:
    """What kind of lock it is: the facts that a maker prints on the box. The default is a dead bolt with a door sensor.

    Attributes:
        lock_type: its build.
        has_latch: the motor pulls the latch too (feature UBOLT).
        has_door_sensor: it knows whether the door is closed (feature DPS).
        modes: operating modes it has; NORMAL and NO_REMOTE_LOCK_UNLOCK are mandatory.
        auto_relock_s: seconds to locking itself until its owner says otherwise; 0 never.
        locks_open_door: LockDoor throws the bolt of an open door. Locking itself never does.
        move_limit_s: seconds the bolt may take before it counts as jammed.
        latch_hold_s: seconds the latch is held in.
    """

    lock_type: wire.LockTypeEnum = wire.LockTypeEnum.DEAD_BOLT
    has_latch: bool = False
    has_door_sensor: bool = True
    modes: frozenset[OperatingMode] = frozenset(OperatingMode)
    auto_relock_s: int = 0
    locks_open_door: bool = True
    move_limit_s: float = 10.0
    latch_hold_s: float = 3.0

    @property
    def features(self) -> DoorLock.Feature:
        """The cluster's features."""
        features = DoorLock.Feature(0)
        if self.has_door_sensor:
            features |= DoorLock.Feature.DOOR_POSITION_SENSOR
        if self.has_latch:
            features |= DoorLock.Feature.UNBOLTING
        return features

    @property
    def unsupported_modes(self) -> wire.OperatingModesBitmap:
        """SupportedOperatingModes: its bits are inverted, a mode that is there has 0 (Application Clusters 5.2.9.25)."""
        bits = 0xFFFF
        for mode in self.modes:
            bits &= ~(1 << mode)
        return wire.OperatingModesBitmap(bits)


def door_lock(model: LockModel, bolt: Bolt, sensor: DoorSensor | None = None) -> BehaviorFactory:
    """The Door Lock cluster of a lock of this model with this hardware, for an endpoint to be given.

    Raises:
        Misuse: the model has a door sensor and none is given.
    """
    if model.has_door_sensor and sensor is None:
        raise Misuse("this model has a door sensor: say where it is")

    def make(endpoint: Endpoint) -> DoorLockBehavior:
        return DoorLockBehavior(endpoint, door_lock_state(model, endpoint), model, bolt, sensor)

    return make


def door_lock_state(model: LockModel, endpoint: Endpoint) -> DoorLock:
    """The cluster's attributes as a lock leaves the factory."""
    values: dict[str, Any] = {
        "lock_state": wire.LockStateEnum.NOT_FULLY_LOCKED,
        "lock_type": model.lock_type,
        "actuator_enabled": True,
        "auto_relock_time": model.auto_relock_s,
        "operating_mode": wire.OperatingModeEnum.NORMAL,
        "supported_operating_modes": model.unsupported_modes,
    }
    optional = ["auto_relock_time", "unlock_with_timeout"]
    if model.has_door_sensor:
        values |= {"door_state": None, "door_open_events": 0, "door_closed_events": 0}
        optional += ["door_open_events", "door_closed_events"]
    return DoorLock(features=model.features, optional=tuple(optional), spec=endpoint.node.config.spec, **values)


class DoorLockBehavior(Behavior):
    """One lock, as its peers see it.

    Driven by commands and writes of peers, by the bolt's and the door's own movements and by the node's agenda. A bolt that moves at
    once is done within the command; for one that takes time the command is answered when the motor starts, and what comes of it is
    told by LockState and by the events (Application Clusters 5.2.11.3).

    Attributes:
        lock: the machine's state.
    """

    __slots__ = ("_alarm", "_bolt", "_model", "_movement", "_sensor", "_verdict", "lock")

    cluster = DoorLock
    stored = frozenset({"auto_relock_time", "operating_mode", "door_open_events", "door_closed_events"})

    def __init__(
        self, endpoint: Endpoint, state: DoorLock, model: LockModel, bolt: Bolt, sensor: DoorSensor | None
    ) -> None:
        super().__init__(endpoint, state)
        self._model = model
        self._bolt = bolt
        self._sensor = sensor
        self._movement: asyncio.Future[Outcome] | None = None
        self._alarm: Appointment | None = None
        self._verdict: Reason | None = None
        self.lock: LockState

    def start(self) -> None:
        """Look where bolt and door are, and listen from now on."""
        state, model = self.state, self._model
        settings = Settings(
            has_latch=model.has_latch,
            has_door_sensor=model.has_door_sensor,
            is_actuator_enabled=state.actuator_enabled,
            mode=OperatingMode(state.operating_mode),
            auto_relock_s=state.auto_relock_time,
            locks_open_door=model.locks_open_door,
            move_limit_s=model.move_limit_s,
            latch_hold_s=model.latch_hold_s,
        )
        door = self._sensor.position() if self._sensor is not None else None
        self.lock = start(settings, self._bolt.position(), door, now=self.node.clock.monotonic())
        self._show()
        self._bolt.listen(self._bolt_turned)
        if self._sensor is not None:
            self._sensor.listen(self._door_moved)

    def stop(self) -> None:
        """Cut the motor and forget what was to be done later."""
        self._forget_movement()
        self._bolt.stop()
        if self._alarm is not None:
            self._alarm.cancel()

    # commands

    def lock_door(self, request: wire.LockDoor, context: RequestContext) -> None:
        """Throw the bolt (Application Clusters 5.2.10.1).

        Raises:
            StatusError: the lock refuses.
        """
        self._command(Commanded(Wish.LOCK, _actor(context), request.pin_code))

    def unlock_door(self, request: wire.UnlockDoor, context: RequestContext) -> None:
        """Let the door be opened (Application Clusters 5.2.10.2).

        Raises:
            StatusError: the lock refuses.
        """
        self._command(Commanded(Wish.UNLOCK, _actor(context), request.pin_code))

    def unlock_with_timeout(self, request: wire.UnlockWithTimeout, context: RequestContext) -> None:
        """Let the door be opened for a while (Application Clusters 5.2.10.3).

        Raises:
            StatusError: the lock refuses.
        """
        self._command(Commanded(Wish.UNLOCK, _actor(context), request.pin_code, request.timeout))

    def unbolt_door(self, request: wire.UnboltDoor, context: RequestContext) -> None:
        """Draw the bolt and leave the latch alone (Application Clusters 5.2.10.25).

        Raises:
            StatusError: the lock refuses.
        """
        self._command(Commanded(Wish.UNBOLT, _actor(context), request.pin_code))

    def _command(self, command: Commanded) -> None:
        self._verdict = None
        self._tell(command)
        self._raise_verdict()

    def _raise_verdict(self) -> None:
        reason, self._verdict = self._verdict, None
        if reason is not None:
            raise StatusError(_STATUSES.get(reason, Status.FAILURE), f"the lock refuses: {reason.name.lower()}")

    # writes

    def write_auto_relock_time(self, value: int, _context: RequestContext) -> None:
        """Seconds to locking itself; a lock that is open now starts to count."""
        self.state.auto_relock_time = value
        self._tell(Changed(replace(self.lock.settings, auto_relock_s=value)))

    def write_operating_mode(self, value: wire.OperatingModeEnum, _context: RequestContext) -> None:
        """Which interfaces are alive.

        Raises:
            StatusError: CONSTRAINT_ERROR for a mode this lock has not, INVALID_IN_STATE for privacy while it is not locked.
        """
        mode = next((mode for mode in self._model.modes if int(mode) == int(value)), None)
        if mode is None:
            raise StatusError(Status.CONSTRAINT_ERROR, f"this lock has no operating mode {int(value)}")
        self._verdict = None
        self._tell(Changed(replace(self.lock.settings, mode=mode)))
        self._raise_verdict()

    def set_actuator_enabled(self, *, is_enabled: bool) -> None:
        """Take the motor out of service, or back into it: for whoever looks after the hardware."""
        with self.node.turn():
            self.state.actuator_enabled = is_enabled
            self._tell(Changed(replace(self.lock.settings, is_actuator_enabled=is_enabled)))

    # the machine

    def _tell(self, happened: Input) -> None:
        """Tells the machine and carries out what it wants, until nothing is left to be done at once."""
        next_input: Input | None = happened
        while next_input is not None:
            self.lock, effects = step(self.lock, next_input, self.node.clock.monotonic())
            next_input = None
            for effect in effects:
                match effect:
                    case Emit(event):
                        self._record(event)
                    case MoveBolt(position):
                        next_input = self._drive(position)
                    case StopBolt():
                        self._forget_movement()
                        self._bolt.stop()
                    case Refuse(reason):
                        self._verdict = reason
        self._show()

    def _drive(self, position: BoltPosition) -> Input | None:
        """Starts the motor; what came of it when that is known at once, None while it is under way."""
        self._forget_movement()
        outcome = self._bolt.move(position)
        if isinstance(outcome, Outcome):
            return BoltMoved(position) if outcome is Outcome.ARRIVED else BoltJammed()
        movement = asyncio.ensure_future(outcome)
        self._movement = movement
        movement.add_done_callback(lambda done: self._movement_ended(done, position))
        return None

    def _movement_ended(self, movement: asyncio.Future[Outcome], position: BoltPosition) -> None:
        if movement is not self._movement:
            return  # taken back; its end interests nobody
        self._movement = None
        error = None if movement.cancelled() else movement.exception()
        if error is not None:
            log(_LOG, logging.ERROR, "bolt.failed", position=position.name, error=repr(error))
        arrived = error is None and not movement.cancelled() and movement.result() is Outcome.ARRIVED
        with self.node.turn():
            self._tell(BoltMoved(position) if arrived else BoltJammed())

    def _forget_movement(self) -> None:
        movement, self._movement = self._movement, None
        if movement is not None:
            movement.cancel()

    def _bolt_turned(self, position: BoltPosition, by_hand: bool) -> None:
        with self.node.turn():
            self._tell(Turned(position) if by_hand else BoltMoved(position))

    def _door_moved(self, door: DoorPosition) -> None:
        with self.node.turn():
            self._tell(DoorMoved(door))

    def _time_passed(self) -> None:
        self._alarm = None
        self._tell(TimePassed())

    # what peers see

    def _show(self) -> None:
        """Brings attributes and the next appointment in line with the machine."""
        lock, state = self.lock, self.state
        state.lock_state = _LOCK_STATES[lock.shown]
        mode = _MODES[lock.settings.mode]
        if state.operating_mode != mode:
            state.operating_mode = mode
        if self._model.has_door_sensor:
            state.door_state = None if lock.door is None else _DOOR_STATES[lock.door]
        deadline = next_deadline(lock)
        alarm = self._alarm
        if alarm is not None and alarm.when != deadline:
            alarm.cancel()
            alarm = self._alarm = None
        if alarm is None and deadline is not None:
            self._alarm = self.node.call_at(deadline, self._time_passed)

    def _record(self, event: Event) -> None:
        match event:
            case LockOperation(operation, actor):
                payload = wire.LockOperation(
                    lock_operation_type=wire.LockOperationTypeEnum(operation),
                    operation_source=wire.OperationSourceEnum(actor.source),
                    user_index=actor.user_index,
                    fabric_index=actor.fabric_index,
                    source_node=actor.node_id,
                )
                self.emit(DoorLock.lock_operation, payload)
            case LockOperationFailed(operation, actor, reason):
                if reason is Reason.JAMMED:
                    self._verdict = reason  # a command that is still being answered shall not claim success
                error = wire.LockOperationError(
                    lock_operation_type=wire.LockOperationTypeEnum(operation),
                    operation_source=wire.OperationSourceEnum(actor.source),
                    operation_error=wire.OperationErrorEnum.UNSPECIFIED,
                    user_index=actor.user_index,
                    fabric_index=actor.fabric_index,
                    source_node=actor.node_id,
                )
                self.emit(DoorLock.lock_operation_error, error)
            case DoorStateChanged(door, previous):
                self._count(door, previous)
                self.emit(DoorLock.door_state_change, wire.DoorStateChange(door_state=_DOOR_STATES[door]))
            case AlarmRaised(alarm):
                self.emit(DoorLock.door_lock_alarm, wire.DoorLockAlarm(alarm_code=wire.AlarmCodeEnum(alarm)))

    def _count(self, door: DoorPosition, previous: DoorPosition | None) -> None:
        """DoorOpenEvents and DoorClosedEvents (Application Clusters 5.2.9.5); they stay at their largest value."""
        state = self.state
        if door in OPENED and previous not in OPENED:
            state.door_open_events = min(state.door_open_events + 1, _MAX_COUNT)
        elif door is DoorPosition.CLOSED:
            state.door_closed_events = min(state.door_closed_events + 1, _MAX_COUNT)


def _actor(context: RequestContext) -> Actor:
    subject = context.subject
    # 0 stands for nobody: a commissioner over PASE has no fabric, a group has no node, the node itself has neither.
    return Actor(Source.REMOTE, subject.fabric_index or None, subject.node_id or None)
