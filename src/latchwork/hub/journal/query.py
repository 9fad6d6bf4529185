"""Looking things up in the journal: what to show, from where on, and the statements for it.

Layer hub, on SQLite. Entries are in the order in which they happened; the cursor names the last one shown, so that entries which come
meanwhile neither repeat nor push anything out of what follows.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.hub.books.rows import rows, select
from latchwork.hub.journal.entries import COLUMNS, Entry, Kind, from_stored, to_micros

MAX_PAGE: Final = 1000
"""Entries at a time: more would only fill memory."""
MAX_SOUGHT: Final = 100
"""Characters that can be looked for."""

_SELECT: Final = select("journal", COLUMNS)
_TEXTS: Final = ("door_name", "person_name", "fabric_name", "actor", "detail_json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries: those for which everything given holds.

    Attributes:
        door_id, lock_id, person_id: where and who.
        kinds: one of these; empty is any.
        text: in a name, the actor or the details; small and capital letters are the same, outside ASCII when the word is written
            all small, all capital or with capital initials.
        start, end: happened from `start` on and before `end`, UTC seconds since 1970.
    """

    door_id: str | None = None
    lock_id: str | None = None
    person_id: str | None = None
    kinds: frozenset[Kind] = frozenset()
    text: str = ""
    start: float | None = None
    end: float | None = None


ALL: Final = Filter()
"""Every entry."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries.

    Attributes:
        entries: in the order asked for.
        cursor: where the next page begins; None when this was the last one.
    """

    entries: tuple[Entry, ...]
    cursor: str | None


def read_page(
    connection: sqlite3.Connection,
    wanted: Filter,
    cursor: str | None,
    limit: int,
    *,
    oldest_first: bool = False,
    until_seq: int | None = None,
) -> Page:
    """Entries in the order in which they happened, newest first unless asked for otherwise.

    Args:
        connection: to read with.
        wanted: which.
        cursor: of the page before, for the same filter and order; None begins.
        limit: how many at most, 1 to `MAX_PAGE`.
        oldest_first: the other way round.
        until_seq: leave out what was written after this entry.

    Raises:
        Misuse: a bad cursor, limit or text.
        RowDamaged: an entry cannot be read.
    """
    if not 0 < limit <= MAX_PAGE:
        raise Misuse(f"a page has 1 to {MAX_PAGE} entries")
    statement, parameters = _statement(wanted, cursor, limit + 1, oldest_first=oldest_first, until_seq=until_seq)
    found = rows(connection, statement, parameters, from_stored)
    if len(found) <= limit:
        return Page(tuple(found), None)
    return Page(tuple(found[:limit]), _cursor_of(connection, found[limit - 1]))


def read_since(connection: sqlite3.Connection, seq: int, limit: int) -> list[Entry]:
    """The entries that were written after the one with `seq`, in the order of writing.

    Raises:
        Misuse: a bad limit.
        RowDamaged: an entry cannot be read.
    """
    if not 0 < limit <= MAX_PAGE:
        raise Misuse(f"a page has 1 to {MAX_PAGE} entries")
    return rows(connection, f"{_SELECT} WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit), from_stored)


def _statement(
    wanted: Filter, cursor: str | None, limit: int, *, oldest_first: bool, until_seq: int | None
) -> tuple[str, list[Any]]:
    conditions, parameters = _conditions(wanted)
    comparison, direction = (">", "ASC") if oldest_first else ("<", "DESC")
    if until_seq is not None:
        # The plus keeps SQLite from walking along the table instead of the index that has the order.
        conditions.append("+seq <= ?")
        parameters.append(until_seq)
    if cursor is not None:
        conditions.append(f"(happened_us, seq) {comparison} (?, ?)")
        parameters.extend(_parse_cursor(cursor))
    tail = f"ORDER BY happened_us {direction}, seq {direction} LIMIT {limit}"
    if not wanted.kinds:
        return " ".join([_SELECT, _where(conditions), tail]), parameters
    # One ordered walk for each kind: with IN, SQLite would sort all of them.
    single = f"SELECT seq, happened_us FROM journal {_where([*conditions, 'kind = ?'])} {tail}"  # noqa: S608 - as below
    union = " UNION ALL ".join(f"SELECT * FROM ({single})" for _ in wanted.kinds)  # noqa: S608 - as below
    every: list[Any] = []
    for kind in sorted(wanted.kinds):
        every += [*parameters, kind.value]
    statement = f"{_SELECT} WHERE seq IN (SELECT seq FROM (SELECT * FROM ({union}) {tail})) {tail}"  # noqa: S608 - names of ours; values are parameters
    return statement, every


def _conditions(wanted: Filter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    parameters: list[Any] = []
    for column, value in (("door_id", wanted.door_id), ("lock_id", wanted.lock_id), ("person_id", wanted.person_id)):
        if value is not None:
            conditions.append(f"{column} = ?")
            parameters.append(value)
    if wanted.start is not None:
        conditions.append("happened_us >= ?")
        parameters.append(to_micros(wanted.start))
    if wanted.end is not None:
        conditions.append("happened_us < ?")
        parameters.append(to_micros(wanted.end))
    if wanted.text:
        patterns = _patterns(wanted.text)
        conditions.append(f"({' OR '.join(f'{column} LIKE ? ESCAPE ?' for column in _TEXTS for _ in patterns)})")
        parameters += [part for _ in _TEXTS for pattern in patterns for part in (pattern, "\\")]
    return conditions, parameters


def _patterns(text: str) -> list[str]:
    """SQLite's own comparison knows the letters of ASCII; a function in Python would stop the loop while it looks at a million rows."""
    if len(text) > MAX_SOUGHT or "\0" in text:
        raise Misuse(f"one can look for {MAX_SOUGHT} characters, none of them NUL")
    spellings = [text] if text.isascii() else sorted({text, text.lower(), text.upper(), text.title()})
    escaped = (each.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for each in spellings)
    return [f"%{each}%" for each in escaped]


def _where(conditions: list[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _cursor_of(connection: sqlite3.Connection, entry: Entry) -> str:
    happened = connection.execute("SELECT happened_us FROM journal WHERE seq = ?", (entry.seq,)).fetchone()[0]
    return f"{happened}.{entry.seq}"


def _parse_cursor(cursor: str) -> tuple[int, int]:
    happened, _, seq = cursor.partition(".")
    try:
        found = int(happened), int(seq)
    except ValueError:
        raise Misuse("this cursor is none that the journal gave") from None
    if not all(-(1 << 63) <= each < 1 << 63 for each in found):
        raise Misuse("this cursor is none that the journal gave")
    return found
