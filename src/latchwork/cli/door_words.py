"""How a door stands, in words for people.

The roof, pure; the words of the API in, rich's markup out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from latchwork.cli.hub_client import escaped
from latchwork.cli.moments import age
from latchwork.web.client import Door

_STATES: Final = {
    "locked": "[green]locked[/]",
    "unlocked": "[yellow]unlocked[/]",
    "unlatched": "[yellow]unlatched[/]",
    "not_fully_locked": "[red]not fully locked[/]",
}
_LEAVES: Final = {
    "open": "[yellow]open[/]",
    "closed": "closed",
    "ajar": "[yellow]ajar[/]",
    "forced_open": "[red]forced open[/]",
    "jammed": "[red]jammed[/]",
    "error": "[red]sensor error[/]",
}
NOT_SAID: Final = "[dim]-[/]"


def lock_state(door: Door) -> str:
    """Locked, unlocked, or that nobody knows."""
    status = door["status"]
    if status is None:
        return "[dim]no lock[/]"
    return _STATES.get(
        status["lock_state"] or "", NOT_SAID if status["lock_state"] is None else str(status["lock_state"])
    )


def leaf_state(door: Door) -> str:
    """Whether the door itself is open."""
    said = None if door["status"] is None else door["status"]["door_state"]
    return NOT_SAID if said is None else _LEAVES.get(said, escaped(said))


def battery(door: Door) -> str:
    """Per cent, or how the lock calls it."""
    status = door["status"]
    if status is None or (status["battery_percent"] is None and status["battery_level"] in {None, "ok"}):
        return NOT_SAID if status is None or status["battery_level"] is None else "ok"
    text = status["battery_level"] if status["battery_percent"] is None else f"{status['battery_percent']} %"
    colour = {"warning": "yellow", "critical": "red"}.get(status["battery_level"] or "")
    return f"[{colour}]{text}[/]" if colour else str(text)


def reach(door: Door, now: datetime) -> str:
    """Whether the lock answers, and if not since when and why."""
    status = door["status"]
    if status is None:
        return NOT_SAID
    if status["is_reachable"]:
        return "yes"
    since = "" if status["since"] is None else f" for {age(status['since'], now)}"
    why = f": {escaped(status['why_unreachable'])}" if status["why_unreachable"] else ""
    return f"[red]no{since}[/]{why}"


def troubles(sync: Mapping[str, Any] | None) -> str:
    """What is wrong on a lock, the worst first."""
    if sync is None:
        return ""
    if sync["errors"]:
        more = f" (+{len(sync['errors']) - 1})" if len(sync["errors"]) > 1 else ""
        return f"[red]{escaped(sync['errors'][0]['message'])}[/]{more}"
    if sync["warnings"]:
        more = f" (+{len(sync['warnings']) - 1})" if len(sync["warnings"]) > 1 else ""
        return f"[yellow]{escaped(sync['warnings'][0]['message'])}[/]{more}"
    if sync["pending"]:
        return f"[cyan]{sync['pending']} under way[/]"
    return "" if sync["is_in_step"] else "[dim]not read yet[/]"
