"""`latchwork lock`: one virtual door lock as a process of its own, driven and watched by JSON lines; or, with a door, asking the hub.

The roof. Kept small: what it imports stays in memory for as long as the lock runs, so nothing for people or controllers is loaded.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

import click

from latchwork.base.errors import LatchworkError
from latchwork.cli.lines import StandardInput, StandardOutput, line_of, parse
from latchwork.cli.lock_options import LEVELS, LockOptions, lock_options, log_to_standard_error, make_lock_of
from latchwork.cli.process import settle, since_start_ms

if TYPE_CHECKING:  # loaded when the lock is made
    from latchwork.sim.lock import VirtualLock


_HUB_FLAGS: Final = frozenset({"--json", "--no-color", "--wait", "--no-wait"})
_HUB_VALUES: Final = ("--url",)


class _DeviceOrDoor(click.Command):
    """`lock --storage DIR …` is a device; `lock DOOR` locks a door of the hub, with the options of that verb."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the one that is meant."""
        if _names_a_door(args):
            from latchwork.cli.unlock import lock_a_door

            return lock_a_door.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Options of the device, or names of doors."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from latchwork.cli.completing import completed

        return completed(incomplete)


def _names_a_door(args: list[str]) -> bool:
    """Whether the first word that is no option of the hub's verbs is a name."""
    words = iter(args)
    for word in words:
        if word in _HUB_VALUES:
            next(words, None)
        elif word not in _HUB_FLAGS and not word.startswith(tuple(f"{each}=" for each in _HUB_VALUES)):
            return not word.startswith("-")
    return False


@click.command("lock", cls=_DeviceOrDoor)
@lock_options(is_service=True)
@click.option(
    "--log", "level", type=click.Choice(LEVELS), default="warn", show_default=True, help="Log on standard error."
)
@click.option("--keep", is_flag=True, help="Go on when standard input ends, as a service.")
@click.option("--json", "json_lines", is_flag=True, help="One JSON object a line.")
def command(level: str, keep: bool, json_lines: bool, **options: Any) -> None:
    """Be one door lock that Matter controllers can add and use; `latchwork lock DOOR` locks a door of the hub instead.

    Standard input takes what happens at the door, one JSON object a line: {"turn":"lock"}, {"keys":"123456#"}, {"press":"set"},
    {"finger":"Anna"}, {"open":true} and more; see the reference. The lock stops at its end (see --keep), and with SIGTERM or SIGINT.
    """
    log_to_standard_error(level)
    asyncio.run(_Serving(LockOptions(**options), keep=keep, json_lines=json_lines).run())


class _Serving:
    """One lock from the command line's options to its end."""

    def __init__(self, options: LockOptions, *, keep: bool, json_lines: bool) -> None:
        self._options = options
        self._keep = keep
        self._form = line_of if json_lines else _said
        self._stop = asyncio.Event()
        self._output: StandardOutput
        self._lock: VirtualLock

    async def run(self) -> None:
        """Serve until told to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        async with AsyncExitStack() as ends:
            self._output = StandardOutput()
            ends.callback(self._output.close)
            self._lock, start = await make_lock_of(self._options, ends)
            self._watch()
            await start()
            settle()
            self._tell(ready(self._lock) | {"ms": since_start_ms(), "pid": os.getpid()})
            await self._listen()

    def _watch(self) -> None:
        lock = self._lock
        lock.on_operation = self._operated
        lock.on_told = self._tell
        lock.on_commissioned = lambda joined: self._tell({"event": "commissioned" if joined else "decommissioned"})

    def _tell(self, message: dict[str, Any]) -> None:
        self._output.write(self._form(message))

    async def _listen(self) -> None:
        lines = StandardInput(self._take, on_end=None if self._keep else self._stop.set)
        await self._stop.wait()
        lines.close()

    def _take(self, line: str) -> None:
        try:
            self._lock.handle(parse(line))
        except LatchworkError as error:
            from latchwork.cli.outcome import error_object

            self._tell(error_object(error))

    def _operated(self, operation: Any) -> None:
        self._tell(operation_line(operation))


def ready(lock: VirtualLock) -> dict[str, Any]:
    """What is told of a lock that can be found."""
    return {
        "event": "ready",
        "port": lock.port,
        "qr": lock.qr,
        "manual": lock.manual,
        "commissioned": lock.is_commissioned,
    }


def operation_line(operation: Any) -> dict[str, Any]:
    """What a peer told the lock to do, and what came of it."""
    from latchwork.cli.values import pascal

    line = {
        "event": "operation",
        "command": pascal(operation.command),
        "pin": operation.has_pin,
        "fabric": operation.fabric_index,
        "status": int(operation.status),
    }
    return line | ({"error": operation.error} if operation.error else {"lockState": pascal(operation.state)})


def _said(message: dict[str, Any]) -> str:
    """A message in words, its end included."""
    if message["event"] != "ready":
        from latchwork.cli.lock_words import words

        return f"{words(message)}\n"
    state = "It belongs to a home already." if message["commissioned"] else "Add it with either of these codes:"
    codes = f"\n  QR code text   {message['qr']}\n  Manual code    {message['manual']}"
    return f"The lock is up on UDP port {message['port']}. {state}{'' if message['commissioned'] else codes}\n"
