"""A hub in a process that can be killed: one process loads everything once and forks a hub whenever it is asked to.

    python -m tests.support.hub_process FOLDER SOCKET

Each line on its standard input is one hub, which connects to the Unix socket and does there what JSON lines ask; a line on standard
output gives its process id. `HubProcesses` is the other side.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import traceback
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.controller.controller import Controller
from latchwork.hub.house.entities import Access, Credential, Person
from latchwork.hub.journal.entries import Kind
from latchwork.hub.journal.query import Filter
from latchwork.hub.keeping.keeper import State
from latchwork.hub.service import Hub
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.stack.mdns import MdnsDiscovery
from latchwork.stack.runtime import Runtime
from latchwork.stack.udp import UdpTransport
from latchwork.store.kv import FileStore

ACTOR = "account:owner"
PATIENCE_S = 60.0
"""Seconds that anything may take: most takes milliseconds, this is for a machine that is busy."""
ROOT = Path(__file__).parents[2]


# The hub's side


class House:
    """What a hub is asked for; everything goes by ids that the asker has chosen, so that it can tell what was done."""

    def __init__(self, hub):
        self.hub = hub

    async def pair(self, code, door):
        lock = await self.hub.locks.add(code, door_name=door, door_id=None, actor=ACTOR, tell=lambda _: None)
        return {"lock": lock.id, "door": self.hub.repository.door_of_lock(lock.id).id, "fabric": lock.fabric_index}

    async def person(self, person, name, number):
        await self.hub.people.add_person(Person(id=person, name=name, unique_id=number), actor=ACTOR)

    async def code(self, credential, person, code):
        made = Credential(id=credential, person_id=person)
        await self.hub.people.add_credential(made, Secret(code.encode()), actor=ACTOR)

    async def another_code(self, credential, code):
        await self.hub.people.set_secret(credential, Secret(code.encode()), actor=ACTOR)

    async def grant(self, access, person, doors):
        await self.hub.people.grant(Access(id=access, person_id=person, door_ids=tuple(doors)), actor=ACTOR)

    async def doors(self, access, doors):
        kept = self.hub.repository.access(access)
        await self.hub.people.change_access(replace(kept, door_ids=tuple(doors)), actor=ACTOR)

    async def revoke(self, access):
        await self.hub.people.revoke(access, actor=ACTOR)

    async def move_out(self, person):
        await self.hub.people.move_out(person, actor=ACTOR)

    async def settle(self):
        """Wait until every lock is in line."""
        keepers = tuple(self.hub.keepers)
        while True:
            told = self.hub.bus.listen(None)
            if all(keeper.state is State.IN_LINE for keeper in keepers):
                await self.hub.keepers.settle()
                if all(keeper.state is State.IN_LINE for keeper in keepers):
                    return
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(told)

    async def told(self):
        """How the locks stand, for whoever waits too long."""
        return [[keeper.state.value, [each.message for each in keeper.troubles]] for keeper in self.hub.keepers]

    async def house(self):
        """Everything that the hub knows of people, and what it accounts for on each lock."""
        books = self.hub.repository
        people = [person.id for person in books.persons()]
        mine = [each for person in people for each in books.credentials(person)]
        return {
            "people": people,
            "codes": {each.id: bytes(self.hub.secrets.get(each.id, each.version)).decode() for each in mine},
            "accesses": {each.id: [each.person_id, sorted(each.door_ids)] for each in books.accesses()},
            "placed": {lock.id: _placed(books.placed(lock.id)) for lock in books.locks()},
        }

    async def journal(self):
        """Whether the chain is whole, and the acts of people in their order."""
        verdict = await self.hub.journal.verify()
        entries, cursor, wanted = [], None, Filter(kinds=frozenset({Kind.AUDIT}))
        while cursor is not None or not entries:
            page = await self.hub.journal.page(wanted, cursor=cursor, limit=500, oldest_first=True)
            entries.extend(page.entries)
            cursor = page.cursor
            if cursor is None:
                break
        acts = [[each.detail["did"], each.person_id, each.credential_id] for each in entries]
        return {"is_whole": verdict.is_whole, "acts": acts}


def _placed(placed):
    return {
        "users": [[each.key, each.index] for each in placed.users],
        "codes": [[each.credential_id, each.version, each.index, each.is_pending] for each in placed.credentials],
    }


async def _live(folder, socket):
    async with AsyncExitStack() as stack:
        store = FileStore(folder / "controller.db")
        stack.callback(store.close)
        runtime = Runtime([UdpTransport("lo")], parameters=SessionParameters())
        discovery = MdnsDiscovery("lo")
        controller = await Controller.open(store=store, runtime=runtime, discovery=discovery, require_attestation=False)
        stack.push_async_callback(controller.close)
        hub = await Hub.open(folder, controller=controller)
        stack.push_async_callback(hub.close)
        reader, writer = await asyncio.open_unix_connection(socket, limit=1 << 24)
        house, asked = House(hub), set()

        async def answer(number, what, fields):
            try:
                said = {"id": number, "said": await getattr(house, what)(**fields)}
            except LatchworkError as error:
                said = {"id": number, "error": f"{type(error).__name__}: {error}"}
            writer.write(json.dumps(said).encode() + b"\n")

        while line := await reader.readline():
            number, what, fields = json.loads(line)
            asked.add(task := asyncio.create_task(answer(number, what, fields)))
            task.add_done_callback(asked.discard)
        writer.close()


def _main():
    folder, socket = Path(sys.argv[1]), sys.argv[2]
    gc.freeze()
    while sys.stdin.readline():
        child = os.fork()
        if not child:
            try:
                asyncio.run(_live(folder, socket))
            except BaseException:  # noqa: BLE001 - a fork must not return into the loop of its parent
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)


# The asker's side


class Killed(Exception):
    """The hub is gone, and has not said whether it was done."""


class HubProcesses:
    """Hubs on one folder, one after the other, from `open` to `close`."""

    def __init__(self, folder):
        self.folder = folder
        self.pid = 0
        self._writer = None
        self._waiting = {}
        self._asked = 0
        self._connected = asyncio.Queue()
        self._taken = asyncio.Event()

    async def open(self):
        socket = str(self.folder / "asked.sock")
        self._server = await asyncio.start_unix_server(self._take, socket, limit=1 << 24)
        self._mother = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.hub_process", str(self.folder), socket),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        return self

    async def close(self):
        if self.pid:
            await self.gone(is_killed=False)
        self._mother.stdin.close()
        await self._mother.wait()
        self._server.close()
        await self._server.wait_closed()

    async def start(self):
        """A hub on the folder; returns when it is up."""
        self._mother.stdin.write(b"start\n")
        async with asyncio.timeout(PATIENCE_S):
            self.pid = int(await self._mother.stdout.readline())
            await self._connected.get()

    def kill(self):
        """The hub is gone at this instant; harmless when it is gone already."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.pid = -self.pid

    async def gone(self, *, is_killed=True):
        """Wait until it is."""
        if is_killed:
            self.kill_if_up()
        self._writer.close()
        async with asyncio.timeout(PATIENCE_S):
            assert await self._mother.stdout.readline() == b"gone\n"
            await self._taken.wait()
        self.pid = 0

    def kill_if_up(self):
        if self.pid > 0:
            self.kill()

    async def ask(self, what, **fields):
        """What the hub says.

        Raises:
            Killed: it is gone, and may have done it.
        """
        if self.pid <= 0:
            raise Killed
        self._asked += 1
        self._waiting[self._asked] = answer = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps([self._asked, what, fields]).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            said = await answer
        assert "error" not in said, f"{what}: {said['error']}"
        return said["said"]

    async def _take(self, reader, writer):
        self._writer = writer
        self._taken.clear()
        self._connected.put_nowait(None)
        try:
            with suppress(ConnectionError):
                while (line := await reader.readline()).endswith(b"\n"):
                    said = json.loads(line)
                    answer = self._waiting.pop(said["id"], None)
                    if answer is not None and not answer.done():
                        answer.set_result(said)
        finally:
            waiting, self._waiting = self._waiting, {}
            for answer in waiting.values():
                if not answer.done():
                    answer.set_exception(Killed())
            self._taken.set()


if __name__ == "__main__":
    _main()
