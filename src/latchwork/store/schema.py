"""Numbered steps that bring the hub's database to the schema this version knows, each done once and written down.

Layer store; knows SQLite and scripts, not what the tables mean. The scripts are `migrations/hub/NNNN_*.sql`. Numbers may have gaps, and
a lower one may come later than a higher one: each subject has its own range, and scripts of two subjects do not depend on each other's
order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Final

from latchwork.base.errors import Bug
from latchwork.store.errors import StoreDamaged, StoreTooNew

APPLICATION_ID: Final = 0x4C415448
"""“LATH”: tells the hub's database from a store of octets and from any other SQLite file."""

_USE_THE_WRITER: Final = "Use the version of Latchwork that wrote it, or a later one."
_BOOK: Final = """
CREATE TABLE IF NOT EXISTS migration (
    number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One script.

    Attributes:
        number: its place in the order; unique.
        name: of its file, without the ending.
        sql: what it does, without any statement about transactions.
    """

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """Names what the script does: lines that are comments or empty do not count."""
        lines = (line.strip() for line in self.sql.splitlines())
        return sha256("\n".join(line for line in lines if line and not line.startswith("--")).encode()).hexdigest()


def shipped_migrations() -> list[Migration]:
    """The scripts that came with this version, in the order of their numbers.

    Raises:
        Bug: two have the same number.
    """
    folder = resources.files(__package__).joinpath("migrations", "hub")
    found = []
    for entry in folder.iterdir():
        if entry.name.endswith(".sql"):
            name = entry.name.removesuffix(".sql")
            found.append(Migration(int(name.split("_")[0]), name, entry.read_text("utf-8")))
    found.sort(key=lambda migration: migration.number)
    for one, other in pairwise(found):
        if one.number == other.number:
            raise Bug(f"the migrations {one.name} and {other.name} have the same number")
    return found


def migrate(path: Path | None, connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Do what is still to be done, all in one transaction: whatever fails leaves the file as it was.

    Args:
        path: the file, for messages; None is memory.
        connection: with no transaction open.
        migrations: everything this version knows, in order.

    Raises:
        StoreTooNew: the file has had a script that this version does not know, or knows otherwise.
        StoreDamaged: what the file holds breaks a rule of the new schema.
        sqlite3.Error: a script failed.
    """
    missing = _missing(path, _done(connection), migrations)
    if not missing:
        return
    # A script may have to replace a table that others refer to; the check below makes up for it.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        # executescript would commit what is open before it, so the beginning is part of the script.
        connection.executescript(f"BEGIN IMMEDIATE;PRAGMA application_id = {APPLICATION_ID};{_BOOK}{_script(missing)}")
        rows = [(step.number, step.name, step.digest) for step in missing]
        connection.executemany("INSERT INTO migration VALUES (?, ?, ?)", rows)
        _check_references(path, connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _check_references(path: Path | None, connection: sqlite3.Connection) -> None:
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise StoreDamaged(
            f"storage {path} is damaged: a row of {broken[0]} refers to one of {broken[2]} that is not there",
            advice="Restore it from a backup, and keep this file for a report.",
        )


def _script(missing: Sequence[Migration]) -> str:
    return "".join(f"{step.sql}\n;" for step in missing)


def _done(connection: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migration'").fetchone() is None:
        return {}
    rows = connection.execute("SELECT number, name, digest FROM migration")
    return {number: (name, digest) for number, name, digest in rows}


def _missing(path: Path | None, done: dict[int, tuple[str, str]], migrations: Sequence[Migration]) -> list[Migration]:
    known = {step.number: step for step in migrations}
    for number, (name, digest) in sorted(done.items()):
        if number not in known:
            raise StoreTooNew(
                f"storage {path} has had {name}, which this version does not know", advice=_USE_THE_WRITER
            )
        if known[number].digest != digest:
            raise StoreTooNew(f"storage {path} has had another {name} than this version's", advice=_USE_THE_WRITER)
    return [step for step in migrations if step.number not in done]
