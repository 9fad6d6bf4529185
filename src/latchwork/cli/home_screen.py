"""What `latchwork home` shows to people: steps with their times, operations as they are reported, answers to commands.

The roof; imports rich, so only verbs that talk to people import this.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        self._names: dict[int, str] = {}
        self._has_people = False
        self._is_brief = False
        self._live: Live | None = None
        self._is_up = False

    def door(self, node: int, name: str, model: str) -> None:
        """What the lock's door is called, and what kind of lock it is."""
        self._names[node] = f"{escape(name)}, [dim]{escape(model)}[/]"

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
        elif state == "failed" or (state != "started" and not self._is_brief):
            self._console.print(f"  {_mark(state)} {escape(title)} [dim]{_ms(ms)}[/]")

    def commissioned(self, node: int, ms: float) -> None:
        """A lock is in the home."""
        self._end()
        if not self._quiet:
            name = f", {self._names[node]}," if self._is_brief and node in self._names else ""
            self._console.print(f"[bold]Lock {node}[/]{name} is in the home [dim]({_ms(ms)})[/]")

    def operation(self, node: int, command: str, state: str) -> None:
        """A lock reported an operation."""
        if not self._quiet or self._is_up:
            self._console.print(f"  [cyan]→[/] lock {node} reports {escape(command)}: [bold]{escape(state)}[/]")

    def person(self, name: str, code: str, words: str) -> None:
        """Somebody is here."""
        if self._quiet:
            return
        if not self._has_people:
            self._has_people = True
            self._console.print("\n[bold]People[/] get codes, each on every lock where they are let in")
        self._console.print(f"  [green]✓[/] {escape(name):<5} [bold]{escape(code)}[/]  [dim]{escape(words)}[/]")

    def placed(self, codes: int, locks: int, ms: float) -> None:
        """All codes are on all locks where they should be."""
        if not self._quiet:
            which = "the lock" if locks == 1 else f"{locks} locks"
            self._console.print(f"{codes} codes are on {which}, read back from each [dim]({_ms(ms)})[/]\n")

    def types(self, node: int, name: str) -> None:
        """Somebody types their code at a lock."""
        if not self._quiet:
            self._console.print(f"[bold]{escape(name)}[/] types their code at lock {node}")

    def entry(self, node: int, facts: Mapping[str, Any], text: str) -> None:
        """The journal tells who came in, or was refused."""
        del node
        if not self._quiet or self._is_up:
            colour = "red" if facts["kind"] == "refused" else "green"
            self._console.print(f"  [{colour}]→[/] {escape(text)}")

    def address(self, url: str, owner_link: str | None) -> None:
        """Where page and API are."""
        if self._quiet:
            return
        self._console.print(f"\nPage and API: [bold]{escape(url)}[/]", soft_wrap=True)
        if owner_link is not None:
            self._console.print("Become its owner in a browser, or here in another terminal:")
            self._console.print(f"  latchwork login '{escape(owner_link)}'", soft_wrap=True)

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

    def _name(self) -> str:
        return f", {self._names[self._node]}," if self._node in self._names else ""

    def _begin(self) -> None:
        self._end()
        # Who has seen the steps of one lock knows those of the others: they are shown while they last.
        self._is_brief = self._node > 1
        if not self._is_brief:
            self._console.print(f"[bold]Lock {self._node}[/]{self._name()} is being commissioned")
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=10, transient=self._is_brief)
            self._live.start()

    def _end(self) -> None:
        live, self._live = self._live, None
        if live is None:
            return
        live.stop()
        if self._is_brief:
            for row in self._rows:
                if row.state == "failed":
                    self._console.print(f"  {_mark(row.state)} {escape(row.title)} [dim]{_ms(row.ms)}[/]")

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
