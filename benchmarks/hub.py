"""The hub: a person put on many locks, many locks in one hub, a long journal, and a door unlocked through the API.

    python benchmarks/hub.py [--quick] [--json FILE] [--only people|fleet|journal|unlock]

Each part is a command of its own, too: hub_people.py, hub_fleet.py, hub_journal.py and hub_unlock.py say what they do.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import hub_fleet
import hub_journal
import hub_people
import hub_unlock
from table import alone, bars

Part = tuple[str, Callable[[], dict[str, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer of everything")
    parser.add_argument("--only", action="append", choices=("people", "fleet", "journal", "unlock"), help="this part")
    parser.add_argument("--json", type=Path, help="write what was measured to this file")
    options = parser.parse_args()
    found = measured(quick=options.quick, only=options.only)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    print(f"{machine}; load {os.getloadavg()[0]:.1f} at the end\n")
    print("\n".join(alone(found)))
    if options.json is not None:
        record = {"machine": machine, "measured": found, "bars": bars(found)}
        options.json.write_text(json.dumps(record, indent=1) + "\n")


def measured(*, quick: bool = False, only: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Every figure, by the command that measures it alone."""
    found = {}
    for name, (command, measure) in _parts(quick=quick).items():
        if only and name not in only:
            continue
        began = time.monotonic()
        found[command] = measure()
        print(f"{command}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return found


def _parts(*, quick: bool) -> dict[str, Part]:
    doors, times = (20, 3) if quick else (100, 5)
    fleet, minutes = (50, 0.1) if quick else (1000, 1)
    rows = 20_000 if quick else 1_000_000
    requests, rounds = (100, 1) if quick else (200, 3)
    return {
        "people": (
            f"hub_people.py --locks {doors} --rounds {times}",
            lambda: hub_people.measured(doors, times),
        ),
        "fleet": (
            f"hub_fleet.py --locks {fleet} --minutes {minutes:g}",
            lambda: hub_fleet.measured(fleet, minutes),
        ),
        "journal": (f"hub_journal.py --rows {rows}", lambda: hub_journal.measured(rows)),
        "unlock": (
            f"hub_unlock.py --times {requests} --rounds {rounds}",
            lambda: hub_unlock.measured(requests, rounds),
        ),
    }


if __name__ == "__main__":
    main()
