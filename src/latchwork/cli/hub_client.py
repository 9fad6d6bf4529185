"""How the hub's verbs speak: with the hub through its API, with people in tables and sentences, with programs in JSON lines.

The roof; loads rich for people only.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from latchwork.cli.lines import emit
from latchwork.cli.log_in_file import LogIn, find_log_in
from latchwork.cli.naming import pick
from latchwork.web.client import Client, Door, Person

if TYPE_CHECKING:
    from rich.console import Console

_PATIENCE_S: Final = 30.0


class Talk:
    """One verb's conversation with the hub and with whoever typed it.

    Attributes:
        is_json: programs are listening.
    """

    def __init__(self, *, url: str | None = None, is_json: bool = False, is_plain: bool = False) -> None:
        self.is_json = is_json
        self._is_plain = is_plain
        self._url = url

    # With the hub

    @cached_property
    def log_in(self) -> LogIn:
        """Which hub, and who one is there."""
        return find_log_in(self._url)

    @cached_property
    def client(self) -> Client:
        """The hub's API."""
        return Client(self.log_in.url, self.log_in.token, timeout=_PATIENCE_S)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.client.site()["time_zone"])

    def now(self) -> datetime:
        """The present in the site's zone."""
        return datetime.now(UTC).astimezone(self.zone)

    def door(self, text: str) -> Door:
        """The door that is meant.

        Raises:
            Misuse: none is, or several may be.
        """
        return pick(text, self.client.doors(), "door")

    def doors(self, texts: Sequence[str]) -> list[Door]:
        """The doors that are meant, in the order in which they were said; `all` is all of them.

        Raises:
            Misuse: as for `door`.
        """
        known = self.client.doors()
        if [text.casefold() for text in texts] == ["all"]:
            return known
        return [pick(text, known, "door") for text in texts]

    def person(self, text: str, *, with_left: bool = False) -> Person:
        """The person who is meant.

        Raises:
            Misuse: none is, or several may be.
        """
        return pick(text, self.client.people(with_left=with_left), "person")

    def page(self, path: str = "") -> str:
        """The address of a page of the hub."""
        return f"{self.log_in.url}/{path}"

    def close(self) -> None:
        """End the conversation."""
        if "client" in self.__dict__:
            self.client.close()

    # With people and programs

    @cached_property
    def console(self) -> Console:
        """Where people read."""
        from rich.console import Console

        return Console(highlight=False, no_color=self._is_plain or None, soft_wrap=False)

    def tell(self, facts: Mapping[str, Any], text: str, *, page: str | None = None) -> None:
        """One result: `facts` for programs, `text` for people in rich's markup, and the page where there is more of it."""
        if self.is_json:
            emit(dict(facts) | ({"page": self.page(page)} if page is not None else {}))
            return
        self.console.print(text)
        if page is not None:
            self.point_to(page)

    def say(self, text: str) -> None:
        """A line for people."""
        if not self.is_json:
            self.console.print(text)

    def point_to(self, page: str) -> None:
        """Show people where there is more of it."""
        if not self.is_json:
            # Whole, so that it can be clicked and copied however narrow the terminal is.
            self.console.print(f"[dim]→ {self.page(page)}[/]", soft_wrap=True)

    def table(
        self,
        items: Iterable[Mapping[str, Any]],
        columns: Sequence[str],
        row: Callable[[Any], Sequence[str]],
        *,
        empty: str,
        page: str | None = None,
    ) -> None:
        """A list: each item for programs, a table for people.

        Args:
            items: as the API answered them.
            columns: headings.
            row: an item's cells, in rich's markup.
            empty: what people are told when there is none.
            page: where there is more of it.
        """
        listed = list(items)
        if self.is_json:
            for item in listed:
                emit(dict(item))
            return
        if not listed:
            self.console.print(empty)
            return
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, show_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for item in listed:
            table.add_row(*row(item))
        self.console.print(table)
        if page is not None:
            self.point_to(page)


def escaped(text: object) -> str:
    """A text of others, for rich's markup."""
    from rich.markup import escape

    return escape(str(text))


def hub_options(function: Callable[..., None]) -> Callable[..., None]:
    """Options of every verb that speaks to a hub; the verb gets a `Talk` first."""

    @functools.wraps(function)
    def run(*args: Any, url: str | None, is_plain: bool, json_lines: bool, **options: Any) -> None:
        talk = Talk(url=url, is_json=json_lines, is_plain=is_plain)
        try:
            function(talk, *args, **options)
        finally:
            talk.close()

    for option in (
        click.option("--json", "json_lines", is_flag=True, help="One JSON object a line."),
        click.option(
            "--no-color", "is_plain", is_flag=True, help="No colours; NO_COLOR in the environment does the same."
        ),
        click.option("--url", metavar="URL", help="Another hub than the one that you are logged in at."),
    ):
        run = option(run)
    return run
