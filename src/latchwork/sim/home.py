"""A virtual home: locks and a controller in one process, over real sockets of one interface or in the virtual air.

Layer sim: puts the two roles on one network, where they meet as strangers do, by discovery and messages only.

```python
async with VirtualHome(locks=2) as home:
    peer = await home.commission(home.locks[0])
    await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
```
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from latchwork.base.clock import Clock, SystemClock
from latchwork.base.errors import Misuse
from latchwork.controller.controller import Controller
from latchwork.controller.peer import Peer
from latchwork.controller.steps import StepReport
from latchwork.devices.lock_model import LockModel
from latchwork.devices.models import GENERIC
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.onboarding import random_passcode
from latchwork.node.config import NodeConfig
from latchwork.sim.clock import LoopClock
from latchwork.sim.lock import VirtualLock
from latchwork.stack.mdns_contract import Discovery
from latchwork.stack.memory import Air
from latchwork.stack.runtime import Runtime
from latchwork.stack.transport import Transport
from latchwork.store.kv import FileStore, MemoryStore, Store

MAX_LOCKS: Final = 500
"""More share one controller badly: every lock holds sockets, and a fabric's controller a session for each."""
_LABEL: Final = "label"


class VirtualHome:
    """Locks and a controller that live as long as the context.

    Attributes:
        locks: the locks, started.
        controller: the home's controller.
    """

    def __init__(
        self,
        locks: int = 2,
        *,
        interface: str = "lo",
        air: Air | None = None,
        storage: Path | None = None,
        clock: Clock | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        label: str = "Latchwork",
        model: LockModel | Sequence[LockModel] = GENERIC,
    ) -> None:
        """Choose the home; nothing happens before the context is entered.

        Args:
            locks: how many.
            interface: the network interface of all of them; `lo` stays on this machine.
            air: the virtual air instead of an interface.
            storage: folder for what they must remember, or None to forget it all at the end.
            clock: what tells the time; by default the machine's, or in the virtual air the loop's.
            entropy: octets nobody can guess.
            label: the controller's name on the locks.
            model: what kind of lock all of them are, or the kinds of the first, the second and so on, over and over.

        Raises:
            Misuse: no lock, or too many.
        """
        if not 1 <= locks <= MAX_LOCKS:
            raise Misuse(f"a virtual home has 1 to {MAX_LOCKS} locks")
        self._count = locks
        self._interface = interface
        self._air = air
        self._storage = storage
        self._clock: Clock = clock or SystemClock()
        self._has_clock = clock is not None
        self._entropy = entropy
        self._label = label
        self._models = (model,) if isinstance(model, LockModel) else tuple(model)
        self._stack = AsyncExitStack()
        self.locks: list[VirtualLock] = []
        self.controller: Controller

    async def __aenter__(self) -> Self:
        """Bring everything up.

        Raises:
            LatchworkError: the interface, a port or the storage cannot be used.
        """
        if self._air is not None and not self._has_clock:
            self._clock = LoopClock()  # where time may jump, everybody's does
        async with AsyncExitStack() as stack:
            shared = None if self._air is not None else self._shared_discovery(stack)
            for number in range(1, self._count + 1):
                lock = self._make_lock(number, self._store(f"lock-{number}", stack))
                transport, discovery = self._network(shared)
                stack.push_async_callback(lock.close)
                await lock.start(transport, discovery, **self._runtime_options())
                self.locks.append(lock)
            self.controller = await self._make_controller(self._store("controller", stack))
            stack.push_async_callback(self.controller.close)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye and take everything down, the controller first."""
        await self._stack.__aexit__(kind, error, trace)

    async def commission(self, lock: VirtualLock, on_step: Callable[[StepReport], None] = lambda _: None) -> Peer:
        """Have the controller take a lock into its fabric, by the code on its label.

        Raises:
            CommissioningFailed: which step failed, and why.
        """
        return await self.controller.commission(lock.qr, on_step=on_step)

    def peer_of(self, lock: VirtualLock) -> Peer | None:
        """The controller's side of a lock, or None while they do not know each other."""
        mine = self.controller.fabric
        for fabric in lock.node.fabrics:
            if fabric.compressed_id == mine.compressed_id:
                return self.controller.peers.get(fabric.node_id)
        return None

    def _network(self, shared: Discovery | None) -> tuple[Transport, Discovery]:
        if self._air is not None:
            transport = self._air.attach()
            return transport, self._air.discovery(transport.address[0])
        from latchwork.stack.udp import UdpTransport  # noqa: PLC0415 - a home in the air needs no sockets

        assert shared is not None, "a home outside the air shares one"
        return UdpTransport(self._interface), shared

    def _own_discovery(self) -> Discovery:
        from latchwork.stack.mdns import MdnsDiscovery  # noqa: PLC0415 - a home in the air needs no multicast

        return MdnsDiscovery(self._interface)

    def _shared_discovery(self, stack: AsyncExitStack) -> Discovery:
        discovery = self._own_discovery()
        stack.push_async_callback(discovery.close)
        return discovery

    def _store(self, name: str, stack: AsyncExitStack) -> Store:
        store: Store = MemoryStore() if self._storage is None else FileStore(self._storage / f"{name}.db")
        stack.callback(store.close)
        return store

    def _runtime_options(self) -> dict[str, Any]:
        # A thread's work is invisible to a clock that jumps.
        return {} if self._air is None else {"use_threads": False}

    def _make_lock(self, number: int, store: Store) -> VirtualLock:
        passcode, discriminator = _identity(
            store.section("home/"), self._entropy, [lock.node.config.discriminator for lock in self.locks]
        )
        model = self._models[(number - 1) % len(self._models)]
        config = NodeConfig(
            passcode=passcode,
            discriminator=discriminator,
            vendor_name=model.maker,
            product_name="Latchwork Virtual Lock" if model is GENERIC else model.name,
            serial_number=f"virtual-{number}",
            device_name=f"Virtual lock {number}",
            window_seconds=0,
        )
        return VirtualLock(config, store.section("node/"), model=model, clock=self._clock, entropy=self._entropy)

    async def _make_controller(self, store: Store) -> Controller:
        # A discovery of its own, as a stranger has it: what it knows of the locks, it heard.
        transport, discovery = self._network(None if self._air is not None else self._own_discovery())
        runtime = Runtime(
            [transport],
            parameters=SessionParameters(),
            entropy=self._entropy,
            utc=self._clock.utc,
            max_sessions=2 * self._count + 16,
            **self._runtime_options(),
        )
        try:
            return await Controller.open(
                store=store,
                runtime=runtime,
                discovery=discovery,
                clock=self._clock,
                entropy=self._entropy,
                label=self._label,
            )
        except BaseException:
            await runtime.close()
            await discovery.close()
            raise


def _identity(store: Store, entropy: Callable[[int], bytes], taken: Collection[int]) -> tuple[int, int]:
    """Passcode and discriminator of a lock's label, drawn once; the home's locks differ in both."""
    kept = store.get(_LABEL)
    if kept is None:
        discriminator = int.from_bytes(entropy(2), "big") & 0xFFF
        while discriminator in taken:
            discriminator = (discriminator + 1) & 0xFFF
        kept = random_passcode(entropy).to_bytes(4, "big") + discriminator.to_bytes(2, "big")
        store.apply({_LABEL: kept})
    return int.from_bytes(kept[:4], "big"), int.from_bytes(kept[4:], "big")
