"""What the hub's benchmarks run beside each other: a hub with its API, a process full of locks, and a client. They speak JSON lines.

    python benchmarks/hub_processes.py hub|locks|client --interface lan0 --storage FOLDER

Instants are those of the system's monotonic clock, the same for all processes of the machine.
"""

import argparse
import asyncio
import http.client
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from processes import Process

from latchwork.base.clock import SystemClock
from latchwork.cli.controller import answer
from latchwork.cli.lines import StandardInput, emit
from latchwork.cli.process import settle
from latchwork.controller.controller import Controller
from latchwork.hub.service import Hub
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.node.config import NodeConfig
from latchwork.sim.lock import VirtualLock
from latchwork.stack.mdns import MdnsDiscovery
from latchwork.stack.runtime import Runtime
from latchwork.stack.udp import UdpTransport
from latchwork.store.kv import FileStore, MemoryStore
from latchwork.web import keys
from latchwork.web.accounts import Account, put_account
from latchwork.web.app import create_app
from latchwork.web.context import Context
from latchwork.web.roles import Role, Scope
from latchwork.web.server import WebServer
from latchwork.web.settings import WebSettings

MANY = 5000
"""Sessions that the hub has room for: one for each lock, and some."""
_AT_ONCE = 8
_ACTOR = "account:benchmark"
Perform = Callable[..., Awaitable[Any]]


def process(role: str, host: Any, storage: Path, *options: str) -> Process:
    """One of them on a host."""
    interface = getattr(host, "interface", "lan0")
    command = [sys.executable, __file__, role, "--interface", interface, "--storage", str(storage), *options]
    return Process(role, host, storage, command)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", choices=("hub", "locks", "client"))
    parser.add_argument("--interface", default="lo")
    parser.add_argument("--storage", type=Path, required=True)
    parser.add_argument("--locks", type=int, default=1, help="how many")
    options = parser.parse_args()
    if options.role == "client":
        asyncio.run(_serve(Client()))
    else:
        asyncio.run(_hub(options) if options.role == "hub" else _locks(options))


async def _serve(work: Any, **ready: Any) -> None:
    """Do what lines ask until standard input ends."""
    pending: set[asyncio.Task[None]] = set()

    async def perform(operation: str, fields: dict[str, Any]) -> Any:
        found: Perform = getattr(work, operation)
        return await found(**fields)

    def take(line: str) -> None:
        task = asyncio.create_task(answer(line, perform))
        pending.add(task)
        task.add_done_callback(pending.discard)

    lines = StandardInput(take)
    settle()
    emit({"event": "ready", "pid": os.getpid(), **ready})
    await lines.ended.wait()
    lines.close()


async def _hub(options: argparse.Namespace) -> None:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = FileStore(options.storage / "controller.db")
        stack.callback(store.close)
        transport = UdpTransport(options.interface)
        runtime = Runtime([transport], parameters=SessionParameters(), max_sessions=MANY)
        controller = await Controller.open(store=store, runtime=runtime, discovery=MdnsDiscovery(options.interface))
        stack.push_async_callback(controller.close)
        hub = await Hub.open(options.storage, controller=controller, clock=clock)
        stack.push_async_callback(hub.close)
        # A benchmark asks more often than anybody should.
        settings = WebSettings(requests_per_minute=1_000_000, operations_per_minute=1_000_000)
        app = create_app(hub, clock=clock, entropy=os.urandom, settings=settings)
        server = await stack.enter_async_context(WebServer(app, "::1", 0))
        await _serve(HubWork(hub, app.state.context, server.port))


