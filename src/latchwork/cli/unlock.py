"""`latchwork unlock DOOR` and `latchwork lock DOOR`: asked, accepted, done; and which of these is certain.

The roof.
"""

from __future__ import annotations

import time
from typing import Final

import click

from latchwork.cli.completing import DOOR
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.web.client import Door

_PATIENCE_S: Final = 5.0
"""How long the bolt may take before the answer is that it was not heard of."""
_INTERVAL_S: Final = 0.05
_DONE: Final = {"lock": frozenset({"locked"}), "unlock": frozenset({"unlocked", "unlatched"})}

_wait = click.option(
    "--wait/--no-wait", "is_waiting", default=True, show_default=True, help="Wait for the bolt, for some seconds."
)
_latch = click.option("--keep-latch", is_flag=True, help="Withdraw the bolt, and leave the latch where it is.")


@click.command("unlock")
@click.argument("door", type=DOOR)
@_latch
@_wait
@hub_options
def command(talk: Talk, door: str, keep_latch: bool, is_waiting: bool) -> None:
    """Unlock DOOR: its name, the beginning of it, or its id."""
    found = talk.door(door)
    (talk.client.unbolt if keep_latch else talk.client.unlock)(found["id"])
    _tell(talk, found, "unlock", is_waiting=is_waiting)


@click.command("lock")
@click.argument("door", type=DOOR)
@_wait
@hub_options
def lock_a_door(talk: Talk, door: str, is_waiting: bool) -> None:
    """Lock DOOR: its name, the beginning of it, or its id."""
    found = talk.door(door)
    talk.client.lock(found["id"])
    _tell(talk, found, "lock", is_waiting=is_waiting)


def _tell(talk: Talk, door: Door, verb: str, *, is_waiting: bool) -> None:
    state = _heard(talk, door, verb) if is_waiting else None
    name, is_done = escaped(door["name"]), state in _DONE[verb]
    facts = {"event": verb, "door_id": door["id"], "name": door["name"], "lock_state": state, "is_done": is_done}
    if is_done:
        colour = "green" if verb == "lock" else "yellow"
        talk.tell(facts, f"[bold]{name}[/] is [{colour}]{state}[/].")
        return
    waited = " It has not said yet where the bolt is." if is_waiting else ""
    talk.tell(facts, f"[bold]{name}[/]: the lock has accepted it.{waited}", page=f"doors/{door['id']}")


def _heard(talk: Talk, door: Door, verb: str) -> str | None:
    """The lock's state, as soon as it is the one that was asked for; as it is when that takes too long."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        status = talk.client.door(door["id"])["status"]
        state = None if status is None else status["lock_state"]
        if state in _DONE[verb] or time.monotonic() >= until:
            return state
        time.sleep(_INTERVAL_S)
