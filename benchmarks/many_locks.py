"""Many locks in one process: how much memory each further one adds, commissioned and used; what a crowd of them takes.

    python benchmarks/many_locks.py [--locks 100] [--crowd 500]

Every lock has its own socket and store, and the controller of the home commissions and operates each, so that sessions, certificates
and caches are counted; what the controller keeps of a lock is in it, too.
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from processes import installed

from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, UnlockDoor
from latchwork.sim.home import VirtualHome

_BASE = 5
"""Locks of the process that the larger one is compared with: what all locks share is loaded by then."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locks", type=int, default=100, help="how many further locks")
    parser.add_argument("--crowd", type=int, help="measure a home of so many locks instead")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(asyncio.run(_home(options.child))))
        return
    print(json.dumps(growth(options.locks) if options.crowd is None else crowd(options.crowd), indent=1))


def growth(locks: int) -> dict[str, float]:
    """KiB that each of `locks` further locks adds: resident, proportional; MiB of the whole process."""
    few, many = (_child(number) for number in (_BASE, _BASE + locks))
    found = {
        f"{kind}_kib_{state}": round((many[f"{kind}_{state}"] - few[f"{kind}_{state}"]) / locks, 1)
        for state in ("started", "used")
        for kind in ("rss", "pss")
    }
    return found | {"process_mib": round(many["rss_used"] / 1024, 1), "locks": _BASE + locks}


def crowd(locks: int) -> dict[str, float]:
    """What a home of so many locks takes: to start, to commission, a command to each, and its memory with the controller's."""
    many = _child(locks)
    return {
        "locks": locks,
        "start ms each": many["start_ms"] / locks,
        "commissioning ms each": many["commission_ms"] / locks,
        "command to each in turn ms": many["turns_ms"],
        "command to all at once ms": many["at_once_ms"],
        "process MiB": many["rss_used"] / 1024,
    }


def _child(locks: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", str(locks)]
    done = subprocess.run(command, env=installed(), capture_output=True, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


async def _home(locks: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="latchwork-many-") as folder:
        watch = _Watch()
        async with VirtualHome(locks, storage=Path(folder)) as home:
            started = memory()
            watch.lap("start_ms")
            peers = [await home.commission(lock) for lock in home.locks]
            watch.lap("commission_ms")
            for peer in peers:
                await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
            watch.lap("turns_ms")
            await asyncio.gather(*(peer.invoke(1, DoorLock.lock_door, LockDoor()) for peer in peers))
            watch.lap("at_once_ms")
            for peer in peers:
                await peer.get(1, DoorLock.lock_state)
            gc.collect()
            found = {"started": started, "used": memory()}
            return watch.laps | {f"{kind}_{state}": kib for state, now in found.items() for kind, kib in now.items()}


class _Watch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._began = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name], self._began = (now - self._began) * 1000, now


def memory() -> dict[str, int]:
    """KiB of this process, resident and proportional."""
    kept = {}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]:
        name, amount, *_ = line.split()
        kept[name] = int(amount)
    return {"rss": kept["Rss:"], "pss": kept["Pss:"]}


if __name__ == "__main__":
    main()
