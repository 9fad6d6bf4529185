"""A door unlocked through an API: from the HTTP request to the bolt, by the hub and through matter.js.

    python benchmarks/hub_unlock.py [--times 200] [--rounds 3]

The client is on the hub's host and speaks HTTP over its loopback, on one connection that stays; the lock is on another host. The hub
knows by a token who asks, has the request in its journal and on the disk before the lock hears of it, and takes the lock's reports
beside it. matter.js is its controller behind an HTTP server of some lines, which does none of this. Unlocking and locking alternate, one
request at a time, and every pair takes its turn in each round. Needs root for the network; without it ours is measured alone.
"""

import argparse
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hub_processes import process
from processes import Failed, Loopback, Network, NoNetwork, controller, lock, missing

OURS, THEIRS = "Latchwork", "matter.js"
PAIRS = {
    OURS: ("latchwork", "latchwork"),
    THEIRS: ("matterjs", "matterjs"),
    f"{THEIRS} / {OURS}": ("matterjs", "latchwork"),
    f"{OURS} / {THEIRS}": ("latchwork", "matterjs"),
}
"""Who answers the request, and whose the lock is."""
_WARM = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200, help="requests of a round")
    parser.add_argument("--rounds", type=int, default=3, help="how often")
    parser.add_argument("--ours", action="store_true", help="leave matter.js out")
    options = parser.parse_args()
    print(json.dumps(measured(options.times, options.rounds, ours=options.ours), indent=1))


def measured(times: int, rounds: int, *, ours: bool = False) -> dict[str, float]:
    """Every figure by its name; those with matter.js only where it is installed and wanted."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="latchwork-hub-unlock-")))
        network = _network(stack)
        ways = {}
        for number, (name, kinds) in enumerate(PAIRS.items()):
            if "matterjs" in kinds and (reason := _without(network, ours=ours)):
                print(f"{name} is left out: {reason}", file=sys.stderr)
                continue
            ways[name] = Way(name, kinds, network, folder / str(number), number)
            stack.callback(ways[name].close)
        for _ in range(rounds):
            for way in ways.values():
                way.round(times)
    found: dict[str, float] = {}
    for name, way in ways.items():
        found |= way.figures()
        if name == THEIRS:
            found["API to bolt, matter.js : ours"] = (
                found[f"{THEIRS}: API to bolt ms"] / found[f"{OURS}: API to bolt ms"]
            )
    return {name: round(value, 3) for name, value in found.items()}


def _without(network: Network | None, *, ours: bool) -> str | None:
    """Why matter.js is left out."""
    if ours:
        return "not wanted"
    return "needs a network of its own" if network is None else missing("matterjs")


def _network(stack: ExitStack) -> Network | None:
    network = Network()
    try:
        network.open()
    except NoNetwork as error:
        print(f"{error}: measuring ours alone, on the loopback", file=sys.stderr)
        return None
    stack.callback(network.close)
    return network


class Way:
    """One API with one lock."""

    def __init__(self, name: str, kinds: tuple[str, str], network: Network | None, folder: Path, number: int) -> None:
        self.name = name
        self._stack = ExitStack()
        self._to_bolt: list[float] = []
        self._to_answer: list[float] = []
        self._on_disk: list[float] = []
        hosts: tuple[Any, Any] = (Loopback(), Loopback())
        if network is not None:
            hosts = network.host(f"h{number}"), network.host(f"l{number}")
        self._is_ours = kinds[1] == "latchwork"
        if self._is_ours:
            self._lock = process("locks", hosts[1], folder / "lock")
            code = self._lock.ready["codes"][0]
        else:
            self._lock = lock("matterjs", hosts[1], folder / "lock", port=5700 + number, discriminator=700 + number)
            code = self._lock.ready["qr"]
        self._stack.callback(self._lock.stop)
        self._client = process("client", hosts[0], folder / "client")
        self._stack.callback(self._client.stop)
        api = (
            process("hub", hosts[0], folder / "hub")
            if kinds[0] == "latchwork"
            else controller("matterjs", hosts[0], folder / "hub")
        )
        self._stack.callback(api.stop)
        self._api = api
        if kinds[0] == "latchwork":
            door = api.ask("add", codes=[code])["result"][0]["id"]
            api.ask("settled")
            self._asked: dict[str, Any] = api.ask("address")["result"]
            self._asked["paths"] = [f"/api/v1/doors/{door}/unlock", f"/api/v1/doors/{door}/lock"]
        else:
            node = api.ask("commission", code=code)["result"]["node"]
            self._asked = api.ask("serveHttp")["result"]
            self._asked["paths"] = [f"/{node}/unlock", f"/{node}/lock"]
        self._operate(_WARM)

    def round(self, times: int) -> None:
        """Ask so often."""
        asked, moved = self._operate(times)
        self._to_bolt += [(at - began) * 1000 for began, at in zip(asked["began"], moved, strict=True)]
        pairs = zip(asked["began"], asked["answered"], strict=True)
        self._to_answer += [(answered - began) * 1000 for began, answered in pairs]
        if self.name == OURS:
            self._on_disk += [seconds * 1000 for seconds in self._api.ask("note", times=times)["result"]]

    def _operate(self, times: int) -> tuple[dict[str, list[float]], list[float]]:
        times = times // 2 * 2
        asked = self._client.ask("operate", times=times, **self._asked)["result"]
        if self._is_ours:
            moved = self._lock.ask("moves")["result"]
        else:
            moved = [self._lock.next_line("operation")["moved"] for _ in range(times)]
        if len(moved) != times:
            raise Failed(f"{self.name}: {times} requests moved the bolt {len(moved)} times")
        return asked, moved

    def figures(self) -> dict[str, float]:
        """Medians and tails, milliseconds."""
        disk = {f"{self.name}: API journal ms": statistics.median(self._on_disk)} if self._on_disk else {}
        return disk | {
            f"{self.name}: API to bolt ms": statistics.median(self._to_bolt),
            f"{self.name}: API to bolt p99 ms": sorted(self._to_bolt)[int(len(self._to_bolt) * 0.99)],
            f"{self.name}: API to answer ms": statistics.median(self._to_answer),
        }

    def close(self) -> None:
        """End its processes."""
        self._stack.close()


if __name__ == "__main__":
    main()
