"""Many people in one lock, and one of them at the door.

    python benchmarks/people.py [--users 10000] [--codes 1000]

The lock has room for all of them, which no model that is sold has; it and the controller share a process, and speak over UDP on the
loopback. Each user comes with SetUser and gets a PIN with SetCredential, both timed, each answered when it is on the disk. Then the lock
restarts with them, and codes are typed at its keypad: from the last key to the motor of the bolt being told.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from many_locks import memory
from processes import installed

from latchwork.controller.peer import Peer
from latchwork.devices.models import GENERIC
from latchwork.doorlock.credentials import CredentialKind
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor
from latchwork.sim.home import VirtualHome
from latchwork.sim.lock import VirtualLock

_FIRST_PIN = 100_000
_PART = 10
"""The first and the last tenth of the users are compared: does a full lock answer as fast as an empty one?"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000, help="how many users")
    parser.add_argument("--codes", type=int, default=1000, help="how many codes are typed")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(asyncio.run(_measured(options.users, options.codes))))
    else:
        print(json.dumps(measured(options.users, options.codes), indent=1))


def measured(users: int, codes: int) -> dict[str, float]:
    """Every figure by its name, measured in a process of its own."""
    command = [sys.executable, __file__, "--child", "--users", str(users), "--codes", str(codes)]
    done = subprocess.run(command, env=installed(), stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


async def _measured(users: int, codes: int) -> dict[str, float]:
    limits = GENERIC.limits
    kinds = MappingProxyType({**limits.kinds, CredentialKind.PIN: users})
    hotel = replace(GENERIC, limits=replace(limits, users=users, kinds=kinds))
    with tempfile.TemporaryDirectory(prefix="latchwork-people-") as folder:
        async with VirtualHome(1, storage=Path(folder), model=hotel) as home:
            lock = home.locks[0]
            peer = await home.commission(lock)
            found = await _fill(peer, users)
            began = time.perf_counter()
            lock.restart()
            await lock.settled()
            found["restart ms"] = (time.perf_counter() - began) * 1000
            found |= await _type_codes(lock, await _known(home, lock), users, codes)
    return {name: round(value, 3) for name, value in found.items()}


async def _fill(peer: Peer, users: int) -> dict[str, float]:
    set_users: list[float] = []
    set_credentials: list[float] = []
    before = memory()["rss"]
    began = time.perf_counter()
    for index in range(1, users + 1):
        set_users.append(await _timed(lambda index=index: peer.invoke(1, DoorLock.set_user, _user(index))))
        set_credentials.append(await _timed(lambda index=index: _set_pin(peer, index)))
    whole = time.perf_counter() - began
    part = max(1, users // _PART)
    return {
        "users": users,
        "seconds": whole,
        "users per second": users / whole,
        "SetUser ms": statistics.median(set_users),
        "SetUser p99 ms": _p99(set_users),
        "SetUser first tenth ms": statistics.median(set_users[:part]),
        "SetUser last tenth ms": statistics.median(set_users[-part:]),
        "SetCredential ms": statistics.median(set_credentials),
        "SetCredential p99 ms": _p99(set_credentials),
        "SetCredential first tenth ms": statistics.median(set_credentials[:part]),
        "SetCredential last tenth ms": statistics.median(set_credentials[-part:]),
        "KiB per user": (memory()["rss"] - before) / users,
    }


async def _known(home: VirtualHome, lock: VirtualLock) -> Peer:
    peer = home.peer_of(lock)
    assert peer is not None, "it was commissioned"
    return peer


async def _type_codes(lock: VirtualLock, peer: Peer, users: int, codes: int) -> dict[str, float]:
    """From the last key of a code to the motor."""
    moved = 0.0

    def told() -> None:
        nonlocal moved
        moved = time.perf_counter()

    lock.bolt.on_driven = told
    durations: list[float] = []
    for number in range(codes):
        await peer.invoke(1, DoorLock.lock_door, LockDoor())
        lock.keypad.press(f"{_FIRST_PIN + 1 + number * 7919 % users}")
        moved, began = 0.0, time.perf_counter()
        lock.keypad.press("#")
        assert moved, "the code opens the lock"
        durations.append((moved - began) * 1000)
    return {"codes": codes, "keypad to bolt ms": statistics.median(durations), "keypad to bolt p99 ms": _p99(durations)}


async def _timed(perform: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await perform()
    return (time.perf_counter() - began) * 1000


def _user(index: int) -> wire.SetUser:
    return wire.SetUser(
        operation_type=wire.DataOperationTypeEnum.ADD,
        user_index=index,
        user_name=f"User {index}",
        user_unique_id=index,
        user_status=wire.UserStatusEnum.OCCUPIED_ENABLED,
        user_type=wire.UserTypeEnum.UNRESTRICTED_USER,
        credential_rule=wire.CredentialRuleEnum.SINGLE,
    )


async def _set_pin(peer: Peer, index: int) -> None:
    answer = await peer.invoke(
        1,
        DoorLock.set_credential,
        wire.SetCredential(
            operation_type=wire.DataOperationTypeEnum.ADD,
            credential=wire.CredentialStruct(credential_type=wire.CredentialTypeEnum.PIN, credential_index=index),
            credential_data=str(_FIRST_PIN + index).encode(),
            user_index=index,
            user_status=None,
            user_type=None,
        ),
    )
    assert answer.status == Status.SUCCESS, f"the lock refuses: {answer}"


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


if __name__ == "__main__":
    main()
