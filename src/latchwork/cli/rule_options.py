"""Rules of time on the command line: the options that say when, and a rule in words.

The roof, pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from latchwork.base.errors import Misuse
from latchwork.cli.moments import DAYS, parse_moment, to_wire, told

_STRETCH: Final = re.compile(r"(?P<days>[a-z,\- ]+?)\s+(?P<start>\d{1,2}:\d{2})\s*(?:-|to)\s*(?P<end>\d{1,2}:\d{2})")
_GROUPS: Final = {"daily": DAYS, "weekdays": DAYS[:5], "weekend": DAYS[5:]}


def rule_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say when; they arrive as `start`, `end`, `weekly`, `is_once` and `hours`."""
    for option in reversed(
        (
            click.option("--from", "start", metavar="TIME", help="Not before: 16:00, tomorrow 9:00, 2027-05-01 16:00."),
            click.option("--until", "end", metavar="TIME", help="Not after: friday 18:00, 2027-05-03 11:00, +3h."),
            click.option(
                "--weekly", multiple=True, metavar="'DAYS HOURS'", help="Some hours of each week: 'mon-fri 9:00-17:00'."
            ),
            click.option("--once", "is_once", is_flag=True, help="One opening; then it is gone."),
            click.option(
                "--hours",
                type=click.FloatRange(min=1 / 60, max=48),
                metavar="N",
                help="For N hours from the first use.",
            ),
        )
    ):
        function = option(function)
    return function


def make_rule(
    now: datetime, start: str | None, end: str | None, weekly: Sequence[str], is_once: bool, hours: float | None
) -> dict[str, Any]:
    """The rule as the API takes it; times are meant in `now`'s zone.

    Raises:
        Misuse: it makes no sense.
    """
    if sum((bool(weekly), is_once, hours is not None)) > 1:
        raise Misuse("--weekly, --once and --hours are different rules", advice="Choose one of them.")
    begin = None if start is None else parse_moment(start, now)
    close = None if end is None else parse_moment(end, now if begin is None else max(begin, now), is_end=True)
    if close is not None and close <= (begin or now):
        raise Misuse("it would end before it begins", advice="Look at --from and --until.")
    span = {name: to_wire(at) for name, at in (("start", begin), ("end", close)) if at is not None}
    if weekly:
        return {"kind": "weekly", "hours": [parse_hours(each) for each in weekly]} | span
    if is_once:
        return {"kind": "once"} | span
    if hours is not None:
        return {"kind": "first_use", "minutes": round(hours * 60)} | span
    if close is not None:
        return {"kind": "window", "start": to_wire(begin or now), "end": to_wire(close)}
    if begin is not None:
        raise Misuse("--from alone has no end", advice="Say --until too.")
    return {"kind": "always"}


def parse_hours(text: str) -> dict[str, Any]:
    """A stretch such as `mon-fri 9:00-17:00`, `sat,sun 10:00-12:00` or `daily 22:00-6:00`.

    Raises:
        Misuse: it is none.
    """
    found = _STRETCH.fullmatch(" ".join(text.lower().split()))
    if found is None:
        raise Misuse(f"{text!r} is no stretch of the week", advice="Such as 'mon-fri 9:00-17:00'.")
    days: list[str] = []
    for part in found["days"].replace(" ", "").split(","):
        if part in _GROUPS:
            days += _GROUPS[part]
            continue
        first, _, last = part.partition("-")
        begin, end = _weekday(first, text), _weekday(last or first, text)
        days += [DAYS[index % 7] for index in range(begin, end + 1 if end >= begin else end + 8)]
    return {"days": sorted(set(days), key=DAYS.index), "start": _wall(found["start"]), "end": _wall(found["end"])}


def _weekday(text: str, whole: str) -> int:
    if text[:3] not in DAYS:
        raise Misuse(f"{text!r} in {whole!r} is no day", advice="Days are mon, tue, wed, thu, fri, sat and sun.")
    return DAYS.index(text[:3])


def _wall(text: str) -> str:
    return text.rjust(5, "0")


def rule_words(rule: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> str:
    """A rule of the API in words."""
    start, end = rule.get("start"), rule.get("end")
    span = [f"from {told(start, zone, now)}"] if start and datetime.fromisoformat(start) > now else []
    span += [f"until {told(end, zone, now)}"] if end else []
    match rule["kind"]:
        case "always":
            return "always"
        case "window":
            return " ".join(span)
        case "weekly":
            stretches = [f"{_days(each['days'])} {each['start']}-{each['end']}" for each in rule["hours"]]
            return ", ".join([*stretches, *span])
        case "once":
            return ", ".join(["once", *span])
        case _:
            minutes = int(rule["minutes"])
            length = f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
            return ", ".join([f"{length} from the first use", *span])


def _days(days: Sequence[str]) -> str:
    """Mon-Fri, or Sat, Sun."""
    numbers = sorted(DAYS.index(day) for day in days)
    if len(numbers) == len(DAYS):
        return "every day"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{DAYS[numbers[0]].title()}-{DAYS[numbers[-1]].title()}"
    return ", ".join(DAYS[number].title() for number in numbers)
