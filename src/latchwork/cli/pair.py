"""`latchwork pair CODE`: add a lock by the code on its label, step by step.

The roof; the hub does the work, as a job that is followed.
"""

from __future__ import annotations

import shlex
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from latchwork.base.errors import Misuse
from latchwork.cli.completing import DOOR
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.cli.lines import emit

if TYPE_CHECKING:
    from rich.status import Status

_INTERVAL_S: Final = 0.05
_PATIENCE_S: Final = 600.0


@click.command("pair")
@click.argument("code")
@click.option("--name", help="Of the new door. [default: New door]")
@click.option("--door", type=DOOR, help="Put it on this door, which has no lock.")
@click.option("--replace", type=DOOR, help="Put it in the place of the lock of this door; everybody moves over.")
@hub_options
def command(talk: Talk, code: str, name: str | None, door: str | None, replace: str | None) -> None:
    """Add a lock by CODE: the text of its QR code, or its 11 or 21 digits; - reads it from standard input.

    The lock has to be in pairing mode, and powered; a hub that is far away is no hindrance, only the lock's network is.
    """
    from latchwork.matter.onboarding import parse

    if sum(each is not None for each in (name, door, replace)) > 1:
        raise Misuse("--name, --door and --replace exclude each other")
    code = sys.stdin.readline().strip() if code == "-" else code
    parse(code)
    if replace is not None:
        job = talk.client.replace_lock(talk.door(replace)["id"], code)
    elif door is not None:
        job = talk.client.add_lock(code, door_id=talk.door(door)["id"])
    else:
        job = talk.client.add_lock(code, name or "New door")
    started = time.monotonic()
    steps = _Steps(talk)
    try:
        result = talk.client.wait(job, timeout=_PATIENCE_S, interval=_INTERVAL_S, tell=steps.begin)
        steps.end(is_done=True)
    finally:
        steps.end(is_done=False)
    _tell(talk, result["door_id"], result["lock_id"], time.monotonic() - started)


def _tell(talk: Talk, door_id: str, lock_id: str, seconds: float) -> None:
    door, facts = talk.client.door(door_id), talk.client.lock_facts(lock_id)
    vendor, named = facts["vendor"], facts["product"] or "The lock"
    product = escaped(named if named.startswith(vendor) else f"{vendor} {named}")
    talk.tell(
        {
            "event": "paired",
            "door_id": door_id,
            "lock_id": lock_id,
            "name": door["name"],
            "vendor": facts["vendor"],
            "product": facts["product"],
            "ms": round(seconds * 1000),
        },
        f"{product} is on [bold]{escaped(door['name'])}[/] [dim]({seconds:.1f} s)[/]",
        page=f"doors/{door_id}",
    )
    if not talk.client.accesses(door_id=door_id):
        talk.say(f"Nobody may open it yet. Next: latchwork people add NAME --door {escaped(shlex.quote(door['name']))}")


class _Steps:
    """The steps as they begin and end: lines for programs, marks for people."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._step: str | None = None
        self._since = 0.0
        self._status: Status | None = None

    def begin(self, step: str) -> None:
        """A step begins, so the one before is done."""
        self.end(is_done=True)
        self._step, self._since = step, time.monotonic()
        if self._talk.is_json:
            emit({"event": "step", "step": step, "state": "started"})
        elif self._talk.console.is_terminal:
            self._status = self._talk.console.status(escaped(step), spinner_style="cyan")
            self._status.start()

    def end(self, *, is_done: bool) -> None:
        """The step that runs is over; harmless when none does."""
        step, self._step = self._step, None
        if self._status is not None:
            self._status.stop()
            self._status = None
        if step is None:
            return
        ms = round((time.monotonic() - self._since) * 1000)
        if self._talk.is_json:
            emit({"event": "step", "step": step, "state": "done" if is_done else "failed", "ms": ms})
            return
        # What several steps took between two looks is not known of each: only what can be seen to take time is told.
        took = f" [dim]{ms / 1000:.1f} s[/]" if ms >= 100 else ""
        self._talk.console.print(f"  {'[green]✓[/]' if is_done else '[red]✗[/]'} {escaped(step)}{took}")
