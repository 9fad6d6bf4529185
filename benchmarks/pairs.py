"""One controller with one lock: every measure, a round at a time, so that pairs take turns on a noisy machine."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import Failed, Process, controller, lock

LOCK = {"endpoint": 1, "cluster": "DoorLock"}
LOCK_STATE = LOCK | {"attribute": "LockState"}
SETTLE_S = 1.0
"""Between a lock's start and its commissioning: its announcements are over."""


@dataclass(frozen=True)
class Amount:
    """How much one round does."""

    operations: int
    reads: int
    wildcards: int
    parallel: tuple[int, ...]
    fills: int


FULL = Amount(operations=200, reads=400, wildcards=6, parallel=(2, 4, 8, 16, 30), fills=5)
QUICK = Amount(operations=60, reads=150, wildcards=3, parallel=(4, 16), fills=1)
USERS = 20
"""Users that a lock is filled with and cleared of; matter.js's lock has room for no more."""
EVERYBODY = 0xFFFE


class Pair:
    """A controller kind and a lock kind on two hosts.

    Attributes:
        name: how the table calls it.
        samples: measured values by measure; milliseconds, MiB or requests per second.
    """

    def __init__(self, name: str, kinds: tuple[str, str], hosts: tuple[Any, Any], folder: Path, port: int) -> None:
        self.name, self._kinds, self._hosts, self._folder, self._port = name, kinds, hosts, folder, port
        self.samples: dict[str, list[float]] = defaultdict(list)
        self._rounds = 0
        self._node = ""
        self._lock: Process | None = None
        self._controller = controller(kinds[0], hosts[0], folder / "controller")
        self.samples["controller first start"].append(self._controller.started_ms)

    def round(self, amount: Amount) -> None:
        """One round of every measure but the restart; the controller lives through all rounds, as an app does."""
        self._commission()
        self._operate(amount.operations)
        self._read(amount)
        self._fill(amount.fills)

    def close(self) -> None:
        """End both processes."""
        self._controller.stop()
        if self._lock is not None:
            self._lock.stop()

    def _commission(self) -> None:
        """A new lock; the one before leaves the fabric first, so that every round is alike."""
        if self._lock is not None:
            self._controller.ask("decommission", node=self._node)
            self._lock.stop()
        self._rounds += 1
        made = lock(
            self._kinds[1],
            self._hosts[1],
            self._folder / f"lock{self._rounds}",
            port=self._port + self._rounds,
            discriminator=(self._port + 256 * self._rounds) % 4096,
        )
        self._lock = made
        self._note("lock first start", made.started_ms)
        time.sleep(SETTLE_S)
        self._note("memory of a lock, started", made.resident_mib)
        with self._processors("commissioning", 1):
            answer = self._controller.ask("commission", code=made.ready["qr"])
        self._node = answer["result"]["node"]
        phases = answer["result"].get("phases")
        if phases is None:  # the C++ SDK's controller does not read the device when it commissions
            first_read = self._controller.ask("read", node=self._node)["ms"]
            phases = {"firstRead": first_read}
            whole = answer["ms"] + first_read
        else:
            whole = answer["ms"]
            for phase in ("discovery", "pase", "commissioning"):
                self._note(f"commissioning: {phase}", phases[phase])
        self._note("commissioning", whole - phases["firstRead"])
        self._note("commissioning with first read", whole)
        self._note("memory of a lock, commissioned", made.resident_mib)

    def _operate(self, times: int) -> None:
        for command in ("UnlockDoor", "LockDoor") * 5:  # warm
            self._operation(command)
        with self._processors("unlock or lock", times // 2 * 2):
            for _ in range(times // 2):
                self._note("unlock, timed", self._operation("UnlockDoor"))
                self._note("lock, timed", self._operation("LockDoor"))
        self.samples["unlock back to back"] += self._repeat("invoke", times, **LOCK, **TIMED, command="UnlockDoor")[1]
        self._operation("LockDoor")

    def _operation(self, command: str) -> float:
        ms: float = self._controller.ask("invoke", node=self._node, **LOCK, **TIMED, command=command)["ms"]
        return ms

    def _read(self, amount: Amount) -> None:
        self._repeat("read", 30, **LOCK_STATE)
        with self._processors("read", amount.reads):
            total, durations = self._repeat("read", amount.reads, **LOCK_STATE)
        self.samples["read of an attribute"] += durations
        self._note("reads per second, one at a time", amount.reads * 1000 / total)
        best = 0.0
        for parallel in amount.parallel:
            total, _ = self._repeat("read", amount.reads * 2, parallel=parallel, **LOCK_STATE)
            best = max(best, amount.reads * 2000 / total)
        self._note("reads per second, in parallel", best)
        self.samples["read of the whole node"] += self._repeat("read", amount.wildcards)[1]
        self._note("memory of a lock, after load", self._lock.resident_mib)

    def _fill(self, times: int) -> None:
        """People come into the lock, each with a PIN; when it is full, all of them go."""
        for fill in range(times):
            took = 0.0
            for index in range(1, USERS + 1):
                took += self._program("SetUser", **user(index))
                took += self._program("SetCredential", **pin(index, 100_000 + fill * USERS + index))
            self._note("users with a PIN per second", USERS * 1000 / took)
            self._program("ClearUser", userIndex=EVERYBODY)

    def _program(self, command: str, **fields: Any) -> float:
        asked = LOCK | {"timed": 5, "command": command, "fields": fields}
        answer = self._controller.ask("invoke", node=self._node, **asked)
        status = (answer.get("result") or {}).get("status", 0)
        if status != 0:
            raise Failed(f"{self.name}: {command}: status {status}")
        self._note(f"{command}, timed", answer["ms"])
        ms: float = answer["ms"]
        return ms

    def restart(self) -> None:
        """Both processes end and start again on what they stored."""
        self._lock.stop()
        self._lock = self._lock.again()
        self._note("lock restart to ready", self._lock.started_ms)
        self._controller.stop()
        self._controller = self._controller.again()
        self._note("controller restart to ready", self._controller.started_ms)
        answer = self._controller.ask("read", node=self._node, **LOCK_STATE)
        self._note("first read after both restarted", answer["ms"])

    def _repeat(self, operation: str, times: int, parallel: int = 1, **fields: Any) -> tuple[float, list[float]]:
        """Milliseconds in all and of each, measured inside the controller."""
        if self._kinds[0] == "chip":
            asked = {"operation": "repeat", "what": operation, "times": times}
        else:
            asked = {"operation": operation, "repeat": times}
        result = self._controller.ask(**asked, parallel=parallel, node=self._node, **fields)["result"]
        return result["total"], result["durations"]

    @contextmanager
    def _processors(self, what: str, times: int) -> Iterator[None]:
        sides = {"controller": self._controller, "lock": self._lock}
        before = {side: process.processor_ms for side, process in sides.items()}
        yield
        for side, process in sides.items():
            self._note(f"processor: {what}, {side}", (process.processor_ms - before[side]) / times)

    def _note(self, measure: str, value: float) -> None:
        self.samples[measure].append(value)

    def figure(self, measure: str) -> float | None:
        """The median of a measure, or with ` p99` behind its name that quantile; None where it was not measured."""
        name, is_tail = (measure[:-4], True) if measure.endswith(" p99") else (measure, False)
        values = self.samples.get(name)
        if not values:
            return None
        if is_tail:
            return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]
        # Processor time is counted in ticks of 10 ms: the mean of the rounds knows more than their median.
        return statistics.fmean(values) if name.startswith("processor") else statistics.median(values)


TIMED = {"timed": 5, "fields": {}}


def user(index: int) -> dict[str, Any]:
    """The fields of SetUser for a new user."""
    values = {"userUniqueId": index, "userStatus": 1, "userType": 0, "credentialRule": 0}
    return {"operationType": 0, "userIndex": index, "userName": f"User {index}"} | values


def pin(index: int, digits: int) -> dict[str, Any]:
    """The fields of SetCredential for a new PIN of the user at the same index."""
    credential = {"credentialType": 1, "credentialIndex": index}
    data = {"hex": str(digits).encode().hex()}
    owner = {"userIndex": index, "userStatus": None, "userType": None}
    return {"operationType": 0, "credential": credential, "credentialData": data} | owner
