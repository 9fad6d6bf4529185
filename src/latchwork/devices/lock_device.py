"""A whole lock: a node with a door lock on endpoint 1 and, where it runs on one, a battery on the root.

Layer devices; assembles what the other files define and adds no rule of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from latchwork.base.clock import Clock
from latchwork.devices.door_lock import DoorLockBehavior, LockModel, door_lock
from latchwork.devices.hardware import Bolt, DoorSensor
from latchwork.matter.model.clusters.identify import IdentifyTypeEnum
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
    bolt: Bolt,
    sensor: DoorSensor | None = None,
    *,
    model: LockModel | None = None,
    has_battery: bool = True,
    clock: Clock | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> Node:
    """A lock that is ready to be started.

    Endpoint 1 is a Door Lock (Device Library 8.1: Identify and Door Lock, neither Groups nor Scenes). A battery feeds the whole node
    and so sits on the root endpoint, with an empty list of endpoints (Core 11.7.7.32).

    Args:
        config: what the node is.
        store: where it keeps what must survive a restart.
        bolt: its motor.
        sensor: its door sensor, or None.
        model: what kind of lock it is; by default a dead bolt, with door sensor when `sensor` is given.
        has_battery: it runs on a battery that its owner replaces.
        clock: what tells it the time.
        entropy: octets nobody can guess.

    Raises:
        StoreError: the store cannot be read.
    """
    node = Node(config, store, clock=clock, entropy=entropy)
    model = model or LockModel(has_door_sensor=sensor is not None)
    node.add_endpoint(
        LOCK_ENDPOINT,
        {DOOR_LOCK.id: DOOR_LOCK.revision_in(config.spec)},
        [_identify, door_lock(model, bolt, sensor)],
    )
    if has_battery:
        root = node.endpoints[0]
        root.types[POWER_SOURCE.id] = POWER_SOURCE.revision_in(config.spec)
        root.add(_battery)
    return node


def lock_of(node: Node) -> DoorLockBehavior:
    """The door lock of a node that `make_lock` made."""
    return node.endpoints[LOCK_ENDPOINT].behavior(DoorLockBehavior)


def battery_of(node: Node) -> PowerSourceBehavior:
    """The battery of a node that `make_lock` made with one."""
    return node.endpoints[0].behavior(PowerSourceBehavior)


def _identify(endpoint: Endpoint) -> IdentifyBehavior:
    return IdentifyBehavior(endpoint, identify(IdentifyTypeEnum.AUDIBLE_BEEP, endpoint.node.config.spec))


def _battery(endpoint: Endpoint) -> PowerSourceBehavior:
    return PowerSourceBehavior(endpoint, battery(spec=endpoint.node.config.spec))
