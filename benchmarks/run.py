"""Measures Latchwork against matter.js and the C++ SDK, all in the same run on the same machine.

    python benchmarks/run.py [--quick] [--json FILE] [--cross] [--only Latchwork]

Every lock and every controller is a process of its own in a network namespace of its own (needs root); without that, ours alone is
measured on the loopback. Run tests/interop/setup first: it installs the peers. Durations are taken inside the controllers.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import many_locks
import people
from pairs import FULL, QUICK, Pair
from processes import Failed, Loopback, Network, NoNetwork, missing
from table import OURS, alone, compare, lines

import hub

PEERS = {"matter.js": ("matterjs", "matterjs"), "C++ SDK / matter.js": ("chip", "matterjs")}
_FURTHER = "rss_kib_used"
CROSS = {"matter.js / Latchwork": ("matterjs", "latchwork"), "Latchwork / matter.js": ("latchwork", "matterjs")}


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        pairs = _pairs(options, stack)
        amount, rounds = (QUICK, 2) if options.quick else (FULL, 5)
        rounds = options.rounds or rounds
        for number in range(2 * rounds):
            for pair in list(pairs.values()):
                began = time.monotonic()
                try:
                    if number < rounds:
                        pair.round(amount)
                    else:
                        pair.restart()
                except Failed as error:
                    _say(f"{pair.name} gave up: {error}")
                    if pair.name == OURS:
                        raise
                    del pairs[pair.name]
                    continue
                what = f"round {number + 1}" if number < rounds else f"restart {number - rounds + 1}"
                _say(f"{what}, {pair.name}: {time.monotonic() - began:.1f} s")
        _report(options, pairs, {} if options.no_many else _ours_alone(options))


def _ours_alone(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """What no peer can be asked, by the command that measures it."""
    further, locks, users, codes = (20, 50, 500, 200) if options.quick else (100, 500, 10_000, 1000)
    found = {}
    for command, measure in (
        (f"many_locks.py --locks {further}", lambda: many_locks.growth(further)),
        (f"many_locks.py --crowd {locks}", lambda: many_locks.crowd(locks)),
        (f"people.py --users {users} --codes {codes}", lambda: people.measured(users, codes)),
    ):
        began = time.monotonic()
        found[command] = measure()
        _say(f"{command}: {time.monotonic() - began:.1f} s")
    return found | hub.measured(quick=options.quick)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--rounds", type=int, help="how many rounds")
    parser.add_argument("--cross", action="store_true", help="measure pairs of different makers too")
    parser.add_argument("--only", action="append", help="measure only this pair; more than once for several")
    parser.add_argument("--no-many", action="store_true", help="leave out many locks, and many people in one")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    return parser.parse_args()


def _pairs(options: argparse.Namespace, stack: ExitStack) -> dict[str, Pair]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="latchwork-bench-")))
    wanted = {OURS: ("latchwork", "latchwork")} | PEERS | (CROSS if options.cross else {})
    if options.only:
        wanted = {name: kinds for name, kinds in wanted.items() if name in options.only}
    try:
        network: Any = Network()
        network.open()
        stack.callback(network.close)
    except NoNetwork as error:
        _say(f"{error}: measuring ours alone, on the loopback")
        network, wanted = None, {OURS: ("latchwork", "latchwork")}
    pairs: dict[str, Pair] = {}
    for index, (name, kinds) in enumerate(wanted.items()):
        reason = next(filter(None, map(missing, kinds)), None)
        if reason is not None:
            _say(f"{name} is left out: {reason}")
            continue
        hosts = (Loopback(), Loopback()) if network is None else (network.host(f"c{index}"), network.host(f"d{index}"))
        made = Pair(name, kinds, hosts, folder / str(index), 5600 + 50 * index)
        stack.callback(made.close)
        pairs[name] = made
    return pairs


def _report(options: argparse.Namespace, pairs: dict[str, Pair], solo: dict[str, dict[str, float]]) -> None:
    def figure(pair: str, measure: str) -> float | None:
        if measure == "memory of each further lock":
            return next((found[_FURTHER] for found in solo.values() if pair == OURS and _FURTHER in found), None)
        return pairs[pair].figure(measure)

    names = list(pairs)
    records = compare(figure, names, [name for name in names if name in PEERS])
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    print(f"{machine}; load {os.getloadavg()[0]:.1f} at the end\n")
    print("\n".join(lines(records, names)))
    if solo:
        print("\n" + "\n".join(alone(solo)))
    if options.json is not None:
        samples = {name: dict(pair.samples) for name, pair in pairs.items()}
        found = {"machine": machine, "measures": records, "ours_alone": solo, "samples": samples}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
