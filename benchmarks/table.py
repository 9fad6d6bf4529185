"""What was measured, against the better of the peers and against the bar."""

from collections.abc import Callable
from typing import Any, NamedTuple

OURS = "Latchwork"
_NONE = "-"
Figure = Callable[[str, str], float | None]
"""(pair, measure) → its figure."""


class Row(NamedTuple):
    """One line: the measure, its unit, how many times better than the better peer it has to be, and what it may be at most."""

    measure: str
    unit: str
    times: float | None = None
    most: float | None = None


ROWS = (
    Row("commissioning", "ms", times=5),
    Row("commissioning with first read", "ms", times=5),
    Row("commissioning: discovery", "ms"),
    Row("commissioning: pase", "ms"),
    Row("commissioning: commissioning", "ms"),
    Row("unlock, timed", "ms", times=5),
    Row("unlock, timed p99", "ms"),
    Row("lock, timed", "ms", times=5),
    Row("lock, timed p99", "ms"),
    Row("unlock back to back", "ms", times=5),
    Row("read of an attribute", "ms", times=5),
    Row("read of an attribute p99", "ms"),
    Row("reads per second, one at a time", "/s", times=5),
    Row("reads per second, in parallel", "/s", times=5),
    Row("read of the whole node", "ms"),
    Row("SetUser, timed", "ms"),
    Row("SetUser, timed p99", "ms"),
    Row("SetCredential, timed", "ms"),
    Row("SetCredential, timed p99", "ms"),
    Row("users with a PIN per second", "/s"),
    Row("lock first start", "ms"),
    Row("lock restart to ready", "ms"),
    Row("controller restart to ready", "ms"),
    Row("first read after both restarted", "ms"),
    Row("memory of a lock, started", "MiB", most=45),
    Row("memory of a lock, commissioned", "MiB", most=45),
    Row("memory of a lock, after load", "MiB", most=45),
    Row("memory of each further lock", "KiB", most=500),
    Row("processor: unlock or lock, controller", "ms"),
    Row("processor: unlock or lock, lock", "ms"),
    Row("processor: read, controller", "ms"),
    Row("processor: read, lock", "ms"),
    Row("processor: commissioning, controller", "ms"),
    Row("processor: commissioning, lock", "ms"),
)


def compare(figure: Figure, pairs: list[str], peers: list[str]) -> list[dict[str, Any]]:
    """A record for each row: figures by pair, the ratio to the better peer, whether the bar is reached."""
    return [_compared(row, figure, pairs, peers) for row in ROWS]


def _compared(row: Row, figure: Figure, pairs: list[str], peers: list[str]) -> dict[str, Any]:
    figures = {pair: figure(pair, row.measure) for pair in pairs}
    ours = figures.get(OURS)
    theirs = [value for pair in peers if (value := figures.get(pair)) is not None]
    more_is_better = row.unit == "/s"
    ratio = None
    if ours and theirs:
        ratio = ours / max(theirs) if more_is_better else min(theirs) / ours
    reached: bool | None = None
    if row.most is not None and ours is not None:
        reached = ours < row.most
    elif row.times is not None and ratio is not None:
        reached = ratio >= row.times
    return {
        "measure": row.measure,
        "unit": row.unit,
        "figures": {pair: None if value is None else round(value, 3) for pair, value in figures.items()},
        "ratio": None if ratio is None else round(ratio, 2),
        "bar": f"{row.times:g} x" if row.times is not None else f"< {row.most:g}" if row.most is not None else None,
        "reached": reached,
    }


def lines(records: list[dict[str, Any]], pairs: list[str]) -> list[str]:
    """The records as a table in Markdown."""
    head = ["measure", *pairs, "better peer : ours", "bar", ""]
    out = [f"| {' | '.join(head)} |", f"|{'|'.join(['---', *['---:'] * len(pairs), '---:', '---:', '---'])}|"]
    for record in records:
        cells = [_cell(record["figures"][pair], record["unit"]) for pair in pairs]
        if all(cell == _NONE for cell in cells):
            continue
        ratio = _NONE if record["ratio"] is None else f"{record['ratio']:.1f}"
        verdict = {True: "reached", False: "**missed**", None: ""}[record["reached"]]
        out.append(f"| {record['measure']} | {' | '.join(cells)} | {ratio} | {record['bar'] or ''} | {verdict} |")
    return out


