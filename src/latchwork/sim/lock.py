"""A virtual lock: a whole Matter door lock with a virtual bolt and door, on a transport of its own.

Layer sim: assembles a node, its hardware and its network, and tells what happens to it; knows no controller.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from latchwork.base.clock import Clock
from latchwork.devices.door_lock import DoorLockBehavior, LockModel
from latchwork.devices.hardware import Bolt, DoorSensor
from latchwork.devices.lock_device import LOCK_ENDPOINT, lock_of, make_lock
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.meta import Command
from latchwork.matter.onboarding import (
    DiscoveryCapabilities,
    Discriminator,
    SetupPayload,
    manual_code,
    qr_code,
)
from latchwork.matter.tlv.schema import Struct
from latchwork.node.config import NodeConfig
from latchwork.node.endpoint import Endpoint
from latchwork.node.node import Node
from latchwork.sim.door import VirtualBolt, VirtualDoor
from latchwork.stack.mdns_contract import Discovery
from latchwork.stack.runtime import Runtime
from latchwork.stack.tcp import TcpTransport
from latchwork.stack.transport import Transport
from latchwork.store.kv import Store

_OPERATIONS: Final = frozenset({"lock_door", "unlock_door", "unlock_with_timeout", "unbolt_door"})


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


OnOperation = Callable[[Operation], None]


class _ToldDoorLock(DoorLockBehavior):
    """A door lock that tells of every operation that a peer asks for."""

    __slots__ = ("_tell_operation",)

    def __init__(
        self, endpoint: Endpoint, state: DoorLock, model: LockModel, bolt: Bolt, sensor: DoorSensor, tell: OnOperation
    ) -> None:
        super().__init__(endpoint, state, model, bolt, sensor)
        self._tell_operation = tell

    def invoke(
        self, command: Command, request: Any, context: RequestContext
    ) -> Struct | Awaitable[Struct | None] | None:
        """As the door lock does, and told."""
        if command.name not in _OPERATIONS:
            return super().invoke(command, request, context)
        try:
            response = super().invoke(command, request, context)
        except StatusError as error:
            self._report(command, request, context, Status(error.status or Status.FAILURE), str(error))
            raise
        self._report(command, request, context, Status.SUCCESS, "")
        return response

    def _report(self, command: Command, request: Any, context: RequestContext, status: Status, error: str) -> None:
        self._tell_operation(
            Operation(
                command=command.name,
                has_pin=request.pin_code is not None,
                fabric_index=context.subject.fabric_index,
                status=status,
                state=self.state.lock_state.name,
                error=error,
            )
        )


class VirtualLock:
    """One lock on the network, from `start` to `close`.

    Attributes:
        node: the Matter node.
        bolt, door: its hardware.
        payload: what its label says.
        on_commissioned: called with True when it joined its first fabric, with False when it left its last.
        on_operation: called after each operation that a peer asked for.
    """

    def __init__(
        self,
        config: NodeConfig,
        store: Store,
        *,
        clock: Clock | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Assemble it; nothing is heard of it before `start`.

        Raises:
            StoreError: the store cannot be read.
        """
        self.bolt = VirtualBolt()
        self.door = VirtualDoor(self.bolt)
        model = LockModel()
        self.node: Node = make_lock(config, store, self.bolt, self.door, model=model, clock=clock, entropy=entropy)
        endpoint = self.node.endpoints[LOCK_ENDPOINT]
        # Nobody has seen the plain behavior yet: it starts with the node.
        state = lock_of(self.node).state
        endpoint.clusters[DoorLock.id] = _ToldDoorLock(endpoint, state, model, self.bolt, self.door, self._operated)
        self.payload = label(config)
        self.on_commissioned: Callable[[bool], None] = lambda _: None
        self.on_operation: OnOperation = lambda _: None
        self._was_commissioned = False
        self._is_up = False

    @property
    def is_commissioned(self) -> bool:
        """Whether it belongs to a fabric for good."""
        return len(self.node.fabrics) > 0 and not self.node.fail_safe.is_armed

    @property
    def manual(self) -> str:
        """The digits on its label."""
        return manual_code(self.payload)

    @property
    def qr(self) -> str:
        """The text of the QR code on its label."""
        return qr_code(self.payload)

    @property
    def port(self) -> int:
        """The UDP port that peers reach it on; 0 before `start`."""
        return 0 if self.node.runtime is None else self.node.runtime.port

    @property
    def state(self) -> str:
        """LockState, such as `LOCKED`."""
        name: str = lock_of(self.node).state.lock_state.name
        return name

    async def start(
        self, transport: Transport, discovery: Discovery, *, tcp: TcpTransport | None = None, **options: Any
    ) -> None:
        """Be on the network; returns when it can be found. `tcp` listens already; `options` are `Runtime`'s.

        Raises:
            StoreError: the store cannot be read or written.
        """
        runtime = self.node.make_runtime([transport] if tcp is None else [transport, tcp], **options)
        self._is_up = True
        await self.node.start(runtime, discovery)
        self._was_commissioned = self.is_commissioned
        self._watch(runtime)

    async def close(self) -> None:
        """Say goodbye and leave the network; store and discovery are the caller's. Harmless when done before."""
        if self._is_up:
            self._is_up = False
            await self.node.stop()

    def put_door(self, position: DoorPosition) -> None:
        """The door's sensor sees the leaf there, whatever the bolt does."""
        self.door.put(position)

    def turn(self, position: BoltPosition) -> bool:
        """A hand turns the bolt there; False when something is in the way."""
        return self.bolt.turn(position)

    def _watch(self, runtime: Runtime) -> None:
        """Look after each session that ends: joining a fabric ends the commissioner's, leaving one ends that fabric's."""
        ended = runtime.on_session_closed

        def closed(session: Any) -> None:
            ended(session)
            self._look()

        runtime.on_session_closed = closed

    def _look(self) -> None:
        if not self._is_up or self.is_commissioned == self._was_commissioned:
            return
        self._was_commissioned = self.is_commissioned
        self.on_commissioned(self._was_commissioned)

    def _operated(self, operation: Operation) -> None:
        self.on_operation(operation)


def label(config: NodeConfig) -> SetupPayload:
    """What the label of a node of this configuration says; it is found on the network."""
    return SetupPayload(
        discriminator=Discriminator.of(config.discriminator),
        passcode=config.passcode or 0,
        vendor_id=config.vendor_id,
        product_id=config.product_id,
        discovery_capabilities=DiscoveryCapabilities.ON_NETWORK,
    )
