"""Many locks in one hub: its memory, and its processor time while something happens at every door once a minute.

    python benchmarks/hub_fleet.py [--locks 1000] [--minutes 1]

All locks share a process on one host, each with a socket of its own; the hub, with its API, is a process on another, so that its figures
are its own. It commissions all of them, subscribes to each and reads what it holds. Then a hand turns every thumb-turn once a minute,
evenly: the hub takes the event and the new state, and has the event in its journal on the disk.
"""

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hub_processes import process
from processes import Loopback, Network, NoNetwork

_PAUSE_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locks", type=int, default=1000, help="how many locks")
    parser.add_argument("--minutes", type=float, default=1, help="how long")
    options = parser.parse_args()
    print(json.dumps(measured(options.locks, options.minutes), indent=1))


def measured(number: int, minutes: float) -> dict[str, float]:
    """Every figure by its name."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="latchwork-hub-fleet-")))
        ours, theirs = _hosts(stack)
        locks = process("locks", theirs, folder / "locks", "--locks", str(number))
        stack.callback(locks.stop)
        hub = process("hub", ours, folder / "hub")
        stack.callback(hub.stop)
        empty, began, worked = hub.resident_mib, time.perf_counter(), hub.processor_ms
        hub.ask("add", codes=locks.ready["codes"])
        settled = hub.ask("settled")["result"]
        assert settled == {"locks": number, "reachable": number}, settled
        found = {
            "fleet": number,
            "adding s": time.perf_counter() - began,
            "adding processor s": (hub.processor_ms - worked) / 1000,
            "hub MiB": hub.resident_mib,
            "hub KiB of each lock": (hub.resident_mib - empty) * 1024 / number,
        }
        time.sleep(_PAUSE_S)
        before, began, worked = hub.ask("entries")["result"], time.perf_counter(), hub.processor_ms
        for _ in range(max(1, round(minutes))):
            locks.ask("turn", seconds=60.0 * min(1.0, minutes))
        took, busy = time.perf_counter() - began, hub.processor_ms - worked
        time.sleep(_PAUSE_S)
        events = hub.ask("entries")["result"] - before
        assert events == number * max(1, round(minutes)), f"{events} entries in the journal"
        return found | {
            "hub processor %": busy / 10 / took,
            "hub processor ms of each event": busy / events,
            "hub MiB afterwards": hub.resident_mib,
        }


def _hosts(stack: ExitStack) -> tuple[Any, Any]:
    network = Network()
    try:
        network.open()
    except NoNetwork as error:
        print(f"{error}: on the loopback", file=sys.stderr)
        return Loopback(), Loopback()
    stack.callback(network.close)
    return network.host("hub"), network.host("locks")


if __name__ == "__main__":
    main()
