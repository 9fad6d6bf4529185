"""What all parts of the Door Lock cluster stand on: the lock's machine, its hardware, its memory, and who asks.

Layer devices; the only place of the serving side where door-lock rules and the Door Lock cluster meet (Application Clusters 5.2). It
decides nothing: `doorlock` says what may be done and what happens then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from latchwork.base.logs import log, logger
from latchwork.devices.door_lock_events import told, told_change
from latchwork.devices.door_lock_memory import AliroConfig, StoredLock
from latchwork.devices.door_lock_state import STORED, settings_of
from latchwork.devices.door_watch import DoorWatch
from latchwork.devices.hardware import Hardware, Outcome
from latchwork.doorlock.bolt import OPENED, BoltPosition, DoorPosition
from latchwork.doorlock.changes import UserChange
from latchwork.doorlock.events import (
    Answer,
    DoorStateChanged,
    Emit,
    EntryOutcome,
    Event,
    LockOperationFailed,
    MoveBolt,
    Reason,
    Refuse,
    StopBolt,
)
from latchwork.doorlock.inputs import BoltJammed, BoltMoved, DoorMoved, Input, TimePassed, Turned
from latchwork.doorlock.lock import Lock, LockMemory
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.register import Register
from latchwork.doorlock.settings import OperatingMode
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.clusters.time_synchronization import TimeSynchronization
from latchwork.node.agenda import Appointment
from latchwork.node.behavior import Behavior
from latchwork.node.behaviors.time_synchronization import TimeSynchronizationBehavior

if TYPE_CHECKING:
    from latchwork.devices.lock_model import LockModel
    from latchwork.node.endpoint import Endpoint

_LOG = logger(__name__)

_LOCK_STATES: Final = {position: wire.LockStateEnum(position) for position in BoltPosition}
_DOOR_STATES: Final = {door: wire.DoorStateEnum(door) for door in DoorPosition}
_MODES: Final = {mode: wire.OperatingModeEnum(mode) for mode in OperatingMode}
_MAX_COUNT: Final = 0xFFFF_FFFF
_MAX_PERIOD: Final = 0xFFFF
_MINUTE_S: Final = 60.0
_SETTLING_S: Final = 1.0
"""Seconds until where the bolt stands is written down: writing before each answer would cost every unlocking a flush of the medium."""

_REFUSALS: Final = MappingProxyType(
    {
        Reason.NOT_LOCKED: Status.INVALID_IN_STATE,
        Reason.NO_LATCH: Status.UNSUPPORTED_COMMAND,
        Reason.BUSY: Status.BUSY,
    }
)
"""What a refused wish is answered with; everything else is FAILURE (Application Clusters 5.2.6.15)."""


class DoorLockCore(Behavior):
    """The lock behind the cluster.

    Attributes:
        lock: the machine with its people.
        memory: what survives a restart.
        door: what is known of the leaf.
    """

    __slots__ = (
        "_alarm",
        "_answer",
        "_hardware",
        "_kept",
        "_knows_users",
        "_minute",
        "_model",
        "_movement",
        "_settling",
        "_time",
        "_verdict",
        "door",
        "lock",
        "memory",
    )

    cluster = DoorLock
    stored = STORED

    def __init__(self, endpoint: Endpoint, state: DoorLock, model: LockModel, hardware: Hardware) -> None:
        super().__init__(endpoint, state)
        self._model = model
        self._hardware = hardware
        self._knows_users = bool(state.features & DoorLock.Feature.USER)
        self._movement: asyncio.Future[Outcome] | None = None
        self._alarm: Appointment | None = None
        self._minute: Appointment | None = None
        self._verdict: Reason | None = None
        self._answer: EntryOutcome | None = None
        self._time: TimeSynchronizationBehavior | None = None
        self._kept: LockMemory | None = None
        self._settling: Appointment | None = None
        self.memory = StoredLock(endpoint.node.ledger, endpoint.number, endpoint.node.entropy)
        self.door = DoorWatch(hardware, self.memory)
        self.lock: Lock

    @property
    def has_power(self) -> bool:
        """Whether the battery can move the bolt all the way; a lock that does not know believes so."""
        battery = self._hardware.battery
        percent = None if battery is None else battery.percent()
        return percent is None or percent > self._model.power.stops_at_percent

    def start(self) -> None:
        """Remember, look where bolt and door are, and listen from now on.

        Raises:
            StoreError: what was remembered cannot be read.
        """
        time = self.node.endpoints[0].clusters.get(TimeSynchronization.id) if self.node.endpoints else None
        self._time = time if isinstance(time, TimeSynchronizationBehavior) else None
        self.wake()
        self._hardware.bolt.listen(self._bolt_turned)
        self.door.listen(self._door_moved, self.look_at_door)
        self.node.on_time_changed.append(self._time_changed)

    def stop(self) -> None:
        """Cut the motor, write down where it stands, and forget what was to be done later."""
        self._forget_movement()
        self._hardware.bolt.stop()
        self._keep_position()
        self._stop_counting()
        for appointment in (self._alarm, self._settling):
            if appointment is not None:
                appointment.cancel()
        if self._time_changed in self.node.on_time_changed:
            self.node.on_time_changed.remove(self._time_changed)

    def wake(self) -> None:
        """Makes the machine of what is remembered, of the attributes and of what the hardware says."""
        model, hardware, state = self._model, self._hardware, self.state
        register = Register(model.limits, key=self.node.entropy(32))
        register.load(self.memory.records())
        timeout = state.value_of("ExpiringUserTimeout")
        if timeout is not None:
            register.expiring_timeout_min = timeout
        self._kept = self.memory.machine
        self.door.recall()
        self.lock = Lock(
            register,
            settings_of(state, model, has_power=self.has_power),
            hardware.bolt.position(),
            self.door.position(),
            now=self.node.clock.monotonic(),
            memory=self._kept,
        )
        if state.features & DoorLock.Feature.ALIRO_PROVISIONING:
            self.show_aliro(self.memory.aliro)
        self.tell(TimePassed())

    @property
    def register(self) -> Register:
        """The lock's people."""
        return self.lock.register

    def moment(self) -> Moment | None:
        """What the lock's wall clock says, or None while it does not know the time."""
        utc_us = self.node.utc_us()
        if utc_us is None:
            return None
        utc_s = utc_us // 1_000_000
        offset_s = 0 if self._time is None else self._time.local_offset_s()
        return Moment(utc_s, utc_s + offset_s)

    def mode_of(self, value: int, otherwise: Status) -> OperatingMode:
        """An operating mode that this lock has.

        Raises:
            StatusError: with `otherwise`, it has none of this number.
        """
        for mode in self._model.modes:
            if mode == value:
                return mode
        raise StatusError(otherwise, f"this lock has no operating mode {int(value)}")

    # the lock's people

    def changed(self, changes: Iterable[UserChange]) -> None:
        """Stores what was changed in the register, tells of it, and has the machine look at its hours again."""
        self._keep_people()
        for change in changes:
            self._tell_change(change)
        self.tell(TimePassed())

    def _keep_people(self) -> None:
        dirty = self.lock.register.take_dirty()
        if dirty:
            self.memory.store(dirty)

    def _tell_change(self, change: UserChange) -> None:
        if self._knows_users:
            self.emit(DoorLock.lock_user_change, told_change(change))

    def _keep_memory(self) -> None:
        """Stores what the machine must know after a power cut: at once, or soon when only bolt and relocking changed."""
        now, kept = self.lock.memory(), self._kept
        if now == kept:
            return
        if kept is not None and replace(kept, position=now.position, relock_s=now.relock_s) == now:
            if self._settling is None or not self._settling.is_pending:
                self._settling = self.node.call_at(self.node.clock.monotonic() + _SETTLING_S, self._keep_position)
            return
        self._kept = self.memory.machine = now

    def _keep_position(self) -> None:
        now = self.lock.memory()
        if now != self._kept:
            self._kept = self.memory.machine = now

    def show_aliro(self, config: AliroConfig | None) -> None:
        """Brings the attributes in line with the Aliro reader's keys."""
        state = self.state
        state.aliro_reader_verification_key = None if config is None else config.verification_key
        state.aliro_reader_group_identifier = None if config is None else config.group_identifier
        if state.features & DoorLock.Feature.ALIRO_BLEUWB:
            state.aliro_group_resolving_key = None if config is None else config.group_resolving_key

    # the machine

    def tell(self, happened: Input) -> None:
        """Tells the machine and carries out what it wants, until nothing is left to be done at once."""
        next_input: Input | None = happened
        moment = self.moment()
        while next_input is not None:
            effects = self.lock.take(next_input, self.node.clock.monotonic(), moment)
            next_input = None
            for effect in effects:
                match effect:
                    case Emit(event):
                        self._record(event)
                    case MoveBolt(position):
                        next_input = self._drive(position)
                    case StopBolt():
                        self._forget_movement()
                        self._hardware.bolt.stop()
                    case Refuse(reason):
                        self._verdict = reason
                    case Answer(outcome):
                        self._answer = outcome
        self._keep_people()
        self._keep_memory()
        self._show(moment)

    def _drive(self, position: BoltPosition) -> Input | None:
        """Starts the motor; what came of it when that is known at once, None while it is under way."""
        self._forget_movement()
        outcome = self._hardware.bolt.move(position)
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
            self.tell(BoltMoved(position) if arrived else BoltJammed())

    def _forget_movement(self) -> None:
        movement, self._movement = self._movement, None
        if movement is not None:
            movement.cancel()

    def _bolt_turned(self, position: BoltPosition, by_hand: bool) -> None:
        with self.node.turn():
            self.tell(Turned(position) if by_hand else BoltMoved(position))

    def _door_moved(self, door: DoorPosition) -> None:
        with self.node.turn():
            self.tell(DoorMoved(door))

    def look_at_door(self) -> None:
        """The door's gauge reads something else, or its readings mean something else."""
        with self.node.turn():
            door = self.door.position()
            if door is not self.lock.bolt.door:
                self.tell(DoorMoved(door))

    def _time_passed(self) -> None:
        self._alarm = None
        self.tell(TimePassed())

    def _time_changed(self) -> None:
        """The wall clock jumped."""
        with self.node.turn():
            self.tell(TimePassed())

    # what peers see

    def _show(self, moment: Moment | None) -> None:
        """Brings attributes and the next appointment in line with the machine."""
        lock, state = self.lock.bolt, self.state
        state.lock_state = _LOCK_STATES[lock.shown]
        mode = _MODES[lock.settings.mode]
        if state.operating_mode != mode:
            state.operating_mode = mode
        if self._model.has_door_sensor:
            state.door_state = None if lock.door is None else _DOOR_STATES[lock.door]
            if lock.door is None or lock.door is DoorPosition.FAULT:
                self._stop_counting()  # how long it stays open cannot be told
        deadline = self.lock.next_deadline(self.node.clock.monotonic(), moment)
        alarm = self._alarm
        if alarm is not None:
            # A deadline of the wall clock, which counts whole seconds, falls a little later at each look: no reason to move it.
            if deadline is not None and 0 <= deadline - alarm.when < 1 and alarm.when >= self.node.clock.monotonic():
                return
            alarm.cancel()
            self._alarm = None
        if deadline is not None:
            self._alarm = self.node.call_at(deadline, self._time_passed)

    def _record(self, event: Event) -> None:
        if isinstance(event, UserChange):
            self._tell_change(event)
            return
        if isinstance(event, LockOperationFailed) and event.reason is Reason.JAMMED:
            self._verdict = event.reason  # a command that is still being answered shall not claim success
        elif isinstance(event, DoorStateChanged):
            self._count(event.door, event.previous)
        self.emit(*told(event, knows_users=self._knows_users))

    def _count(self, door: DoorPosition, previous: DoorPosition | None) -> None:
        """DoorOpenEvents, DoorClosedEvents and OpenPeriod (Application Clusters 5.2.9.5); they stay at their largest value."""
        state = self.state
        if door in OPENED and previous not in OPENED:
            self._stop_counting()
            state.door_open_events = min(state.door_open_events + 1, _MAX_COUNT)
            state.open_period = 0
            self._minute = self.node.call_at(self.node.clock.monotonic() + _MINUTE_S, self._minute_passed)
        elif door is DoorPosition.CLOSED:
            state.door_closed_events = min(state.door_closed_events + 1, _MAX_COUNT)
            self._stop_counting()

    def _minute_passed(self) -> None:
        self.state.open_period = min(self.state.open_period + 1, _MAX_PERIOD)
        self._minute = self.node.call_at(self.node.clock.monotonic() + _MINUTE_S, self._minute_passed)

    def _stop_counting(self) -> None:
        minute, self._minute = self._minute, None
        if minute is not None:
            minute.cancel()

    def raise_verdict(self) -> None:
        """Answers a refusal of the machine.

        Raises:
            StatusError: the last input was refused.
        """
        reason, self._verdict = self._verdict, None
        if reason is not None:
            raise StatusError(
                _REFUSALS.get(reason, Status.FAILURE), f"the lock refuses: {reason.name.lower().replace('_', ' ')}"
            )
