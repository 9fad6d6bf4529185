"""A whole lock: a node with a door lock on endpoint 1 and, where it runs on one, a battery on the root.

Layer devices; assembles what the other files define and adds no rule of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from latchwork.base.clock import Clock
from latchwork.devices.door_lock import DoorLockBehavior, door_lock
from latchwork.devices.door_lock_memory import remembered_position as position_of
from latchwork.devices.hardware import Battery, Hardware
from latchwork.devices.lock_model import LockModel, Power, PowerKind
from latchwork.devices.models import GENERIC
from latchwork.doorlock.bolt import BoltPosition
from latchwork.matter.model.clusters.identify import IdentifyTypeEnum
from latchwork.matter.model.clusters.power_source import PowerSource
from latchwork.matter.model.device_types import DOOR_LOCK, POWER_SOURCE
from latchwork.node.behaviors.identify import IdentifyBehavior, identify
from latchwork.node.behaviors.power_source import PowerSourceBehavior, battery
from latchwork.node.config import NodeConfig
from latchwork.node.endpoint import Endpoint
from latchwork.node.node import Node
from latchwork.store.kv import Store

LOCK_ENDPOINT = 1


def make_lock(
    config: NodeConfig,
    store: Store,
    hardware: Hardware,
    *,
    model: LockModel = GENERIC,
    clock: Clock | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> Node:
    """A lock that is ready to be started.

    Endpoint 1 is a Door Lock (Device Library 8.1: Identify and Door Lock, neither Groups nor Scenes). A battery feeds the whole node
    and so sits on the root endpoint, with an empty list of endpoints (Core 11.7.7.32).

    Args:
        config: what the node is.
        store: where it keeps what must survive a restart.
        hardware: its parts; of these the lock itself uses bolt, door sensor and battery.
        model: what kind of lock it is.
        clock: what tells it the time.
        entropy: octets nobody can guess.

    Raises:
        Misuse: the model has a part that the hardware has not.
        StoreError: the store cannot be read.
    """
    node = Node(config, store, clock=clock, entropy=entropy)
    node.add_endpoint(
        LOCK_ENDPOINT,
        {DOOR_LOCK.id: DOOR_LOCK.revision_in(config.spec)},
        [_identify, door_lock(model, hardware)],
    )
    if model.power.kind is not PowerKind.WIRED:
        root = node.endpoints[0]
        root.types[POWER_SOURCE.id] = POWER_SOURCE.revision_in(config.spec)
        root.add(partial(_power, power=model.power, gauge=hardware.battery))
    return node


def remembered_position(store: Store) -> BoltPosition | None:
    """Where the bolt of a lock with this store was seen last, or None; for a bolt that is not real and has to begin somewhere.

    Raises:
        StoreError: the store cannot be read, or is damaged.
    """
    return position_of(store, LOCK_ENDPOINT)


def lock_of(node: Node) -> DoorLockBehavior:
    """The door lock of a node that `make_lock` made."""
    return node.endpoints[LOCK_ENDPOINT].behavior(DoorLockBehavior)


def battery_of(node: Node) -> PowerSourceBehavior:
    """The battery of a node that `make_lock` made with one."""
    return node.endpoints[0].behavior(PowerSourceBehavior)


def _identify(endpoint: Endpoint) -> IdentifyBehavior:
    return IdentifyBehavior(endpoint, identify(IdentifyTypeEnum.AUDIBLE_BEEP, endpoint.node.config.spec))


class _MeasuredBattery(PowerSourceBehavior):
    """A battery that somebody measures."""

    __slots__ = ("_gauge",)

    def __init__(self, endpoint: Endpoint, state: PowerSource, gauge: Battery) -> None:
        super().__init__(endpoint, state)
        self._gauge = gauge

    def start(self) -> None:
        """Measure once, and listen from now on."""
        self._measure()
        self._gauge.listen(self._changed_outside)

    def _changed_outside(self) -> None:
        with self.node.turn():
            self._measure()
            lock_of(self.node).battery_measured()

    def _measure(self) -> None:
        self.measured(self._gauge.percent(), millivolts=self._gauge.millivolts())


def _power(endpoint: Endpoint, power: Power, gauge: Battery | None) -> PowerSourceBehavior:
    state = battery(
        replacement=power.cell,
        quantity=power.count,
        is_rechargeable=power.kind is PowerKind.RECHARGEABLE,
        spec=endpoint.node.config.spec,
    )
    return PowerSourceBehavior(endpoint, state) if gauge is None else _MeasuredBattery(endpoint, state, gauge)
