"""`latchwork share DOOR`: let another ecosystem join a lock; see who is on it, and take one off.

The roof.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

import click

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.cli.completing import DOOR
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.hub.sharing.qr_pictures import qr_terminal

_INTERVAL_S: Final = 1.0


@click.command("share")
@click.argument("door", type=DOOR)
@click.option("--with", "ecosystem", metavar="NAME", help="Which ecosystem, for its own steps: apple, google, …")
@click.option("--minutes", type=click.IntRange(3, 15), help="How long the lock is open for it.")
@click.option("--close", "is_closed", is_flag=True, help="Close it again.")
@click.option("--list", "is_list", is_flag=True, help="Who is on the lock.")
@click.option("--remove", metavar="NAME", help="Take this ecosystem off the lock: its vendor or label as listed.")
@click.option("--no-wait", "is_brief", is_flag=True, help="Show the code, and do not count down.")
@hub_options
def command(
    talk: Talk,
    door: str,
    ecosystem: str | None,
    minutes: int | None,
    is_closed: bool,
    is_list: bool,
    remove: str | None,
    is_brief: bool,
) -> None:
    """Open the lock of DOOR for another ecosystem and show the code for it; everybody stays on it."""
    found = talk.door(door)
    lock_id = found["lock_id"]
    if lock_id is None:
        raise Misuse("there is no lock on this door")
    if is_closed:
        talk.client.end_share(lock_id)
        talk.tell({"event": "closed", "door_id": found["id"]}, "The lock is closed for others again.")
    elif is_list:
        _list(talk, lock_id)
    elif remove is not None:
        _remove(talk, lock_id, remove)
    else:
        window = talk.client.share(lock_id, minutes=minutes, ecosystem=ecosystem)
        talk.tell({"event": "shared", "door_id": found["id"], **window}, _words(window), page=f"doors/{found['id']}")
        if not talk.is_json and talk.console.is_terminal:
            click.echo(qr_terminal(window["qr"]))
            if not is_brief:
                _count_down(talk, lock_id, window)


def _words(window: dict[str, Any]) -> str:
    lines = ["", f"  code  [bold]{escaped(window['code'])}[/]", f"  QR    {escaped(window['qr'])}", ""]
    lines += [f"  {number}. {escaped(step)}" for number, step in enumerate(window.get("steps", ()), 1)]
    if window.get("free_fabrics") is not None:
        lines.append(f"  [dim]room for {window['free_fabrics']} more ecosystems[/]")
    return "\n".join(lines)


def _count_down(talk: Talk, lock_id: str, window: dict[str, Any]) -> None:
    """Until somebody joins, the time is over, or Ctrl-C, which leaves the lock open."""
    ends_at = datetime.fromisoformat(window["ends_at"])
    before = {each["index"] for each in talk.client.fabrics(lock_id)}
    with talk.console.status("") as status:
        while (left := (ends_at - datetime.now(UTC)).total_seconds()) > 0:
            status.update(f"open for {int(left) // 60}:{int(left) % 60:02} more; Ctrl-C leaves it open")
            time.sleep(_INTERVAL_S)
            try:
                joined = [each for each in talk.client.fabrics(lock_id) if each["index"] not in before]
            except LatchworkError:
                continue  # the lock is busy being paired
            if joined:
                talk.console.print(f"[green]✓[/] {escaped(_called(joined[0]))} is on the lock.")
                return
    talk.console.print("The time is over; nobody came.")


def _list(talk: Talk, lock_id: str) -> None:
    talk.table(
        talk.client.fabrics(lock_id),
        ("", "Ecosystem", "Label", "Node"),
        lambda each: (
            str(each["index"]),
            f"[bold]{escaped(each['vendor'] or '?')}[/]{' (this hub)' if each['is_ours'] else ''}",
            escaped(each["label"]),
            f"[dim]{escaped(each['node_id'])}[/]",
        ),
        empty="Nobody is on it.",
    )


def _remove(talk: Talk, lock_id: str, name: str) -> None:
    """Take an ecosystem off by its exact name: it loses the lock, and what it does there."""
    fabrics = [each for each in talk.client.fabrics(lock_id) if not each["is_ours"]]
    fits = [each for each in fabrics if name in {each["vendor"], each["label"]}]
    if len(fits) != 1:
        names = ", ".join(_called(each) for each in fabrics) or "nobody else"
        what = "several ecosystems are" if fits else "no ecosystem is"
        raise Misuse(f"{what} called {name!r}", advice=f"On the lock: {names}.")
    talk.client.remove_fabric(lock_id, fits[0]["index"], confirm=name)
    talk.tell({"event": "removed", "index": fits[0]["index"]}, f"{escaped(_called(fits[0]))} is off the lock.")


def _called(fabric: dict[str, Any]) -> str:
    return " ".join(each for each in (fabric["vendor"], fabric["label"] and f"({fabric['label']})") if each) or "?"