class HubWork:
    """What the hub's process is asked for."""

    def __init__(self, hub: Hub, web: Context, port: int) -> None:
        self._hub = hub
        self._web = web
        self._port = port

    async def address(self) -> dict[str, Any]:
        """Where the API is, and a token for it."""
        text = keys.TOKEN_PREFIX + keys.new_text(os.urandom)
        now = time.time()
        account = Account(id="account_benchmark", name="benchmark", role=Role.OWNER, created_at=now)
        token = keys.Token(
            id="token_benchmark",
            digest=keys.digest_of(text),
            account_id=account.id,
            name="benchmark",
            scopes=frozenset(Scope),
            created_at=now,
        )
        await self._web.database.write(lambda to: put_account(to, account))
        await self._web.database.write(lambda to: keys.put_token(to, token))
        return {"port": self._port, "token": text}

    async def add(self, codes: list[str]) -> list[dict[str, str]]:
        """Take in the locks of these setup codes, some at a time → their doors."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def add(code: str, name: str) -> str:
            async with turns:
                lock = await self._hub.locks.add(code, door_name=name, door_id=None, actor=_ACTOR, tell=lambda _: None)
            return lock.id

        await asyncio.gather(*(add(code, f"Door {number}") for number, code in enumerate(codes)))
        return [{"id": door.id, "name": door.name} for door in self._hub.repository.doors()]

    async def settled(self) -> dict[str, int]:
        """Wait until every lock is in line and listened to."""
        await self._hub.keepers.settle()
        locks = self._hub.repository.locks()
        while not all(self._hub.locks.status(lock.id).lock_state for lock in locks):
            await asyncio.sleep(0.05)
        return {"locks": len(locks), "reachable": sum(self._hub.locks.status(each.id).is_reachable for each in locks)}

    async def note(self, times: int) -> list[float]:
        """Entries into the journal, one at a time → seconds until each was on the disk."""
        took = []
        for _ in range(times):
            began = time.perf_counter()
            await self._hub.desk.note(self._hub.desk.audit(_ACTOR, "measured"))
            took.append(time.perf_counter() - began)
        return took

    async def entries(self) -> int:
        """How many the journal has."""
        return self._hub.journal.head().seq


async def _locks(options: argparse.Namespace) -> None:
    locks: list[VirtualLock] = []
    async with AsyncExitStack() as stack:
        discovery = MdnsDiscovery(options.interface)
        stack.push_async_callback(discovery.close)
        for number in range(options.locks):
            config = NodeConfig(
                passcode=20202021 + number,
                discriminator=number % 4096,
                serial_number=f"bench-{number}",
                device_name=f"Bench {number}",
                window_seconds=0,
            )
            lock = VirtualLock(config, MemoryStore())
            await lock.start(UdpTransport(options.interface), discovery)
            stack.push_async_callback(lock.close)
            locks.append(lock)
        await _serve(LocksWork(locks), codes=[lock.qr for lock in locks])


class LocksWork:
    """What the locks' process is asked for."""

    def __init__(self, locks: list[VirtualLock]) -> None:
        self._locks = locks
        self._moves: list[float] = []
        for lock in locks:
            lock.bolt.on_driven = lambda: self._moves.append(time.monotonic())

    async def moves(self) -> list[float]:
        """When motors were told to move since this was asked last."""
        found, self._moves[:] = list(self._moves), ()
        return found

    async def turn(self, seconds: float) -> int:
        """Somebody turns every thumb-turn once, evenly over this time → how many."""
        loop = asyncio.get_running_loop()
        began, pause = loop.time(), seconds / len(self._locks)
        for number, lock in enumerate(self._locks):
            await asyncio.sleep(max(0.0, began + number * pause - loop.time()))
            lock.handle({"turn": "lock" if lock.state == "UNLOCKED" else "unlock"})
        await asyncio.sleep(max(0.0, began + seconds - loop.time()))
        return len(self._locks)


class Client:
    """Somebody who uses an API over one connection."""

    async def operate(self, port: int, paths: list[str], times: int, token: str = "") -> dict[str, list[float]]:
        """POST to the paths in turn → when each request began and was answered."""
        return await asyncio.to_thread(_operate, port, paths, times, token)


def _operate(port: int, paths: list[str], times: int, token: str) -> dict[str, list[float]]:
    connection = http.client.HTTPConnection("::1", port, timeout=30)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    began: list[float] = []
    answered: list[float] = []
    for number in range(times):
        path = paths[number % len(paths)]
        began.append(time.monotonic())
        connection.request("POST", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        body = response.read()
        answered.append(time.monotonic())
        if response.status != 204:
            raise OSError(f"{path}: {response.status} {body[:300]!r}")
    connection.close()
    return {"began": began, "answered": answered}


if __name__ == "__main__":
    main()
