"""A whole lock as a node: what it consists of, what it remembers, when it acts by itself."""

from typing import Any

from latchwork.base.clock import ManualClock
from latchwork.devices.hardware import Hardware
from latchwork.devices.lock_device import battery_of, lock_of, make_lock
from latchwork.devices.lock_model import LockModel, Power, PowerKind
from latchwork.devices.models import GENERIC
from latchwork.doorlock.bolt import BoltPosition
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.trust.access import AuthMode, Subject
from latchwork.node.config import NodeConfig
from latchwork.node.node import Node
from latchwork.sim.door import VirtualBolt, VirtualDoor
from latchwork.store.kv import MemoryStore, Store

ANA = RequestContext(Subject(AuthMode.CASE, 1, 0xA), is_timed=True)


def started(
    store: Store | None = None, at: BoltPosition = BoltPosition.LOCKED, **options: Any
) -> tuple[Node, VirtualDoor]:
    door = VirtualDoor(VirtualBolt(at))
    clock = ManualClock(50.0)
    hardware = Hardware(bolt=door.bolt, door_sensor=door, battery=options.pop("battery", None))
    options = {"model": LockModel()} | options
    node = make_lock(
        NodeConfig(), store or MemoryStore(), hardware, clock=clock, entropy=lambda n: bytes(range(n)), **options
    )
    node.start_local()
    return node, door


def wait(node: Node, seconds: float) -> None:
    assert isinstance(node.clock, ManualClock)
    node.clock.advance(seconds)
    node.run_due()


def test_a_lock_is_a_door_lock_with_identify_and_a_battery() -> None:
    node, _ = started()
    endpoint = node.endpoints[1]
    assert set(endpoint.clusters) == {0x0003, 0x001D, 0x0101}
    assert dict(endpoint.types) == {0x000A: 4}
    assert node.endpoints[0].types[0x0011] == 1
    assert battery_of(node).state.endpoint_list == ()
    assert int(lock_of(node).state.features) == 1 << 5


def test_a_lock_on_the_mains_has_no_battery_and_without_sensor_no_door() -> None:
    wired = LockModel(has_door_sensor=False, power=Power(kind=PowerKind.WIRED))
    node = make_lock(NodeConfig(), MemoryStore(), Hardware(bolt=VirtualBolt()), model=wired, clock=ManualClock())
    assert 0x002F not in node.endpoints[0].clusters
    assert int(lock_of(node).state.features) == 0


def test_a_lock_is_a_generic_one_unless_somebody_says_what_it_is() -> None:
    node = make_lock(NodeConfig(), MemoryStore(), Hardware(bolt=VirtualBolt(), door_sensor=VirtualDoor(VirtualBolt())))
    assert lock_of(node).state.features == GENERIC.features


def test_a_battery_is_replaced_or_charged_as_the_model_says() -> None:
    replaced = battery_of(started(model=LockModel(power=Power(cell="CR123A", count=2)))[0]).state
    assert (replaced.bat_replacement_description, replaced.bat_quantity) == ("CR123A", 2)
    charged = battery_of(started(model=LockModel(power=Power(kind=PowerKind.RECHARGEABLE)))[0]).state
    assert int(charged.features) == 0b0110
    assert charged.bat_functional_while_charging is True


class Gauge:
    """A battery that a test empties."""

    def __init__(self) -> None:
        self.left: float | None = 80.0
        self.changed: Any = None

    def percent(self) -> float | None:
        return self.left

    def millivolts(self) -> int | None:
        return 5800

    def listen(self, changed: Any) -> None:
        self.changed = changed


def test_the_battery_is_measured_at_the_start_and_whenever_it_is_another() -> None:
    gauge = Gauge()
    state = battery_of(started(battery=gauge)[0]).state
    assert (state.bat_percent_remaining, state.bat_voltage, state.bat_charge_level) == (160, 5800, 0)
    gauge.left = 8.0
    gauge.changed()
    assert (state.bat_percent_remaining, state.bat_charge_level, state.bat_replacement_needed) == (16, 2, True)
    gauge.left = None
    gauge.changed()
    assert state.bat_percent_remaining is None


def test_a_command_moves_the_bolt_and_leaves_an_event() -> None:
    node, door = started()
    before = node.events.next_number
    lock_of(node).invoke(DoorLock.unlock_door, wire.UnlockDoor(), ANA)
    assert door.bolt.position() is BoltPosition.UNLOCKED
    assert node.events.next_number == before + 1


def test_what_its_owner_chose_survives_a_restart() -> None:
    store = MemoryStore()
    node, _ = started(store)
    with node.turn():
        lock_of(node).write(DoorLock.auto_relock_time, 45, ANA)
        lock_of(node).write(DoorLock.operating_mode, wire.OperatingModeEnum.NO_REMOTE_LOCK_UNLOCK, ANA)
    node.stop_local()
    again, _ = started(store, model=LockModel(auto_relock_s=10))
    assert lock_of(again).state.auto_relock_time == 45
    assert lock_of(again).lock.settings.auto_relock_s == 45
    assert lock_of(again).state.operating_mode == wire.OperatingModeEnum.NO_REMOTE_LOCK_UNLOCK


def test_the_nodes_agenda_relocks_the_door() -> None:
    node, door = started(model=LockModel(auto_relock_s=20))
    lock_of(node).invoke(DoorLock.unlock_door, wire.UnlockDoor(), ANA)
    wait(node, 19)
    assert door.bolt.position() is BoltPosition.UNLOCKED
    wait(node, 1)
    assert door.bolt.position() is BoltPosition.LOCKED


def test_a_lock_that_wakes_up_unlocked_locks_itself() -> None:
    node, door = started(at=BoltPosition.UNLOCKED, model=LockModel(auto_relock_s=20))
    wait(node, 20)
    assert door.bolt.position() is BoltPosition.LOCKED
