"""Prints what `decode` found, for people.

The roof; imports rich, so only verbs that talk to people import this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree


def show(found: Mapping[str, Any]) -> None:
    """Print it on standard output."""
    console = Console(highlight=False)
    printers: dict[str, Callable[[Console, Mapping[str, Any]], None]] = {
        "onboarding-code": _codes,
        "tlv": _tlv,
        "message": _message,
    }
    printers[found["kind"]](console, found)


def _codes(console: Console, found: Mapping[str, Any]) -> None:
    name = "QR code" if found["form"] == "qr" else "manual code"
    for code in found["codes"]:
        console.print(f"[bold]Matter onboarding code[/] ({name})")
        console.print(_table({key: value for key, value in code.items() if key != "warnings"}))
        for warning in code["warnings"]:
            console.print(f"[yellow]![/] {escape(warning)}")


def _table(rows: Mapping[str, Any]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in rows.items():
        table.add_row(f"[dim]{escape(name)}[/]", escape(_text(name, value)))
    return table


def _text(name: str, value: Any) -> str:
    if name in {"vendorId", "productId", "sessionId"}:
        return f"{value} (0x{value:04X})"
    if isinstance(value, bytes):
        return value.hex() or "(none)"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nowhere"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(key, item)}" for key, item in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _tlv(console: Console, found: Mapping[str, Any]) -> None:
    name = f", message [bold]{found['message']}[/]" if "message" in found else ""
    console.print(f"[bold]TLV[/], {found['octets']} octets{name}")
    console.print(_tree(found["tree"]))


def _message(console: Console, found: Mapping[str, Any]) -> None:
    console.print(f"[bold]Message[/], {found['session']} session")
    console.print(_table(found["header"]))
    if "protocol" in found:
        console.print("[bold]Inside[/]")
        console.print(_table(found["protocol"]))
    for name in ("encrypted", "statusReport", "octets", "hint"):
        if name in found:
            console.print(_table({name: found[name]}))
    if found.get("payload"):
        console.print(_tree(found["payload"]))


def _tree(branch: Mapping[str, Any]) -> Tree:
    tree = Tree(_line(branch), guide_style="dim")
    _grow(tree, branch)
    return tree


def _grow(tree: Tree, branch: Mapping[str, Any]) -> None:
    for child in branch.get("children", ()):
        _grow(tree.add(_line(child)), child)


def _line(branch: Mapping[str, Any]) -> str:
    tag = "" if branch["tag"] is None else f"[cyan]{branch['tag']}[/] "
    name = f"[bold]{escape(branch['name'])}[/] " if "name" in branch else ""
    note = f" [green]{escape(branch['note'])}[/]" if "note" in branch else ""
    if "children" in branch:
        count = len(branch["children"])
        return f"{tag}{name}[dim]{branch['type']} of {count}[/]{note}"
    value = branch["value"]
    shown = value.hex() if isinstance(value, bytes) else repr(value) if isinstance(value, str) else _text("", value)
    return f"{tag}{name}{escape(shown)} [dim]{branch['type']}[/]{note}"
