"""Memory of many locks in one process: how much each further one adds, commissioned and used.

    python benchmarks/many_locks.py [--locks 100]

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
from pathlib import Path

from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, UnlockDoor
from latchwork.sim.home import VirtualHome

_BASE = 5
"""Locks of the process that the larger one is compared with: what all locks share is loaded by then."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locks", type=int, default=100, help="how many further locks")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(asyncio.run(_home(options.child))))
        return
    print(json.dumps(growth(options.locks), indent=1))


def growth(locks: int) -> dict[str, float]:
    """KiB that each of `locks` further locks adds: resident, proportional; MiB of the whole process."""
    few, many = (_child(number) for number in (_BASE, _BASE + locks))
    found = {
        f"{kind}_kib_{state}": round((many[f"{kind}_{state}"] - few[f"{kind}_{state}"]) / locks, 1)
        for state in ("started", "used")
        for kind in ("rss", "pss")
    }
    return found | {"process_mib": round(many["rss_used"] / 1024, 1), "locks": _BASE + locks}


def _child(locks: int) -> dict[str, int]:
    done = subprocess.run([sys.executable, __file__, "--child", str(locks)], capture_output=True, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


async def _home(locks: int) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="latchwork-many-") as folder:
        async with VirtualHome(locks, storage=Path(folder)) as home:
            found = _memory("started")
            for lock in home.locks:
                peer = await home.commission(lock)
                await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
                await peer.invoke(1, DoorLock.lock_door, LockDoor())
                await peer.get(1, DoorLock.lock_state)
            gc.collect()
            return found | _memory("used")


def _memory(state: str) -> dict[str, int]:
    """KiB, resident and proportional."""
    kept = {}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]:
        name, amount, *_ = line.split()
        kept[name] = int(amount)
    return {f"rss_{state}": kept["Rss:"], f"pss_{state}": kept["Pss:"]}


if __name__ == "__main__":
    main()