ALONE = {
    "start ms each": ("each of {locks:,} locks in one process: start, with a new store", "ms"),
    "commissioning ms each": ("each of {locks:,} locks in one process: commissioning", "ms"),
    "command to each in turn ms": ("a timed command to each of {locks:,} locks, in turn", "ms"),
    "command to all at once ms": ("a timed command to each of {locks:,} locks, at once", "ms"),
    "process MiB": ("memory of {locks:,} locks and their controller", "MiB"),
    "seconds": ("{users:,} users into one lock, each with a PIN", "s"),
    "users per second": ("users with a PIN per second, {users:,} of them", "/s"),
    "SetUser ms": ("SetUser, timed", "ms"),
    "SetUser p99 ms": ("SetUser, timed p99", "ms"),
    "SetUser first tenth ms": ("SetUser, the first tenth", "ms"),
    "SetUser last tenth ms": ("SetUser, the last tenth", "ms"),
    "SetCredential ms": ("SetCredential, timed", "ms"),
    "SetCredential p99 ms": ("SetCredential, timed p99", "ms"),
    "SetCredential first tenth ms": ("SetCredential, the first tenth", "ms"),
    "SetCredential last tenth ms": ("SetCredential, the last tenth", "ms"),
    "KiB per user": ("memory of a user with a PIN", "KiB"),
    "restart ms": ("restart of a lock with {users:,} users", "ms"),
    "keypad to bolt ms": ("keypad to bolt: last key to motor, among {users:,} codes", "ms"),
    "keypad to bolt p99 ms": ("keypad to bolt p99", "ms"),
}
"""What is measured of ours alone: how the table calls it, and its unit."""

HUB = {
    "person on all s": ("hub: one person with PIN and hours on {doors:,} locks, each read again", "s"),
    "person on all best s": ("the best round of it", "s"),
    "person on all processor s": ("processor time of it, the locks' included", "s"),
    "person off all s": ("hub: the person off {doors:,} locks, each read again", "s"),
    "adding s": ("hub: {fleet:,} locks commissioned, read and subscribed", "s"),
    "hub MiB": ("memory of a hub with {fleet:,} locks", "MiB"),
    "hub KiB of each lock": ("of that for each lock", "KiB"),
    "hub MiB afterwards": ("memory of it after an event at each", "MiB"),
    "hub processor %": ("processor of it at an event a minute at each lock, of one core", "%"),
    "hub processor ms of each event": ("processor of each event", "ms"),
    "rows written per second": ("journal: {rows:,} entries, written per second", "/s"),
    "one row ms": ("journal: one more entry, on the disk", "ms"),
    "newest 50 ms": ("journal: the newest 50", "ms"),
    "newest 50 p99 ms": ("journal: the newest 50 p99", "ms"),
    "newest 50 of a door ms": ("journal: the newest 50 of a door", "ms"),
    "person's month ms": ("journal: a person's month, {entries of a month:.0f} entries", "ms"),
    "verify s": ("journal: all hashes made again", "s"),
    "journal MiB": ("journal: size on the disk", "MiB"),
    "Latchwork: API to bolt ms": ("API: unlock, request to bolt", "ms"),
    "Latchwork: API to bolt p99 ms": ("API: unlock, request to bolt p99", "ms"),
    "Latchwork: API journal ms": ("of that, who asked for it in the journal, on the disk", "ms"),
    "Latchwork: API to answer ms": ("API: unlock, request to answer", "ms"),
    "Latchwork / matter.js: API to bolt ms": ("the same with matter.js's lock", "ms"),
    "matter.js: API to bolt ms": ("the same through matter.js, with matter.js's lock", "ms"),
    "matter.js: API to bolt p99 ms": ("the same through matter.js, with matter.js's lock, p99", "ms"),
    "matter.js / Latchwork: API to bolt ms": ("the same through matter.js, with our lock", "ms"),
    "API to bolt, matter.js : ours": ("matter.js : ours", "times"),
}
"""What is measured of the hub: how the table calls it, and its unit."""

BARS = {
    "person on all s": ("doors", 100, 3.0),
    "hub MiB afterwards": ("fleet", 1000, 500.0),
    "hub processor %": ("fleet", 1000, 100 / 3),
    "newest 50 ms": ("rows", 1_000_000, 5.0),
    "Latchwork: API to bolt ms": (None, 0, 10.0),
}
"""What a figure of the hub may be at most, and of how many of what."""


def alone(found: dict[str, dict[str, float]]) -> list[str]:
    """Figures of ours alone as a table in Markdown, each beside the command that measures it."""
    reached = bars(found)
    out = ["| measure | Latchwork | bar |  | command |", "|---|---:|---|---|---|"]
    for command, figures in found.items():
        for name, (text, unit) in (ALONE | HUB).items():
            if name not in figures:
                continue
            bar, verdict = "", ""
            if name in reached:
                bar, verdict = f"< {_cell(BARS[name][2], unit)}", "reached" if reached[name] else "**missed**"
            cells = (text.format(**figures), _cell(figures[name], unit), bar, verdict, f"`{command}`")
            out.append(f"| {' | '.join(cells)} |")
    return out


def bars(found: dict[str, dict[str, float]]) -> dict[str, bool]:
    """Whether each figure that has a bar, measured of as many as the bar is for, reaches it."""
    return {
        name: figures[name] < most
        for figures in found.values()
        for name, (of, many, most) in BARS.items()
        if name in figures and (of is None or figures[of] >= many)
    }


def _cell(value: float | None, unit: str) -> str:
    if value is None:
        return _NONE
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}" if value >= 1 else f"{value:.2f} {unit}"
