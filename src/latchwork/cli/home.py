"""`latchwork home`: a virtual house on this machine: locks, a hub that adds and uses them, people, and then commands.

The roof; the locks are `sim.home`, the hub is the one of `latchwork hub`, what happens is `home_story`, what people see is
`home_screen`, what they type is `home_prompt`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import stat
import sys
import tempfile
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from latchwork.base.errors import LatchworkError
from latchwork.cli.home_lines import JsonScreen, Screen
from latchwork.cli.hub_service import PORT, Address, Serving, open_hub, serving
from latchwork.cli.lines import StandardInput

if TYPE_CHECKING:
    from latchwork.cli.household import Household
    from latchwork.hub.service import Hub
    from latchwork.sim.home import VirtualHome
    from latchwork.web.virtual_doors import VirtualDoors

_MODELS: Final = ("u400", "u100", "generic", "u300", "a100")
"""What kinds of lock the doors have, in their order."""
_MAX_TYPED: Final = 1000
"""Commands that may wait: more were written by a program that does not read the answers."""


@click.command("home")
@click.option("--locks", type=click.IntRange(1, 200), default=3, show_default=True, help="How many locks.")
@click.option("--interface", default="lo", show_default=True, help="Network interface; lo stays on this machine.")
@click.option("--storage", type=click.Path(path_type=Path, file_okay=False), help="Remember the home in this folder.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port of page and API; 0 is a free one. [default: 8126, or a free one]",
)
@click.option("--once", is_flag=True, help="One round with every lock, then end; exit code 0 only if all worked.")
@click.option("--quiet", is_flag=True, help="Only what must be said.")
@click.option("--json", "json_lines", is_flag=True, help="One JSON object a line.")
def command(
    locks: int, interface: str, storage: Path | None, port: int | None, once: bool, quiet: bool, json_lines: bool
) -> None:
    """Run a virtual house: doors with locks of several models, a hub, and people who come home.

    The hub adds each lock over real Matter, unlocks and locks it; a family and a guest get their codes; somebody types one,
    and the journal tells who it was. Then the house stays up: with its page and API, and with commands (type help). It needs
    no root and no network beyond the loopback, and several houses can run at once.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    with ExitStack() as stack:
        folder = storage or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="latchwork-home-")))
        screen = _screen(quiet=quiet, json_lines=json_lines)
        stack.callback(screen.close)
        try:
            asyncio.run(_run(screen, locks=locks, interface=interface, storage=folder, port=port, once=once))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


def _screen(*, quiet: bool, json_lines: bool) -> Screen:
    if json_lines:
        return JsonScreen()
    from latchwork.cli.home_screen import PlainScreen

    return PlainScreen(quiet=quiet)


async def _run(screen: Screen, *, locks: int, interface: str, storage: Path, port: int | None, once: bool) -> None:
    from latchwork.cli.home_story import Story
    from latchwork.cli.household import Household
    from latchwork.devices.models import MODELS
    from latchwork.sim.home import VirtualHome

    life = _Life()
    async with AsyncExitStack() as stack:
        models = [MODELS[key] for key in _MODELS]
        home = await stack.enter_async_context(VirtualHome(locks, interface=interface, storage=storage, model=models))
        hub = await stack.enter_async_context(open_hub(storage, home.controller))
        household = Household(home, hub, screen)
        stack.push_async_callback(household.close)
        await household.move_in()
        await Story(household, screen).play()
        up = await _face(stack, hub, port, _doors(stack, home, hub))
        if not once:
            screen.address(up.url, up.owner_link)
            await life.stay(household, screen)


def _doors(stack: AsyncExitStack, home: VirtualHome, hub: Hub) -> VirtualDoors:
    """Its doors, for the pages that draw them."""
    from latchwork.cli.virtual_doors import HomeDoors

    doors = HomeDoors(lambda: home.locks, hub, home.controller)
    stack.callback(doors.close)
    return doors


async def _face(stack: AsyncExitStack, hub: Hub, port: int | None, doors: VirtualDoors) -> Serving:
    """Page and API at their usual port; at a free one where that is taken and nobody asked for it."""
    from latchwork.web.server import PortInUse

    try:
        return await stack.enter_async_context(
            serving(hub, Address(port=PORT if port is None else port), virtual_doors=doors)
        )
    except PortInUse:
        if port is not None:
            raise
        return await stack.enter_async_context(serving(hub, Address(), virtual_doors=doors))


class _Life:
    """From the first sign of life to the signal, the word or the end of input that ends it."""

    def __init__(self) -> None:
        self._main = asyncio.current_task()
        self._stop = asyncio.Event()
        self._is_up = False
        self._lines: asyncio.Queue[str] = asyncio.Queue(_MAX_TYPED)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._interrupted)

    def _interrupted(self) -> None:
        if self._is_up:
            self._stop.set()
        elif self._main is not None:
            self._main.cancel()

    async def stay(self, household: Household, screen: Screen) -> None:
        """Take commands until told to end."""
        self._is_up = True
        screen.ready(len(household.home.locks))
        typed = StandardInput(self._type)
        obeying = asyncio.create_task(self._obey(household, screen))
        ends: list[asyncio.Task[Any]] = [asyncio.create_task(self._stop.wait()), obeying]
        if not _is_nothing():
            ends.append(asyncio.create_task(self._typed_all(typed)))
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        typed.close()
        for end in ends:
            end.cancel()
        results = await asyncio.gather(*ends, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _type(self, line: str) -> None:
        if not self._lines.full():
            self._lines.put_nowait(line)

    async def _typed_all(self, typed: StandardInput) -> None:
        await typed.ended.wait()
        await self._lines.join()

    async def _obey(self, household: Household, screen: Screen) -> None:
        from latchwork.cli.home_prompt import obey

        screen.prompt()
        while True:
            line = await self._lines.get()
            try:
                if not await obey(line, household):
                    return
            except LatchworkError as error:
                screen.error(error)
            finally:
                self._lines.task_done()
            screen.prompt()


def _is_nothing() -> bool:
    """Whether standard input is closed or the null device: a service's home stays up although there is nothing to read."""
    return sys.stdin is None or (stat.S_ISCHR(os.fstat(0).st_mode) and not os.isatty(0))
