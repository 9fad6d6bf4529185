"""`latchwork door`: a lock drawn in the terminal, with a keypad that can be typed on.

The roof; the lock is `sim.lock`, the picture `door_screen`. What keys do is one table here.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.cli.lock_options import LEVELS, LockOptions, lock_options, log_to_standard_error, make_lock_of

if TYPE_CHECKING:
    from latchwork.cli.door_view import DoorView
    from latchwork.sim.lock import VirtualLock

_REPEAT_S: Final = 0.8
"""A key that is held comes again sooner than this; then it was let go."""
_LIT_S: Final = 0.25
_TICK_S: Final = 1.0
_FINGERS: Final = MappingProxyType({"f": "Anna", "g": "Bea"})
_BUTTONS: Final = MappingProxyType({"s": "set", "r": "reset"})
_QUIT: Final = frozenset("q\x03\x04")
_ALIASES: Final = MappingProxyType({"\r": "#", "\n": "#", "\x7f": "*", "\b": "*"})


@click.command("door")
@lock_options(is_service=False)
@click.option(
    "--log", "level", type=click.Choice(LEVELS), default="error", show_default=True, help="Log on standard error."
)
@click.option("--json", "json_lines", is_flag=True, help="Only errors: what happens is drawn. For lines, see `lock`.")
def command(level: str, json_lines: bool, **options: Any) -> None:
    """Draw a door lock in the terminal, and let keys be its keypad, its buttons and its door.

    It is a lock like any other: controllers can add it with the code that it shows.
    """
    del json_lines  # read by the group, which is what prints errors
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Misuse(
            "a door is drawn in a terminal, and this is none",
            advice="Run it in a terminal, or use `latchwork lock` for a lock that speaks JSON lines.",
        )
    log_to_standard_error(level)
    asyncio.run(_Standing(LockOptions(**options)).run())


class Doorkeeper:
    """What keys do to a lock, and what is seen of it.

    Attributes:
        view: what is to be drawn.
        on_change: called when there is something else to be drawn.
    """

    def __init__(self, lock: VirtualLock, view: DoorView) -> None:
        self._lock = lock
        self.view = view
        self.on_change: Callable[[], None] = lambda: None
        self._releases: dict[str, asyncio.TimerHandle] = {}
        self._dark: asyncio.TimerHandle | None = None
        self._keys: dict[str, Callable[[], None]] = {
            **{key: self._keypad(key) for key in "0123456789*#"},
            **{key: self._button(name) for key, name in _BUTTONS.items()},
            **{key: self._finger(name) for key, name in _FINGERS.items()},
            "c": self._card,
            "t": self._turn,
            "o": self._open,
            "k": lambda: lock.handle({"force": True}),
            "u": lambda: lock.handle({"touch": True}),
            "v": lambda: lock.handle({"privacy": True}),
            "p": lambda: lock.handle({"phone": not lock.panel.vendor_app.is_phone_connected}),
            "b": self._battery,
            "x": self._power,
            ">": lambda: lock.handle({"advance": 60}),
        }
        lock.on_told = self._told
        lock.on_commissioned = lambda joined: self._told({"event": "commissioned" if joined else "decommissioned"})

    def type(self, character: str) -> None:
        """A key was typed; one that means nothing does nothing."""
        act = self._keys.get(_ALIASES.get(character, character))
        if act is None:
            return
        try:
            act()
        except LatchworkError as error:
            self.view.lines.append(f"{error}.")
        self.on_change()

    def close(self) -> None:
        """Forget what was to be done later."""
        for timer in (*self._releases.values(), self._dark):
            if timer is not None:
                timer.cancel()

    def _told(self, message: dict[str, Any]) -> None:
        self.view.hear(message)
        self.on_change()

    def _light(self, what: str) -> None:
        self.view.press(what)
        if self._dark is not None:
            self._dark.cancel()
        self._dark = asyncio.get_running_loop().call_later(_LIT_S, self._darken)

    def _darken(self) -> None:
        self.view.lit = ""
        self.on_change()

    def _keypad(self, key: str) -> Callable[[], None]:
        def act() -> None:
            self._lock.handle({"key": key})
            self._light(key)

        return act

    def _button(self, name: str) -> Callable[[], None]:
        def release() -> None:
            self._lock.handle({"release": name})
            self.on_change()

        def act() -> None:
            self._lock.handle({"press": name})
            if name in self._releases:
                self._releases[name].cancel()
            self._releases[name] = asyncio.get_running_loop().call_later(_REPEAT_S, release)

        return act

    def _finger(self, name: str) -> Callable[[], None]:
        def act() -> None:
            self._lock.handle({"finger": name})
            self._light("finger")

        return act

    def _card(self) -> None:
        self._lock.handle({"card": "blue"})
        self._light("card")

    def _turn(self) -> None:
        from latchwork.doorlock.bolt import BoltPosition

        is_locked = self._lock.hardware.bolt.position() is BoltPosition.LOCKED
        self._lock.handle({"turn": "unlock" if is_locked else "lock"})

    def _open(self) -> None:
        from latchwork.doorlock.bolt import DoorPosition

        is_closed = self._lock.door.position() is DoorPosition.CLOSED
        self._lock.handle({"open" if is_closed else "close": True})

    def _battery(self) -> None:
        left = self._lock.battery.percent()
        self._lock.handle({"battery": left - 25} if left > 25 else {"change_batteries": True})

    def _power(self) -> None:
        self._lock.handle({"power_cut" if self._lock.has_power else "power_on": True})


class _Standing:
    """A drawn lock from the command line's options to its end."""

    def __init__(self, options: LockOptions) -> None:
        self._options = options
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Draw until told to stop."""
        from rich.console import Console
        from rich.live import Live

        from latchwork.cli.door_screen import draw
        from latchwork.cli.door_view import DoorView

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        async with AsyncExitStack() as ends:
            lock, start = await make_lock_of(self._options, ends)
            keeper = Doorkeeper(lock, DoorView())
            ends.callback(keeper.close)
            await start()
            keeper.view.look(lock)
            ends.enter_context(_keys_at_once())
            live = ends.enter_context(Live(draw(keeper.view), console=Console(), screen=True, auto_refresh=False))

            def redraw() -> None:
                keeper.view.look(lock)
                live.update(draw(keeper.view), refresh=True)

            keeper.on_change = redraw
            loop.add_reader(sys.stdin.fileno(), self._typed, keeper)
            ends.callback(loop.remove_reader, sys.stdin.fileno())
            await self._tick(redraw)
            keeper.on_change = lambda: None

    async def _tick(self, redraw: Callable[[], None]) -> None:
        while not self._stop.is_set():
            redraw()
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._stop.wait()
            except TimeoutError:
                continue

    def _typed(self, keeper: Doorkeeper) -> None:
        typed = os.read(sys.stdin.fileno(), 64).decode(errors="ignore")
        if not typed or not _QUIT.isdisjoint(typed):
            self._stop.set()
        elif not typed.startswith("\x1b"):  # arrows and their like are nothing at a lock
            for character in typed:
                keeper.type(character)


@contextmanager
def _keys_at_once() -> Iterator[None]:
    """Within, keys come one by one and are not echoed."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
