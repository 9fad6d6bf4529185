"""The Door Lock cluster over a virtual door: what peers ask, what they are answered, what they see and hear."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from latchwork.base.clock import ManualClock
from latchwork.base.errors import Misuse
from latchwork.devices.door_lock import DoorLockBehavior, door_lock
from latchwork.devices.hardware import Hardware, Outcome
from latchwork.devices.lock_model import LockModel
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.doorlock.events import Alarm, Operation, Source
from latchwork.doorlock.settings import OperatingMode
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.trust.access import AuthMode, Subject
from latchwork.node.agenda import Agenda, Appointment
from latchwork.node.endpoint import Endpoint
from latchwork.node.persistence import Ledger
from latchwork.sim.door import VirtualBolt, VirtualDoor
from latchwork.store.kv import MemoryStore

LOCKED, UNLOCKED, UNLATCHED = wire.LockStateEnum.LOCKED, wire.LockStateEnum.UNLOCKED, wire.LockStateEnum.UNLATCHED
ANA = RequestContext(Subject(AuthMode.CASE, 1, 0xA), is_timed=True)


class Host:
    """What a behavior needs of its node, and nothing else: time, an agenda, ears."""

    def __init__(self) -> None:
        self.clock = ManualClock(1000.0)
        self.config = type("Config", (), {"spec": SpecVersion.V1_6})
        self.entropy = bytes
        self.agenda = Agenda()
        self.ledger = Ledger(MemoryStore())
        self.endpoints: dict[int, Any] = {}
        self.on_time_changed: list[Any] = []
        self.heard: list[Any] = []
        self.changes: list[str] = []
        self.turns = 0

    def utc_us(self) -> int | None:
        return None

    def call_at(self, when: float, callback: Any) -> Appointment:
        return self.agenda.call_at(when, callback)

    def emit(self, _endpoint: int, _cluster: int, _event: Any, payload: Any, *, fabric_index: int | None = None) -> int:
        self.heard.append(payload)
        return len(self.heard)

    def attribute_changed(self, _behavior: Any, attribute: Any) -> None:
        self.changes.append(attribute.name)

    @contextmanager
    def turn(self) -> Iterator[None]:
        self.turns += 1
        yield


class Lock:
    """A started lock behavior with its virtual door."""

    def __init__(
        self, model: LockModel | None = None, *, at: BoltPosition = BoltPosition.LOCKED, travel_s: float = 0.0
    ) -> None:
        self.host = Host()
        self.bolt = VirtualBolt(at, travel_s=travel_s, timetable=self.host)
        self.door = VirtualDoor(self.bolt)
        model = model or LockModel()
        hardware = Hardware(bolt=self.bolt, door_sensor=self.door if model.has_door_sensor else None)
        endpoint = Endpoint(cast(Any, self.host), 1, {0x000A: 4}, [door_lock(model, hardware)])
        self.behavior = endpoint.behavior(DoorLockBehavior)
        self.behavior.start()
        self.host.heard.clear()
        self.host.changes.clear()

    @property
    def state(self) -> DoorLock:
        return cast(DoorLock, self.behavior.state)

    def invoke(self, command: Any, request: Any, context: RequestContext = ANA) -> None:
        assert self.behavior.invoke(command, request, context) is None

    def unlock(self, context: RequestContext = ANA) -> None:
        self.invoke(DoorLock.unlock_door, wire.UnlockDoor(), context)

    def lock(self, context: RequestContext = ANA) -> None:
        self.invoke(DoorLock.lock_door, wire.LockDoor(), context)

    def write(self, attribute: Any, value: Any) -> None:
        self.behavior.write(attribute, value, ANA)

    def wait(self, seconds: float) -> None:
        end = self.host.clock.now + seconds
        while (due := self.host.agenda.next_deadline()) is not None and due <= end:
            self.host.clock.now = max(self.host.clock.now, due)
            self.host.agenda.run_due(self.host.clock.now)
        self.host.clock.now = end

    def operations(self) -> list[tuple[int, int]]:
        heard = [event for event in self.host.heard if isinstance(event, wire.LockOperation)]
        return [(int(event.lock_operation_type), int(event.operation_source)) for event in heard]


@contextmanager
def refused(status: Status) -> Iterator[None]:
    with pytest.raises(StatusError) as caught:
        yield
    assert caught.value.code == status


def test_a_lock_wakes_up_saying_where_it_is() -> None:
    assert Lock().state.lock_state == LOCKED
    lock = Lock(at=BoltPosition.UNLOCKED)
    assert lock.state.lock_state == UNLOCKED
    assert lock.state.door_state == wire.DoorStateEnum.DOOR_CLOSED
    assert lock.state.actuator_enabled is True
    assert Lock(at=BoltPosition.BETWEEN).state.lock_state == wire.LockStateEnum.NOT_FULLY_LOCKED


def test_unlock_and_lock_name_their_commander() -> None:
    lock = Lock()
    lock.unlock()
    assert lock.state.lock_state == UNLOCKED
    lock.lock(RequestContext(Subject(AuthMode.CASE, 2, 0xB)))
    assert lock.state.lock_state == LOCKED
    first, second = lock.host.heard
    assert first == wire.LockOperation(
        lock_operation_type=wire.LockOperationTypeEnum.UNLOCK,
        operation_source=wire.OperationSourceEnum.REMOTE,
        user_index=None,
        fabric_index=1,
        source_node=0xA,
    )
    assert (second.lock_operation_type, second.fabric_index, second.source_node) == (0, 2, 0xB)


def test_a_commissioner_without_fabric_is_not_named() -> None:
    lock = Lock()
    lock.unlock(RequestContext(Subject(AuthMode.PASE, 0, is_commissioning=True)))
    assert (lock.host.heard[0].fabric_index, lock.host.heard[0].source_node) == (None, None)


def test_a_bolt_that_moves_at_once_never_shows_the_way() -> None:
    lock = Lock()
    lock.unlock()
    assert lock.host.changes == ["lock_state"]


def test_unlock_with_timeout_locks_again() -> None:
    lock = Lock()
    lock.invoke(DoorLock.unlock_with_timeout, wire.UnlockWithTimeout(timeout=5))
    lock.wait(4.9)
    assert lock.state.lock_state == UNLOCKED
    lock.wait(0.2)
    assert lock.state.lock_state == LOCKED
    assert lock.operations() == [(Operation.UNLOCK, Source.REMOTE), (Operation.LOCK, Source.AUTO)]


def test_auto_relock_waits_for_the_door() -> None:
    lock = Lock()
    lock.write(DoorLock.auto_relock_time, 10)
    assert lock.state.auto_relock_time == 10
    lock.unlock()
    assert lock.door.open()
    lock.wait(60)
    assert lock.state.lock_state == UNLOCKED
    lock.door.close()
    lock.wait(2)
    assert lock.state.lock_state == LOCKED


def test_the_door_is_seen_counted_and_told() -> None:
    lock = Lock(at=BoltPosition.UNLOCKED)
    lock.door.open()
    assert lock.state.door_state == wire.DoorStateEnum.DOOR_OPEN
    lock.door.put(DoorPosition.AJAR)
    lock.door.close()
    assert (lock.state.door_open_events, lock.state.door_closed_events) == (1, 1)
    assert [type(event).__name__ for event in lock.host.heard] == [
        "DoorStateChange",
        "DoorStateChange",
        "DoorLockAlarm",
        "DoorStateChange",
    ]
    assert lock.host.turns == 3


def test_an_owner_may_zero_the_counters() -> None:
    lock = Lock(at=BoltPosition.UNLOCKED)
    lock.door.open()
    lock.write(DoorLock.door_open_events, 0)
    assert lock.state.door_open_events == 0


def test_a_forced_door_alarms() -> None:
    lock = Lock()
    lock.door.force_open()
    assert lock.state.door_state == wire.DoorStateEnum.DOOR_FORCED_OPEN
    assert lock.host.heard[1] == wire.DoorLockAlarm(alarm_code=wire.AlarmCodeEnum.DOOR_FORCED_OPEN)


def test_a_hand_is_told_as_manual() -> None:
    lock = Lock()
    lock.bolt.turn(BoltPosition.UNLOCKED)
    lock.bolt.turn(BoltPosition.LOCKED, by_hand=False)
    assert lock.operations() == [(Operation.UNLOCK, Source.MANUAL), (Operation.LOCK, Source.UNSPECIFIED)]
    assert lock.state.lock_state == LOCKED


def test_a_jam_that_is_known_at_once_fails_the_command() -> None:
    lock = Lock()
    lock.bolt.is_blocked = True
    with refused(Status.FAILURE):
        lock.unlock()
    assert lock.state.lock_state == wire.LockStateEnum.NOT_FULLY_LOCKED
    error, alarm = lock.host.heard
    assert isinstance(error, wire.LockOperationError)
    assert (error.lock_operation_type, error.operation_error, error.source_node) == (1, 0, 0xA)
    assert alarm.alarm_code == wire.AlarmCodeEnum.LOCK_JAMMED
    lock.bolt.is_blocked = False
    lock.lock()
    assert lock.state.lock_state == LOCKED


@pytest.mark.parametrize("mode", [OperatingMode.NO_REMOTE_LOCK_UNLOCK, OperatingMode.PRIVACY])
def test_a_mode_without_remote_refuses_with_failure_and_says_so(mode: OperatingMode) -> None:
    lock = Lock()
    lock.write(DoorLock.operating_mode, wire.OperatingModeEnum(mode))
    with refused(Status.FAILURE):
        lock.unlock()
    assert isinstance(lock.host.heard[0], wire.LockOperationError)
    assert lock.state.lock_state == LOCKED


def test_privacy_needs_a_locked_door_and_ends_by_hand() -> None:
    lock = Lock(at=BoltPosition.UNLOCKED)
    with refused(Status.INVALID_IN_STATE):
        lock.write(DoorLock.operating_mode, wire.OperatingModeEnum.PRIVACY)
    assert lock.state.operating_mode == wire.OperatingModeEnum.NORMAL
    lock.lock()
    lock.write(DoorLock.operating_mode, wire.OperatingModeEnum.PRIVACY)
    assert lock.state.operating_mode == wire.OperatingModeEnum.PRIVACY
    lock.bolt.turn(BoltPosition.UNLOCKED)
    assert lock.state.operating_mode == wire.OperatingModeEnum.NORMAL


def test_a_mode_that_the_lock_has_not_is_refused() -> None:
    simple = LockModel(modes=frozenset({OperatingMode.NORMAL, OperatingMode.NO_REMOTE_LOCK_UNLOCK}))
    lock = Lock(simple)
    assert int(lock.state.supported_operating_modes) == 0xFFF6
    for value in (wire.OperatingModeEnum.PASSAGE, wire.OperatingModeEnum(77)):
        with refused(Status.CONSTRAINT_ERROR):
            lock.write(DoorLock.operating_mode, value)


def test_a_disabled_actuator_refuses() -> None:
    lock = Lock()
    lock.behavior.set_actuator_enabled(is_enabled=False)
    assert lock.state.actuator_enabled is False
    with refused(Status.FAILURE):
        lock.unlock()
    lock.behavior.set_actuator_enabled(is_enabled=True)
    lock.unlock()


def test_a_pin_is_verified_even_when_none_is_required() -> None:
    lock = Lock()
    with refused(Status.FAILURE):
        lock.invoke(DoorLock.unlock_door, wire.UnlockDoor(pin_code=b"1234"))
    assert lock.state.lock_state == LOCKED


def test_a_lock_with_a_latch_unlatches_and_unbolts() -> None:
    lock = Lock(LockModel(has_latch=True, latch_hold_s=2.0))
    lock.unlock()
    assert lock.state.lock_state == UNLATCHED
    lock.wait(2)
    assert lock.state.lock_state == UNLOCKED
    lock.lock()
    lock.invoke(DoorLock.unbolt_door, wire.UnboltDoor())
    assert lock.state.lock_state == UNLOCKED
    assert [kind for kind, _ in lock.operations()] == [
        Operation.UNLATCH,
        Operation.UNLOCK,
        Operation.LOCK,
        Operation.UNLOCK,
    ]


def test_a_model_with_a_sensor_wants_its_sensor() -> None:
    with pytest.raises(Misuse):
        door_lock(LockModel(), Hardware(bolt=VirtualBolt()))


def test_what_is_served_follows_the_model() -> None:
    plain = Lock(LockModel(has_door_sensor=False)).state
    assert int(plain.features) == 0
    assert DoorLock.door_state.id not in plain.supported_attributes
    assert DoorLock.unbolt_door.id not in plain.accepted_commands
    full = Lock(LockModel(has_latch=True)).state
    assert int(full.features) == 1 << 5 | 1 << 12
    names = {attribute.name for attribute in full.supported_attributes.values()}
    assert {"door_state", "door_open_events", "door_closed_events", "auto_relock_time"} <= names
    assert {command.name for command in full.accepted_commands.values()} == {
        "lock_door",
        "unlock_door",
        "unlock_with_timeout",
        "unbolt_door",
    }


async def test_a_slow_bolt_is_neither_here_nor_there_until_it_arrives() -> None:
    lock = Lock(travel_s=2.0)
    lock.unlock()
    assert lock.state.lock_state == wire.LockStateEnum.NOT_FULLY_LOCKED
    assert lock.host.heard == []
    lock.wait(2)
    await asyncio.sleep(0)
    assert lock.state.lock_state == UNLOCKED
    assert lock.operations() == [(Operation.UNLOCK, Source.REMOTE)]
    lock.wait(1)
    assert lock.host.agenda.next_deadline() is None


async def test_a_bolt_that_never_arrives_is_jammed() -> None:
    lock = Lock(travel_s=60.0)
    lock.unlock()
    lock.wait(10)
    await asyncio.sleep(0)
    assert [type(event).__name__ for event in lock.host.heard] == ["LockOperationError", "DoorLockAlarm"]
    assert lock.state.lock_state == wire.LockStateEnum.NOT_FULLY_LOCKED


async def test_a_command_overtakes_a_slow_bolt() -> None:
    lock = Lock(travel_s=2.0)
    lock.unlock()
    lock.wait(1)
    lock.lock()
    await asyncio.sleep(0)
    lock.wait(2)
    await asyncio.sleep(0)
    assert lock.state.lock_state == LOCKED
    assert [type(event).__name__ for event in lock.host.heard] == ["LockOperationError", "LockOperation"]


async def test_a_driver_that_fails_is_a_jam(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(VirtualBolt):
        def move(self, position: BoltPosition) -> asyncio.Future[Outcome]:
            failed: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            failed.set_exception(OSError("no such motor"))
            return failed

    host = Host()
    endpoint = Endpoint(
        cast(Any, host), 1, {0x000A: 4}, [door_lock(LockModel(has_door_sensor=False), Hardware(bolt=Broken()))]
    )
    behavior = endpoint.behavior(DoorLockBehavior)
    behavior.start()
    behavior.invoke(DoorLock.unlock_door, wire.UnlockDoor(), ANA)
    await asyncio.sleep(0)
    assert host.heard[-1].alarm_code == wire.AlarmCodeEnum.LOCK_JAMMED
    assert "no such motor" in caplog.text


async def test_stopping_cuts_the_motor() -> None:
    lock = Lock(travel_s=2.0)
    lock.unlock()
    lock.behavior.stop()
    lock.wait(60)
    await asyncio.sleep(0)
    assert lock.host.heard == []


def test_our_numbers_are_the_clusters() -> None:
    pairs: list[tuple[Any, Any]] = [
        (OperatingMode, wire.OperatingModeEnum),
        (Alarm, wire.AlarmCodeEnum),
        (Operation, wire.LockOperationTypeEnum),
        (Source, wire.OperationSourceEnum),
    ]
    for ours, theirs in pairs:
        assert {(member.name, int(member)) for member in ours} <= {(member.name, int(member)) for member in theirs}
    states = {BoltPosition.LOCKED: LOCKED, BoltPosition.UNLOCKED: UNLOCKED, BoltPosition.UNLATCHED: UNLATCHED}
    assert all(int(ours) == int(theirs) for ours, theirs in states.items())
    assert [f"DOOR_{door.name}" for door in DoorPosition if door is not DoorPosition.FAULT] == [
        wire.DoorStateEnum(door).name for door in DoorPosition if door is not DoorPosition.FAULT
    ]
