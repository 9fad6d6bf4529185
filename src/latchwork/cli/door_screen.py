"""A lock drawn with characters: door, keypad, buttons, what it says and what happened. Fits 80 columns and 24 lines.

The roof; imports rich. Draws a `DoorView` and knows no lock.
"""

from __future__ import annotations

import math
import textwrap
from itertools import chain
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from latchwork.cli.door_view import DoorView
from latchwork.doorlock.bolt import OPENED, BoltPosition, DoorPosition
from latchwork.doorlock.door_sensor import Calibration

WIDTH, HEIGHT = 80, 24
_RIGHT: Final = 38
_BUBBLE_LINES: Final = 4
_EVENT_LINES: Final = 9
_KEYS: Final = ("123", "456", "789", "*0#")
_LEAF: Final = "orange4"
_FRAME: Final = "grey66"
_DOOR_LINES: Final = 16
_BOLT_LINE: Final = 8
_HELP: Final = (
    (("0-9 * #", "keypad"), ("s", "Set"), ("r", "Reset (hold)"), ("f g", "fingers"), ("c", "card"), ("p", "phone")),
    (("t", "thumb turn"), ("o", "open, close"), ("k", "kick it open"), ("u", "touch"), ("v", "privacy button")),
    (("b", "battery"), ("x", "power"), (">", "a minute passes"), ("q", "end")),
)
"""Lines of keys and what they do."""


def draw(view: DoorView) -> RenderableType:
    """The whole picture."""
    body = Table.grid(padding=(0, 1))
    body.add_column(width=21)
    body.add_column(width=16)
    body.add_column(width=_RIGHT)
    body.add_row(_door(view), _lock(view), Group(_bubble(view), _events(view)))
    return Panel(
        Group(_state(view), Text(), body, _help()),
        title=Text(f" {view.title} ", style="bold"),
        width=WIDTH,
        height=HEIGHT,
        box=box.ROUNDED,
        border_style=_FRAME,
        padding=(0, 1),
    )


def _state(view: DoorView) -> Text:
    """The first line: how everything is."""
    bolt = {
        BoltPosition.LOCKED: ("locked", "bold green"),
        BoltPosition.UNLOCKED: ("unlocked", "bold yellow"),
        BoltPosition.UNLATCHED: ("unlatched", "bold yellow"),
        BoltPosition.BETWEEN: ("not fully locked", "bold red"),
    }[view.bolt]
    parts: list[tuple[str, str]] = [bolt]
    if view.door is not None:
        name = f"door {view.door.name.lower().replace('_', ' ')}"
        parts.append((name, "" if view.door is DoorPosition.CLOSED else "yellow"))
    if view.has_power:
        parts += _sensor(view)
    if not view.has_power:
        parts.append(("no power", "bold red"))
    elif view.battery is not None:
        parts.append((f"battery {view.battery:g} %", "" if view.battery > 20 else "bold red"))
    if view.window_s:
        parts.append((f"pairing {_minutes(view.window_s)}".rstrip(), "bold cyan"))
    elif view.homes:
        parts.append(("in 1 home" if view.homes == 1 else f"in {view.homes} homes", ""))
    if view.is_phone_near:
        parts.append(("phone", "cyan"))
    parts += [(fault, "red") for fault in view.faults]
    text = Text(no_wrap=True, overflow="ellipsis")
    for number, (part, style) in enumerate(parts):
        text.append("  ·  " if number else "", style="dim").append(part, style=style)
    return text


def _sensor(view: DoorView) -> list[tuple[str, str]]:
    """What the door's sensor is worth, and what it says where that is not so."""
    if view.calibration is None:
        return []
    if view.calibration is not Calibration.CALIBRATED:
        return [(f"sensor {view.calibration.name.lower().replace('_', ' ')}", "bold red")]
    if view.sensed is not view.door:
        said = "cannot tell" if view.sensed is None else f"says {view.sensed.name.lower().replace('_', ' ')}"
        return [(f"sensor {said}", "bold red")]
    return [("sensor calibrated", "")]


def _minutes(seconds: float) -> str:
    if math.isinf(seconds):
        return "open"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _door(view: DoorView) -> Text:
    """Frame and leaf; the lock is on the right, where the bolt goes into the frame."""
    text = Text("╔══════════════════╗\n", style=_FRAME)
    for line in range(_DOOR_LINES - 2):
        text.append("║", style=_FRAME)
        text.append_text(_leaf_line(view, line))
        is_thrown = line == _BOLT_LINE and view.bolt is BoltPosition.LOCKED
        text.append("█" if is_thrown else "║", style="bold green" if is_thrown else _FRAME)
        text.append("\n")
    return text.append("╨──────────────────╨", style=_FRAME)


