"""`latchwork journal`: who came in and what else happened; following, exporting and checking it.

The roof.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import click

from latchwork.base.errors import LatchworkError, Unreachable
from latchwork.cli.completing import DOOR, PERSON
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.cli.journal_words import what
from latchwork.cli.lines import emit
from latchwork.cli.moments import parse_moment, to_wire, told
from latchwork.web.client import ApiProblem

_AGAIN_S: Final = 2.0
_LATEST: Final = 200
_OPERATIONS: Final = frozenset({"lock", "unlock", "unbolt"})
"""What somebody did in the hub that happened at a door: a lock does not know who asked."""
_CHANGED: Final = 7
"""Exit code when the journal is not whole."""


@click.group("journal", invoke_without_command=True)
@click.option("--door", type=DOOR, help="At this door.")
@click.option("--person", type=PERSON, help="By or about this person.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="opened, refused, audit, …; several are possible.")
@click.option("--search", default="", metavar="TEXT", help="In a name, the actor or the details.")
@click.option("--from", "start", metavar="TIME", help="From then on: today, 2027-05-01, monday 9:00.")
@click.option("--to", "end", metavar="TIME", help="Before then.")
@click.option("--last", "-n", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many at most.")
@click.option("--all", "is_whole", is_flag=True, help="What the hub and its people did, too.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@click.option("--export", "form", type=click.Choice(["csv", "jsonl"]), help="Everything that is wanted, oldest first.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="With --export: into this file.")
@click.pass_context
@hub_options
def command(
    talk: Talk,
    context: click.Context,
    door: str | None,
    person: str | None,
    kinds: tuple[str, ...],
    search: str,
    start: str | None,
    end: str | None,
    last: int,
    is_whole: bool,
    follow: bool,
    form: str | None,
    output: Path | None,
) -> None:
    """Show who came in and what else happened at the doors, the newest last; --all shows everything."""
    if context.invoked_subcommand is not None:
        return
    wanted: list[tuple[str, str]] = [("kind", each) for each in kinds]
    wanted += [("search", search)] if search else []
    wanted += [("door_id", talk.door(door)["id"])] if door else []
    wanted += [("person_id", talk.person(person, with_left=True)["id"])] if person else []
    wanted += [(name, to_wire(parse_moment(at, talk.now()))) for name, at in (("from", start), ("to", end)) if at]
    if form is not None:
        _export(talk, form, wanted, output)
        return
    is_quiet = not (is_whole or kinds or search or talk.is_json)
    reading = _Reading(talk, wanted, is_quiet=is_quiet)
    reading.show(reversed(list(islice(reading.newest(), last))))
    if follow:
        reading.follow()
    elif not reading.seen and not talk.is_json:
        talk.say("Nothing has happened yet.")
    else:
        talk.point_to("activity")


class _Reading:
    """Entries on their way to who reads them."""

    def __init__(self, talk: Talk, wanted: list[tuple[str, str]], *, is_quiet: bool) -> None:
        self._talk = talk
        self._wanted = wanted
        self._is_quiet = is_quiet
        self._actors = {} if talk.is_json else _actors(talk)
        self.seen = 0

    def newest(self) -> Iterator[dict[str, Any]]:
        """What is wanted, newest first."""
        return (each for each in self._talk.client.pages("/journal", self._wanted) if self._is_wanted(each))

    def _is_wanted(self, entry: Mapping[str, Any]) -> bool:
        return not (self._is_quiet and entry["kind"] == "audit" and entry["detail"].get("did") not in _OPERATIONS)

    def show(self, entries: Iterable[dict[str, Any]]) -> None:
        """Show entries, oldest first."""
        now, zone, seen = self._talk.now(), self._talk.zone, self.seen
        for entry in entries:
            # They come in the order in which they happened; what was written last is not always the last of them.
            seen = max(seen, entry["seq"])
            if self._talk.is_json:
                emit(entry)
                continue
            at = told(entry["lock_at"] or entry["at"], zone, now)
            door = escaped(entry["door_name"])
            self._talk.console.print(f"[dim]{at:>16}[/]  {door:<14} {what(entry, self._actors)}")
        self.seen = seen

    def follow(self) -> None:
        """Show what happens, as it happens; what happened while the line was cut comes after it."""
        after: str | None = None
        while True:
            try:
                for event in self._talk.client.events(after):
                    after = event["id"] or after
                    if event["kind"] in {"journal", "reset"}:
                        self._catch_up()
            except Unreachable:
                self._talk.client.close()
            time.sleep(_AGAIN_S)
            with suppress(Unreachable):
                self._catch_up()

    def _catch_up(self) -> None:
        """What was written since; of what happened long ago and came only now, as far as it is among the newest."""
        asked = urlencode([*self._wanted, ("limit", str(_LATEST))])
        latest = self._talk.client.call("GET", f"/journal?{asked}")["data"]
        self.show([each for each in reversed(latest) if each["seq"] > self.seen and self._is_wanted(each)])


def _actors(talk: Talk) -> dict[str, str]:
    """Names of accounts, as far as one may know them."""
    try:
        accounts = talk.client.call("GET", "/accounts")["data"]
    except ApiProblem:
        return {}
    return {f"account:{each['id']}": str(each["name"]) for each in accounts}


def _export(talk: Talk, form: str, wanted: list[tuple[str, str]], output: Path | None) -> None:
    pieces = talk.client.export(form, wanted)
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    size = 0
    with output.open("wb") as file:
        for piece in pieces:
            size += file.write(piece)
    talk.tell({"event": "written", "file": str(output), "octets": size}, f"The journal is in {escaped(output)}.")


@command.command("head")
@hub_options
def head(talk: Talk) -> None:
    """Show the newest entry's hash. Keep it elsewhere: verify --against tells later whether anything before it changed."""
    found = talk.client.call("GET", "/journal/head")
    talk.tell(found, found["head"])


