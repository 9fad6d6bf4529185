"""`latchwork backup`: everything in one encrypted file, the fabric's keys too, and a hub made of it again.

The roof. Creating asks the running hub; restoring works on a folder, without one.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import click

from latchwork.base.errors import Misuse
from latchwork.cli.asking import ask_secret
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.cli.lines import emit
from latchwork.cli.places import hub_folder

_FILE = click.Path(path_type=Path, dir_okay=False)
_piped = click.option("--passphrase-stdin", "is_piped", is_flag=True, help="Read the passphrase from standard input.")


@click.group("backup")
def command() -> None:
    """Keep everything in one encrypted file, or make a hub of such a file."""


@command.command("create")
@click.argument("file", type=_FILE, required=False)
@_piped
@hub_options
def create(talk: Talk, file: Path | None, is_piped: bool) -> None:
    """Write FILE, encrypted with a passphrase of at least 12 characters. Without the passphrase it is worth nothing."""
    file = file or Path(f"latchwork-{date.today():%Y-%m-%d}.backup")  # noqa: DTZ011 - a name for people, in their time
    if file.exists():
        raise Misuse(f"there is a file {file} already", advice="Choose another name: nothing is overwritten.")
    size = _write(file, talk.client.backup(ask_secret("Passphrase", is_piped=is_piped, is_new=True)))
    talk.tell(
        {"event": "written", "file": str(file), "octets": size},
        f"Everything is in [bold]{escaped(file)}[/] ({size / 1024:.0f} KiB). Keep it elsewhere, and the passphrase elsewhere again.",
    )


def _write(file: Path, pieces: Iterator[bytes]) -> int:
    """Write a new file for its owner's eyes, durable or not at all; gives its octets."""
    first = next(pieces, b"")  # what is wrong with the request is known before there is a file
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as target:
            size = target.write(first) + sum(target.write(piece) for piece in pieces)
            target.flush()
            os.fsync(target.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return size


@command.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="LATCHWORK_FOLDER",
    help="Of the hub that is made: a new or empty one. [default: latchwork/hub in $XDG_DATA_HOME or ~/.local/share]",
)
@_piped
@click.option("--json", "json_lines", is_flag=True, help="One JSON object a line.")
def restore(file: Path, folder: Path | None, is_piped: bool, json_lines: bool) -> None:
    """Make a hub's folder of FILE, on this machine or another one: it goes on with the same locks and people.

    The hub that the backup is of must not run any more: two hubs of one fabric would undo each other's work.
    """
    from latchwork.hub.backup.service import restore as restore_hub

    where = (folder or hub_folder()).expanduser().absolute()
    passphrase = ask_secret("Passphrase", is_piped=is_piped)
    with file.open("rb") as source:
        manifest = restore_hub(source, passphrase, where, now=time.time(), actor="command line")
    made_at = datetime.fromtimestamp(manifest.made_at, UTC)
    if json_lines:
        facts = {"folder": str(where), "made_at": made_at.isoformat(timespec="seconds"), "site": manifest.site}
        emit({"event": "restored", **facts, "head": str(manifest.head)})
        return
    click.echo(f"{manifest.site}, as it was on {made_at.astimezone():%Y-%m-%d %H:%M}, is in {where}.")
    click.echo(f"Start it: latchwork hub --folder {shlex.quote(str(where))}")
    click.echo("Where a lock was changed since then, the hub asks before it writes: see latchwork doors.")
