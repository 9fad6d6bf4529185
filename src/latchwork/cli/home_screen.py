"""What `latchwork home` shows to people: steps with their times, operations as they are reported, answers to commands.

The roof; imports rich, so only verbs that talk to people import this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from latchwork.base.errors import LatchworkError
from latchwork.cli.outcome import error_line


@dataclass(slots=True)
class _Row:
    """One step of one lock."""

    step: str
    title: str
    state: str
    ms: float | None = None


class PlainScreen:
    """A `home.Screen` for people: a living table while a lock is commissioned, lines for everything else."""

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._quiet = quiet
        self._rows: list[_Row] = []
        self._node = 0
        self._live: Live | None = None
        self._is_up = False

    def step(self, node: int, step: str, title: str, state: str, ms: float | None) -> None:
        """A step of commissioning began, was done or failed."""
        if self._quiet:
            return
        if node != self._node:
            self._node, self._rows = node, []
            self._begin()
        row = next((row for row in self._rows if row.step == step and row.state == "started"), None)
        if row is None:
            self._rows.append(_Row(step, title, state, ms))
        else:
            row.state, row.ms = state, ms
        if self._live is not None:
            self._live.update(self._table())
        elif state != "started":
            self._console.print(f"  {_mark(state)} {escape(title)} [dim]{_ms(ms)}[/]")

    def commissioned(self, node: int, ms: float) -> None:
        """A lock is in the home."""
        self._end()
        if not self._quiet:
            self._console.print(f"Lock {node} is in the home [dim]({_ms(ms)})[/]")

    def operation(self, node: int, command: str, state: str) -> None:
        """A lock reported an operation."""
        if not self._quiet or self._is_up:
            self._console.print(f"  [cyan]→[/] lock {node} reports {escape(command)}: [bold]{escape(state)}[/]")

    def note(self, text: str, **facts: Any) -> None:
        """Something else; `facts` are for programs, the text says them too."""
        if facts or not self._quiet:
            self._console.print(escape(text))

    def error(self, error: LatchworkError) -> None:
        """A command failed."""
        self._end()
        self._console.print(f"[red]{escape(error_line(error))}[/]")

    def ready(self, locks: int) -> None:
        """The home stays up and takes commands."""
        self._is_up = True
        which = "One lock is" if locks == 1 else f"{locks} locks are"
        self._console.print(f"{which} up. Type [bold]help[/] for what you can do, [bold]quit[/] to end.")

    def prompt(self) -> None:
        """The next command may be typed."""
        if self._console.is_terminal:
            self._console.print("[dim]home>[/] ", end="")

    def close(self) -> None:
        """The screen is left as it was found."""
        self._end()

    def _begin(self) -> None:
        self._end()
        self._console.print(f"[bold]Lock {self._node}[/] is being commissioned")
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=10)
            self._live.start()

    def _end(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _table(self) -> Group:
        table = Table.grid(padding=(0, 1))
        for row in self._rows:
            mark = Spinner("dots", style="cyan") if row.state == "started" else Text.from_markup(_mark(row.state))
            table.add_row(" ", mark, row.title, Text(_ms(row.ms), style="dim", justify="right"))
        return Group(table)


def _mark(state: str) -> str:
    return {"done": "[green]✓[/]", "failed": "[red]✗[/]"}.get(state, "·")


def _ms(ms: float | None) -> str:
    return "" if ms is None else f"{ms:.0f} ms"