@command.command("verify")
@click.option("--against", multiple=True, metavar="HEAD", help="A head that was kept elsewhere.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Check a hub's folder on this machine, while no hub runs on it.",
)
@hub_options
def verify(talk: Talk, against: tuple[str, ...], folder: Path | None) -> None:
    """Make every hash of the journal again: finds what was changed, removed or put in between. Exit code 7 if so."""
    if folder is None:
        found = talk.client.verify(*against)
        checked, head_text = found["checked"], found["head"]["head"]
        first_bad, fault, unchecked = found["first_bad"], found["fault"], found["unchecked"]
    else:
        verdict = asyncio.run(_verify_folder(folder, against))
        checked, head_text = verdict.checked, str(verdict.head)
        first_bad, unchecked = verdict.first_bad, [str(each) for each in verdict.unchecked]
        fault = None if verdict.fault is None else verdict.fault.value
    is_whole = first_bad is None
    lines = [
        f"[green]The journal is whole[/]: {checked} entries."
        if is_whole
        else f"[red]The journal is not whole[/]: entry {first_bad}: {escaped(str(fault).replace('_', ' '))}."
    ]
    lines += [f"[yellow]Not checked, because retention removed it:[/] {escaped(each)}" for each in unchecked]
    lines.append(f"[dim]head {head_text}[/]")
    facts = {"is_whole": is_whole, "checked": checked, "first_bad": first_bad, "fault": fault, "head": head_text}
    talk.tell(facts | {"unchecked": unchecked}, "\n".join(lines))
    if not is_whole:
        sys.exit(_CHANGED)


async def _verify_folder(folder: Path, against: tuple[str, ...]) -> Any:
    from latchwork.hub.journal.entries import Head
    from latchwork.hub.journal.journal import Journal
    from latchwork.hub.service import DATABASE
    from latchwork.store.database import Database

    if not (folder / DATABASE).exists():
        raise LatchworkError(f"there is no hub in {folder}", advice="Look for the folder that holds hub.db.")
    async with Database(folder / DATABASE) as database:
        return await Journal(database).verify(*(Head.parse(each) for each in against))
