"""A hub as a process on a host of the private network, driven by JSON lines as the controllers are.

python hub_process.py --interface lan0 --storage FOLDER
"""

import argparse
import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from latchwork.base.logs import Secret
from latchwork.cli.controller import answer
from latchwork.cli.lines import StandardInput, emit
from latchwork.controller.controller import Controller
from latchwork.hub.house.entities import Access, Credential, Person, Site
from latchwork.hub.house.observed import SeenUser
from latchwork.hub.house.rule_json import decode_rule
from latchwork.hub.journal.query import Filter
from latchwork.hub.service import Hub
from latchwork.hub.status import Operation
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.stack.mdns import MdnsDiscovery
from latchwork.stack.runtime import Runtime
from latchwork.stack.udp import UdpTransport
from latchwork.store.kv import FileStore

ACTOR = "account:owner"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interface", required=True)
    parser.add_argument("--storage", type=Path, required=True)
    asyncio.run(_run(parser.parse_args()))


async def _run(options: argparse.Namespace) -> None:
    async with AsyncExitStack() as stack:
        store = FileStore(options.storage / "controller.db")
        stack.callback(store.close)
        runtime = Runtime([UdpTransport(options.interface)], parameters=SessionParameters())
        discovery = MdnsDiscovery(options.interface)
        controller = await Controller.open(store=store, runtime=runtime, discovery=discovery, require_attestation=False)
        stack.push_async_callback(controller.close)
        hub = await Hub.open(options.storage, controller=controller)
        stack.push_async_callback(hub.close)
        house, pending = House(hub), set[asyncio.Task[None]]()

        def take(line: str) -> None:
            task = asyncio.create_task(answer(line, lambda operation, fields: getattr(house, operation)(**fields)))
            pending.add(task)
            task.add_done_callback(pending.discard)

        lines = StandardInput(take)
        emit({"event": "ready", "pid": os.getpid()})
        await lines.ended.wait()
        lines.close()


class House:
    """What a test can ask of the hub; doors by name, persons and credentials by id."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def _lock(self, door: str) -> str:
        found = next(each for each in self._hub.repository.doors() if each.name == door)
        assert found.lock_id is not None, f"there is no lock on {door}"
        return found.lock_id

    async def pair(self, code: str, door: str) -> dict[str, Any]:
        steps: list[str] = []
        lock = await self._hub.locks.add(code, door_name=door, door_id=None, actor=ACTOR, tell=steps.append)
        return {"steps": steps} | asdict(lock)

    async def zone(self, name: str) -> None:
        await self._hub.repository.put_site(Site(time_zone=name))
        self._hub.keepers.wake_doors(None)

    async def person(self, name: str, pin: str, door: str, rule: str) -> dict[str, str]:
        people = self._hub.people
        person = await people.add_person(Person(id="", name=name, unique_id=0), actor=ACTOR)
        credential = await people.add_credential(
            Credential(id="", person_id=person.id), Secret(pin.encode()), actor=ACTOR
        )
        doors = tuple(each.id for each in self._hub.repository.doors() if each.name == door)
        access = await people.grant(
            Access(id="", person_id=person.id, door_ids=doors, rule=decode_rule(rule)), actor=ACTOR
        )
        return {"person": person.id, "credential": credential.id, "access": access.id}

    async def set_pin(self, credential: str, pin: str) -> None:
        await self._hub.people.set_secret(credential, Secret(pin.encode()), actor=ACTOR)

    async def move_out(self, person: str) -> None:
        await self._hub.people.move_out(person, actor=ACTOR)

    async def removal(self, person: str) -> dict[str, Any] | None:
        report = self._hub.people.removal(person)
        return (
            None
            if report is None
            else {"is_complete": report.is_complete, "doors": [asdict(each) for each in report.locks]}
        )

    async def operate(self, door: str, what: str) -> None:
        await self._hub.locks.operate(self._lock(door), Operation(what), actor=ACTOR)

    async def settle(self) -> None:
        await self._hub.keepers.settle()

    async def wake(self, door: str) -> None:
        self._hub.locks.wake(self._lock(door))

    async def lock(self, door: str) -> dict[str, Any]:
        """All that is known of a lock."""
        lock_id, locks = self._lock(door), self._hub.locks
        can, observed = locks.capabilities(lock_id), locks.observed(lock_id)
        seen = {} if observed is None else observed.users
        return {
            "state": self._hub.keepers.get(lock_id).state.value,
            "status": asdict(locks.status(lock_id)),
            "capabilities": None if can is None else {"probe": can.probe, **asdict(can)},
            "troubles": [
                [each.code.value, each.message, each.is_error] for each in self._hub.repository.troubles(lock_id)
            ],
            "users": [_user(user) for user in seen.values() if isinstance(user, SeenUser)],
            "placed": [
                [each.credential_id, each.proof.name.lower(), each.version]
                for each in self._hub.repository.placed(lock_id).credentials
            ],
        }

    async def journal(self, kinds: list[str] | None = None) -> list[dict[str, Any]]:
        page = await self._hub.journal.page(Filter(), limit=500, oldest_first=True)
        entries = [asdict(each) for each in page.entries]
        return [each for each in entries if kinds is None or each["kind"] in kinds]

    async def verify(self) -> bool:
        return (await self._hub.journal.verify()).is_whole

    async def clear_foreign(self, door: str, user: int) -> None:
        await self._hub.locks.clear_foreign(self._lock(door), user, None, actor=ACTOR)

    async def remove(self, door: str) -> None:
        await self._hub.locks.remove(self._lock(door), is_forced=False, actor=ACTOR)


def _user(user: SeenUser) -> dict[str, Any]:
    kept = [[day.days, day.start, day.end] for day in user.week_days.values() if hasattr(day, "days")]
    years = [[each.start, each.end] for each in user.year_days.values() if hasattr(each, "end")]
    return {
        "index": user.index,
        "name": user.name,
        "type": user.type.name,
        "is_enabled": user.is_enabled,
        "creator": user.creator,
        "week_days": kept,
        "year_days": years,
        "credentials": [[kind.value, index] for kind, index in user.credentials],
    }


if __name__ == "__main__":
    main()
