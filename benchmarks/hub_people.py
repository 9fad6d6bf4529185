"""One person, with a PIN and hours, put by a hub on many locks, and taken off again.

    python benchmarks/hub_people.py [--locks 100] [--rounds 5]

The hub and its locks share a process and speak over the virtual air without delay, in real time. The hub's database is on the disk, with
its own thread that commits; the locks forget what they hold with the process. A round begins with telling the hub of the person and ends
when every lock was read again and shows the code in its place.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from processes import installed

from latchwork.base.clock import SystemClock
from latchwork.base.logs import Secret
from latchwork.cli.process import settle
from latchwork.hub.house.entities import Access, Credential, Person
from latchwork.hub.house.placed import Proof
from latchwork.hub.house.rules import Hours, Weekly
from latchwork.hub.service import Hub
from latchwork.sim.home import VirtualHome
from latchwork.stack.memory import Air

_WORKING_HOURS = Weekly((Hours(frozenset(range(5)), 8 * 60, 18 * 60),))
_ACTOR = "account:benchmark"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locks", type=int, default=100, help="how many locks")
    parser.add_argument("--rounds", type=int, default=5, help="how often")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(asyncio.run(_measured(options.locks, options.rounds))))
    else:
        print(json.dumps(measured(options.locks, options.rounds), indent=1))


def measured(locks: int, rounds: int) -> dict[str, float]:
    """Every figure by its name, measured in a process of its own."""
    command = [sys.executable, __file__, "--child", "--locks", str(locks), "--rounds", str(rounds)]
    done = subprocess.run(command, env=installed(), stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


async def _measured(locks: int, rounds: int) -> dict[str, float]:
    added: list[float] = []
    removed: list[float] = []
    busy: list[float] = []
    with tempfile.TemporaryDirectory(prefix="latchwork-hub-people-") as folder:
        async with VirtualHome(locks, air=Air(), clock=SystemClock()) as home:
            hub = await Hub.open(Path(folder), controller=home.controller)
            for number, lock in enumerate(home.locks):
                await hub.locks.add(
                    lock.qr, door_name=f"Door {number}", door_id=None, actor=_ACTOR, tell=lambda _: None
                )
            await hub.keepers.settle()
            settle()
            for number in range(rounds):
                began, worked = time.perf_counter(), time.process_time()
                person, credential = await _add(hub, number)
                await hub.keepers.settle()
                added.append(time.perf_counter() - began)
                busy.append(time.process_time() - worked)
                places = hub.repository.places_of(credential.id)
                assert len(places) == locks, f"on {len(places)} locks of {locks}"
                assert all(each.proof >= Proof.OCCUPIED for each in places), "every lock was read again"
                began = time.perf_counter()
                await hub.people.move_out(person.id, actor=_ACTOR)
                await hub.keepers.settle()
                removed.append(time.perf_counter() - began)
                report = hub.people.removal(person.id)
                assert report is not None, "they moved out"
                assert report.is_complete, "every lock was read again"
            await hub.close()
    return {
        "doors": locks,
        "person on all s": round(statistics.median(added), 3),
        "person on all best s": round(min(added), 3),
        "person on all processor s": round(statistics.median(busy), 3),
        "person off all s": round(statistics.median(removed), 3),
    }


async def _add(hub: Hub, number: int) -> tuple[Person, Credential]:
    """Everything that makes a person known, with access to every door."""
    person = await hub.people.add_person(Person(id="", name=f"Person {number}", unique_id=0), actor=_ACTOR)
    secret = Secret(f"{739218 + 7919 * number}".encode())
    credential = await hub.people.add_credential(Credential(id="", person_id=person.id), secret, actor=_ACTOR)
    doors = tuple(door.id for door in hub.repository.doors())
    await hub.people.grant(Access(id="", person_id=person.id, door_ids=doors, rule=_WORKING_HOURS), actor=_ACTOR)
    return person, credential


if __name__ == "__main__":
    main()
