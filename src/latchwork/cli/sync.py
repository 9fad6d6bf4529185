"""`latchwork sync`: how far each lock holds what it should, and looking again.

The roof.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from latchwork.base.errors import Misuse, Unreachable
from latchwork.cli.completing import DOOR
from latchwork.cli.door_words import troubles
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.cli.moments import told

_INTERVAL_S: Final = 0.1


@click.command("sync")
@click.argument("door", type=DOOR, required=False)
@click.option(
    "--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Until it is in step; exit code 4 if not."
)
@click.option(
    "--restored",
    is_flag=True,
    help="After a backup was restored: make the lock of DOOR as the hub says, where they differ.",
)
@hub_options
def command(talk: Talk, door: str | None, wait: float | None, restored: bool) -> None:
    """Show how far all locks are in step; with DOOR, have the hub look at that lock now."""
    client = talk.client
    doors = {each["id"]: each["name"] for each in client.doors()}
    lock_id = None
    if door is not None:
        lock_id = talk.door(door)["lock_id"]
        if lock_id is None:
            raise Misuse("there is no lock on this door", advice="Add one: latchwork pair CODE --door DOOR")
        if restored:
            client.call("POST", f"/locks/{lock_id}/restored")
        client.look_again(lock_id)
    elif restored:
        raise Misuse("--restored is about one lock", advice="Say which DOOR.")
    rows = _read(talk, lock_id)
    until = time.monotonic() + (wait or 0.0)
    while wait is not None and not _is_done(rows) and time.monotonic() < until:
        time.sleep(_INTERVAL_S)
        rows = _read(talk, lock_id)
    now, zone = talk.now(), talk.zone
    talk.table(
        rows,
        ("Door", "In step", "Users", "Credentials", "Read", ""),
        lambda each: (
            f"[bold]{escaped(doors.get(each['door_id'], '-'))}[/]",
            "[green]yes[/]" if each["is_in_step"] else "[yellow]no[/]",
            str(each["placed_users"]),
            str(each["placed_credentials"]),
            told(each["read_at"], zone, now),
            troubles(each),
        ),
        empty="There is no lock yet. Add one: latchwork pair CODE",
    )
    if wait is not None and not _is_done(rows):
        raise Unreachable(f"not in step after {wait:g} s", advice="See what stands in the way: latchwork doors DOOR")


def _read(talk: Talk, lock_id: str | None) -> Sequence[Mapping[str, Any]]:
    return talk.client.sync() if lock_id is None else [talk.client.sync_of(lock_id)]


def _is_done(rows: Sequence[Mapping[str, Any]]) -> bool:
    return all(each["is_in_step"] for each in rows)
