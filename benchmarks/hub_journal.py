"""A hub's journal with a million entries: how fast it grows, is looked things up in, and is verified.

    python benchmarks/hub_journal.py [--rows 1000000]

The entries are openings of 50 doors by 100 people, one a minute, in a database on the disk. Looking things up is what the pages of the
hub ask for: the newest 50, and everything that one person did in a month, page by page.
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
from pathlib import Path
from typing import Any

from many_locks import memory
from processes import installed

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.journal.entries import Entry, How, Kind
from latchwork.hub.journal.journal import ALL, Filter, Journal
from latchwork.store.database import Database

_BEGAN = 1_767_225_600.0
_MINUTE, _MONTH = 60.0, 30 * 86_400.0
_PEOPLE, _DOORS = 100, 50
_BATCH = 5000
_LOOKS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many entries")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(asyncio.run(_measured(options.rows))))
    else:
        print(json.dumps(measured(options.rows), indent=1))


def measured(rows: int) -> dict[str, float]:
    """Every figure by its name, measured in a process of its own."""
    command = [sys.executable, __file__, "--child", "--rows", str(rows)]
    done = subprocess.run(command, env=installed(), stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


async def _measured(rows: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="latchwork-hub-journal-") as folder:
        path = Path(folder) / "hub.db"
        async with Database(path) as database:
            journal = Journal(database)
            began = time.perf_counter()
            for first in range(0, rows, _BATCH):
                await journal.append([_entry(number) for number in range(first, min(rows, first + _BATCH))])
            found = {"rows": rows, "rows written per second": rows / (time.perf_counter() - began)}
            found["one row ms"] = statistics.median(
                [
                    await _timed(lambda number=number: journal.append([_entry(number)]))
                    for number in range(rows, rows + 200)
                ]
            )
            last = _BEGAN + rows * _MINUTE
            found |= await _look_up(journal, last)
            before = memory()["rss"]
            began = time.perf_counter()
            verdict = await journal.verify()
            found["verify s"] = time.perf_counter() - began
            found["verify MiB"] = max(0, memory()["rss"] - before) / 1024
            assert verdict.is_whole, "nobody touched it"
            assert verdict.checked == rows + 200, "every entry"
        found["journal MiB"] = path.stat().st_size / 2**20
    return {name: round(value, 3) for name, value in found.items()}


async def _look_up(journal: Journal, last: float) -> dict[str, float]:
    newest = [await _timed(lambda: journal.page(ALL, limit=50)) for _ in range(_LOOKS)]
    of_door = [await _timed(lambda: journal.page(Filter(door_id="door_7"), limit=50)) for _ in range(_LOOKS)]
    middle = _BEGAN + (last - _BEGAN) / 2
    months: list[float] = []
    entries = 0
    for number in range(20):
        wanted = Filter(person_id=f"person_{number}", start=middle, end=middle + _MONTH)
        began = time.perf_counter()
        entries = await _whole(journal, wanted)
        months.append((time.perf_counter() - began) * 1000)
    return {
        "newest 50 ms": statistics.median(newest),
        "newest 50 p99 ms": sorted(newest)[int(len(newest) * 0.99)],
        "newest 50 of a door ms": statistics.median(of_door),
        "person's month ms": statistics.median(months),
        "entries of a month": entries,
    }


async def _whole(journal: Journal, wanted: Filter) -> int:
    """Everything that a filter finds, page by page."""
    entries, cursor = 0, None
    while True:
        page = await journal.page(wanted, cursor=cursor, limit=200)
        entries, cursor = entries + len(page.entries), page.cursor
        if cursor is None:
            return entries


def _entry(number: int) -> Entry:
    at = _BEGAN + number * _MINUTE
    person, door = number * 7919 % _PEOPLE, number * 104_729 % _DOORS
    return Entry(
        at=at,
        lock_at=at - 0.25,
        kind=Kind.OPENED if number % 2 else Kind.LOCKED,
        door_id=f"door_{door}",
        door_name=f"Door {door}",
        lock_id=f"lock_{door}",
        person_id=f"person_{person}",
        person_name=f"Person {person}",
        credential_kind=CredentialKind.PIN,
        credential_id=f"credential_{person}",
        how=How.KEYPAD,
        fabric_index=1,
        fabric_name="Latchwork",
        node_id=door + 1,
        event_number=number,
    )


async def _timed(perform: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await perform()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
