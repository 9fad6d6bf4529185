"""A seeded world in the virtual air: locks and controllers, and the words that stories are told with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random

from latchwork.controller import Controller, Peer
from latchwork.matter.exchange.mrp import Reliability
from latchwork.matter.interaction.events import RecordedEvent
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.model.meta import Event
from latchwork.node.config import NodeConfig
from latchwork.sim.lock import VirtualLock
from latchwork.stack.memory import Air, Weather
from latchwork.stack.runtime import Runtime
from latchwork.stack.virtual_time import run_virtual
from latchwork.store.kv import MemoryStore

PASSCODE = 20202021
NEW_YEAR_2026 = 1_767_225_600.0
STUBBORN = Reliability(max_transmissions=20)
"""For a storm: with 30 % loss either way, half of all round trips fail, and 0.51 to the 20th is one in a million."""


def dice(seed: object) -> Callable[[int], bytes]:
    """Octets from a seed: what stands in for `os.urandom`."""
    return Random(str(seed)).randbytes


class LoopClock:
    """The virtual loop's time as both clocks; a new one begins where the last ended."""

    def __init__(self) -> None:
        self.monotonic = asyncio.get_running_loop().time

    def utc(self) -> float:
        return NEW_YEAR_2026 + self.monotonic()


class World:
    """One air with whoever lives in it. Everything is closed at the end of `story`."""

    def __init__(self, seed: int = 0, weather: Weather | None = None, reliability: Reliability | None = None) -> None:
        self.seed = seed
        self.air = Air(seed, weather)
        self.clock = LoopClock()
        self.reliability = reliability
        self.stores: dict[str, MemoryStore] = {}
        self.locks: dict[str, VirtualLock] = {}
        self.controllers: dict[str, Controller] = {}
        self.hosts: dict[str, str] = {}
        self._born = 0

    def _host(self, name: str) -> str:
        return self.hosts.setdefault(name, f"fd00::{len(self.hosts) + 1:x}")

    def _entropy(self, name: str) -> Callable[[int], bytes]:
        # A restarted device must not throw its old dice again.
        self._born += 1
        return dice((self.seed, name, self._born))

    async def lock(
        self, name: str = "lock", *, equip: Callable[[VirtualLock], None] = lambda _: None, **config: object
    ) -> VirtualLock:
        """A lock that was switched on; the same name again is the same lock after a restart. `equip` adds to it before."""
        store = self.stores.setdefault(name, MemoryStore())
        lock = VirtualLock(NodeConfig(**config), store, clock=self.clock, entropy=self._entropy(name))
        equip(lock)
        host = self._host(name)
        await lock.start(
            self.air.attach(host), self.air.discovery(host), use_threads=False, reliability=self.reliability
        )
        self.locks[name] = lock
        return lock

    async def power_cut(self, name: str = "lock") -> None:
        """The lock is gone without a goodbye; what it stored until now is all that is left of it."""
        lock = self.locks.pop(name)
        self.stores[name] = self.stores[name].copy()
        _silence(lock.node.runtime)
        await lock.close()

    async def leave(self, name: str) -> None:
        """A controller is gone without a goodbye; its store stays."""
        controller = self.controllers.pop(name)
        _silence(controller.runtime)
        await controller.close()

    async def controller(self, name: str = "home", **options: object) -> Controller:
        """A controller; the same name again is the same one after a restart."""
        store = self.stores.setdefault(name, MemoryStore())
        host, entropy = self._host(name), self._entropy(name)
        runtime = Runtime(
            [self.air.attach(host)],
            parameters=SessionParameters(),
            entropy=entropy,
            utc=self.clock.utc,
            reliability=self.reliability,
            use_threads=False,
            max_sessions=512,
        )
        made = await Controller.open(
            store=store,
            runtime=runtime,
            discovery=self.air.discovery(host),
            clock=self.clock,
            entropy=entropy,
            **({"label": name} | options),
        )
        self.controllers[name] = made
        return made

    async def commissioned(self, lock: str = "lock", controller: str = "home", **config: object) -> Peer:
        """A lock, a controller and the bond between them."""
        device = self.locks.get(lock) or await self.lock(lock, **config)
        home = self.controllers.get(controller) or await self.controller(controller)
        return await home.commission(device.qr)

    async def close(self) -> None:
        for controller in self.controllers.values():
            await controller.close()
        for lock in self.locks.values():
            await lock.close()
        # Farewells are on their way, and cancelled tasks want their turn.
        await asyncio.sleep(1)


@asynccontextmanager
async def world(seed: int = 0, weather: Weather | None = None, reliability: Reliability | None = None):
    """A world to be closed at the end."""
    made = World(seed, weather, reliability)
    try:
        yield made
    finally:
        await made.close()


def tell(
    play: Callable[[World], Awaitable[object]],
    seed: int = 0,
    weather: Weather | None = None,
    reliability: Reliability | None = None,
) -> object:
    """Play a story in virtual time; gives what the story gives."""

    async def main() -> object:
        async with world(seed, weather, reliability) as made:
            return await play(made)

    return run_virtual(main())


def _silence(runtime: Runtime) -> None:
    for transport in runtime.transports:
        transport.receive = None
        transport.send = lambda _datagram, _address: None


def events_of(lock: VirtualLock, event: Event) -> list[RecordedEvent]:
    """What the lock recorded of one kind, oldest first, as far back as its log goes."""
    return [
        each
        for queue in lock.node.events._logs
        for each in queue
        if (each.cluster, each.event) == (event.cluster_id, event.id)
    ]


def forgetful(lock: VirtualLock) -> bool:
    """Whether nothing of any fabric is left on a lock."""
    keys = lock.node.ledger._store.keys("")
    return not len(lock.node.fabrics) and not any(key.startswith("f/") for key in keys)