def _leaf_line(view: DoorView, line: int) -> Text:
    if view.door in (DoorPosition.OPEN, DoorPosition.FORCED_OPEN):
        width = 5
    elif view.door in OPENED:
        width = 14
    else:
        width = 18
    last = _DOOR_LINES - 3
    edge = {0: "┌─┐", last: "└─┘"}.get(line, "│ │")
    text = Text(edge[0] + edge[1] * (width - 2) + edge[2], style=_LEAF)
    if line == _BOLT_LINE and width > 5:
        bolt = {BoltPosition.LOCKED: "━━", BoltPosition.BETWEEN: "╍ "}.get(view.bolt, "  ")
        text = Text("│", style=_LEAF).append(" " * (width - 6)).append("◉", style="bold").append(" ")
        text.append(bolt, style="bold green" if view.bolt is BoltPosition.LOCKED else "bold red").append(
            "│", style=_LEAF
        )
        if view.bolt is BoltPosition.LOCKED:
            text.right_crop(1)
            text.append("━", style="bold green")
    elif line == _BOLT_LINE + 1 and width > 5:
        turn = "┃" if view.bolt is BoltPosition.LOCKED else "━"
        text = (
            Text("│", style=_LEAF)
            .append(" " * (width - 6))
            .append(turn, style="bold")
            .append("   ")
            .append("│", style=_LEAF)
        )
    return text.append("░" * (18 - width), style="grey30")


def _lock(view: DoorView) -> Panel:
    """The lock's front: keypad, finger sensor, buttons."""
    rows = Table.grid()
    rows.add_column(justify="center", width=12)
    dots = Text("●" * view.typed, style="cyan") if view.typed else Text("· · · ·", style="grey42")
    rows.add_row(dots)
    rows.add_row()
    for keys in _KEYS if view.has_keypad else ():
        row = Text()
        for key in keys:
            style = "reverse bold" if view.lit == key else ("bold" if view.has_power else "dim")
            row.append(" ").append(f" {key} ", style=style)
        rows.add_row(row)
    rows.add_row()
    sensors = Text()
    if view.has_fingers:
        sensors.append("(◍)", style="reverse" if view.lit == "finger" else "").append(" ")
    if view.has_cards:
        sensors.append("[))]", style="reverse" if view.lit == "card" else "")
    rows.add_row(sensors)
    rows.add_row()
    buttons = Text()
    for name in ("set", "reset"):
        buttons.append(f"[{name.capitalize()}]", style="reverse bold" if name in view.down else "")
    rows.add_row(buttons)
    return Panel(rows, box=box.HEAVY, border_style="white" if view.has_power else "grey30", padding=(0, 1), width=16)


def _bubble(view: DoorView) -> Panel:
    """What the lock says."""
    said = _wrapped(f"“{view.said}”" if view.said else "…", _BUBBLE_LINES)
    return Panel(
        Text(said, style="bold" if view.said else "dim"),
        box=box.ROUNDED,
        border_style="cyan" if view.said else "grey42",
        width=_RIGHT,
        height=_BUBBLE_LINES + 2,
    )


def _wrapped(text: str, lines: int) -> str:
    wrapped = textwrap.wrap(text, _RIGHT - 4)
    if len(wrapped) > lines:
        wrapped = [*wrapped[: lines - 1], wrapped[lines - 1][: _RIGHT - 5] + "…"]
    return "\n".join(wrapped)


def _events(view: DoorView) -> Text:
    """The newest of what happened, and below it how to add the lock."""
    rows = list(chain.from_iterable(textwrap.wrap(line, _RIGHT, subsequent_indent="  ") for line in view.lines))
    shown = rows[-_EVENT_LINES:]
    text = Text("\n".join(shown + [""] * (_EVENT_LINES - len(shown))), style="")
    code = f"{view.manual[:4]}-{view.manual[4:7]}-{view.manual[7:]}"
    return text.append("\n").append(f"{code}  {view.qr}"[:_RIGHT], style="cyan" if view.window_s else "grey42")


def _help() -> Text:
    text = Text(style="grey50", no_wrap=True, overflow="ellipsis")
    for number, line in enumerate(_HELP):
        text.append("\n" if number else "")
        for place, (keys, what) in enumerate(line):
            text.append("   " if place else "").append(keys, style="bold white").append(f" {what}")
    return text
