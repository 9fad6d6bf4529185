"""The journal: everything that was seen, in a chain of hashes, so that what was changed, removed or put in between is found.

Layer hub, on store. Entries are only ever added; retention removes the oldest ones and says so in the chain. The chain alone does not
stop whoever holds the file and writes all of it anew: a `Head` that was kept elsewhere does.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from latchwork.hub.books.rows import RowDamaged, as_signed, select
from latchwork.hub.journal.entries import COLUMNS, GENESIS, Entry, Head, Kind, chained, octets_of, to_micros, to_stored
from latchwork.hub.journal.ingest import Scene, take
from latchwork.hub.journal.numbers import Numbers, Places
from latchwork.hub.journal.query import ALL, Filter, Page, read_page, read_since
from latchwork.matter.interaction.values import EventValue
from latchwork.store.database import Database

__all__ = ["ALL", "Fault", "Filter", "Head", "Journal", "Page", "Verdict", "append"]

PRUNED_AT_ONCE: Final = 10_000
"""Entries that one write removes: others that want to write wait for it."""

_INSERT: Final = f"INSERT INTO journal ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - names of ours
_IN_ORDER: Final = select("journal", COLUMNS, "ORDER BY seq")
_MOVE_HEAD: Final = (
    "INSERT INTO journal_chain VALUES (1, 0, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET head_seq = excluded.head_seq, head_hash = excluded.head_hash"
)


class Fault(StrEnum):
    """What is wrong with a journal."""

    CHANGED = "changed"
    """The entry is not what it was, or not where it was."""
    MISSING = "missing"
    """The entry is not there."""
    ADDED = "added"
    """An entry is there that was never appended."""
    UNREADABLE = "unreadable"
    """The entry's octets are no values any more."""
    ANCHOR = "anchor"
    """The oldest entries were removed, and the chain does not say so."""
    OTHER_CHAIN = "other_chain"
    """The head that was kept elsewhere is not of this chain: it was cut off or written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What looking at the whole chain has shown.

    Attributes:
        is_whole: nothing was found.
        first_bad: the first entry's place at which something is wrong; None when nothing is.
        fault: what is wrong there.
        checked: entries whose hash was made again and is right.
        anchor: the last entry that retention removed; its `seq` is 0 when none was.
        head: the newest entry.
        unchecked: heads that were given and lie before the anchor: nothing can be said about them any more.
    """

    is_whole: bool
    first_bad: int | None = None
    fault: Fault | None = None
    checked: int
    anchor: Head
    head: Head
    unchecked: tuple[Head, ...] = ()


class Journal:
    """The journal in a database.

    Every method raises `StoreError` where the storage fails.

    Args:
        database: where it is kept; closing it is its owner's.
    """

    __slots__ = ("database",)

    def __init__(self, database: Database) -> None:
        self.database = database

    async def append(self, entries: Iterable[Entry]) -> list[Entry]:
        """Keep entries in this order; returns them with their places and hashes, when they are durable.

        Raises:
            Misuse: as `append` says.
        """
        given = tuple(entries)
        return await self.database.write(lambda connection: append(connection, given))

    async def take(
        self,
        node_id: int,
        events: Sequence[EventValue],
        scenes: Mapping[int, Scene],
        at: float,
        *,
        asked_from: int | None = None,
    ) -> list[Entry]:
        """Keep what a node's events say, each event once, whatever is asked for or told again; returns what was added.

        Args:
            node_id: of the node on the hub's fabric.
            events: as they came, of all its clusters.
            scenes: what is known around the locks, by endpoint; at least one.
            at: when they came, UTC seconds since 1970.
            asked_from: as for `ingest.take`.

        Raises:
            RowDamaged: what is kept about the node cannot be read.
        """

        def write(connection: sqlite3.Connection) -> list[Entry]:
            numbers, places = _source(connection, node_id)
            taken = take(numbers, places, events, scenes, at, asked_from=asked_from)
            connection.execute(
                "INSERT INTO journal_source VALUES (?, ?, ?) ON CONFLICT (node_id)"
                " DO UPDATE SET numbers_json = excluded.numbers_json, places_json = excluded.places_json",
                (as_signed(node_id), json.dumps(taken.numbers.to_json()), json.dumps(taken.places.to_json())),
            )
            return append(connection, taken.entries)

        return await self.database.write(write)

    def numbers(self, node_id: int) -> Numbers:
        """Which event numbers of a node were taken; says from which one on to ask it.

        Raises:
            RowDamaged: what is kept about the node cannot be read.
        """
        return self.database.read(lambda connection: _source(connection, node_id)[0])

    async def forget_source(self, node_id: int) -> None:
        """A node with this id will be another one: its numbers begin anew."""
        await self.database.write(
            lambda connection: (
                connection.execute("DELETE FROM journal_source WHERE node_id = ?", (as_signed(node_id),)).rowcount
            )
        )

    async def page(
        self, wanted: Filter = ALL, *, cursor: str | None = None, limit: int = 50, oldest_first: bool = False
    ) -> Page:
        """Entries by when they happened, as `journal_query.read_page` says."""
        return await self.database.read_in_thread(
            lambda connection: read_page(connection, wanted, cursor, limit, oldest_first=oldest_first)
        )

    async def since(self, seq: int, limit: int = 100) -> list[Entry]:
        """Entries that were written after the one with `seq`, in that order: for whoever follows the journal."""
        return await self.database.read_in_thread(lambda connection: read_since(connection, seq, limit))

    def head(self) -> Head:
        """The newest entry: keep it elsewhere, and `verify` can tell later whether anything before it was changed or cut off."""
        return self.database.read(_chain)[1]

    async def verify(self, *against: Head) -> Verdict:
        """Make every hash again.

        Args:
            against: heads that were kept elsewhere.
        """
        return await self.database.read_in_thread(lambda connection: _verify(connection, against))

    async def prune(self, before: float, at: float, actor: str = "") -> int:
        """Remove the oldest entries, and say so in the chain; returns how many.

        Args:
            before: remove what was written before this instant, up to the first entry that was not.
            at: now, UTC seconds since 1970.
            actor: who wants it, or empty for the rule of retention.

        Raises:
            Misuse: `actor` is too long.
        """
        removed = 0
        while True:
            some = await self.database.write(lambda connection: _prune(connection, before, at, actor))
            removed += some
            if some < PRUNED_AT_ONCE:
                return removed


def append(connection: sqlite3.Connection, entries: Iterable[Entry]) -> list[Entry]:
    """Keep entries, for whoever writes other things in the same transaction; their `seq` and `hash` are given here.

    Raises:
        Misuse: an entry is too long, names a secret, or holds what cannot be kept.
        sqlite3.Error: the storage failed.
    """
    head = _chain(connection)[1]
    seq, digest = head.seq, head.hash
    kept: list[Entry] = []
    stored: list[tuple[Any, ...]] = []
    for entry in entries:
        seq += 1
        row = to_stored(replace(entry, seq=seq))
        digest = chained(digest, octets_of(row))
        stored.append((*row, digest))
        kept.append(replace(entry, seq=seq, hash=digest))
    if kept:
        connection.executemany(_INSERT, stored)
        connection.execute(_MOVE_HEAD, (GENESIS, seq, digest))
    return kept


def _chain(connection: sqlite3.Connection) -> tuple[Head, Head]:
    """Both ends: anchor and head."""
    found = connection.execute("SELECT anchor_seq, anchor_hash, head_seq, head_hash FROM journal_chain").fetchone()
    if found is None:
        return Head(0, GENESIS), Head(0, GENESIS)
    return Head(found[0], found[1]), Head(found[2], found[3])


def _source(connection: sqlite3.Connection, node_id: int) -> tuple[Numbers, Places]:
    found = connection.execute(
        "SELECT numbers_json, places_json FROM journal_source WHERE node_id = ?", (as_signed(node_id),)
    ).fetchone()
    if found is None:
        return Numbers(), Places()
    try:
        return Numbers.from_json(json.loads(found[0])), Places.from_json(json.loads(found[1]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RowDamaged(f"what is kept about the events of node {node_id:X} cannot be read") from error


def name_place(connection: sqlite3.Connection, node_id: int, place: str, key: str) -> None:
    """Somebody said what has been in a place since its last change, which the lock did not: events mean it from now on.

    Args:
        connection: to write with.
        node_id: of the node on the hub's fabric.
        place: as `Places` names it, such as `1/fingerprint/3`; nothing happens where no change of it was seen.
        key: a user's key or a credential's id.

    Raises:
        RowDamaged: what is kept about the node cannot be read.
    """
    _, places = _source(connection, node_id)
    change = places.changes.get(place)
    if change is not None:
        places.changes[place] = replace(change, key=key)
        connection.execute(
            "UPDATE journal_source SET places_json = ? WHERE node_id = ?",
            (json.dumps(places.to_json()), as_signed(node_id)),
        )


def _prune(connection: sqlite3.Connection, before: float, at: float, actor: str) -> int:
    anchor, head = _chain(connection)
    limit = to_micros(before)
    found = connection.execute(
        "SELECT seq FROM journal WHERE seq > ? AND at_us >= ? ORDER BY seq LIMIT 1", (anchor.seq, limit)
    ).fetchone()
    last = min(head.seq if found is None else found[0] - 1, anchor.seq + PRUNED_AT_ONCE)
    if last <= anchor.seq:
        return 0
    digest = connection.execute("SELECT hash FROM journal WHERE seq = ?", (last,)).fetchone()[0]
    detail = {"through": last, "hash": digest.hex(), "entries": last - anchor.seq}
    append(connection, [Entry(at=at, kind=Kind.PRUNED, actor=actor, detail=detail)])
    connection.execute("UPDATE journal_chain SET anchor_seq = ?, anchor_hash = ?", (last, digest))
    return connection.execute("DELETE FROM journal WHERE seq <= ?", (last,)).rowcount


# Verifying


class _Found(Exception):
    """Something is wrong: where and what."""

    def __init__(self, seq: int, fault: Fault) -> None:
        super().__init__(seq, fault)
        self.seq = seq
        self.fault = fault


def _verify(connection: sqlite3.Connection, against: Sequence[Head]) -> Verdict:
    anchor, head = _chain(connection)
    checked = [0]
    unchecked = tuple(each for each in against if each.seq < anchor.seq)
    known: dict[int, bytes] = {}
    for each in against:
        # Of two that contradict each other, one is wrong: no hash equals the empty one.
        known[each.seq] = each.hash if known.get(each.seq, each.hash) == each.hash else b""
    try:
        _walk(connection, anchor, head, known, checked)
    except _Found as found:
        return Verdict(
            is_whole=False,
            first_bad=found.seq,
            fault=found.fault,
            checked=checked[0],
            anchor=anchor,
            head=head,
            unchecked=unchecked,
        )
    return Verdict(is_whole=True, checked=checked[0], anchor=anchor, head=head, unchecked=unchecked)


def _walk(
    connection: sqlite3.Connection, anchor: Head, head: Head, known: Mapping[int, bytes], checked: list[int]
) -> None:
    seq, digest = anchor.seq, anchor.hash
    if known.get(seq, digest) != digest:
        raise _Found(seq, Fault.OTHER_CHAIN)
    said: Mapping[str, Any] = {}
    for row in _rows(connection, checked, anchor):
        if row[0] != seq + 1:
            raise _Found(min(row[0], seq + 1), Fault.MISSING if row[0] > seq + 1 else Fault.ADDED)
        seq += 1
        if seq > head.seq:
            raise _Found(seq, Fault.ADDED)
        try:
            digest = chained(digest, octets_of(row[:-1]))
        except (TypeError, UnicodeEncodeError):
            raise _Found(seq, Fault.CHANGED) from None
        if digest != row[-1]:
            raise _Found(seq, Fault.CHANGED)
        if known and known.get(seq, digest) != digest:
            raise _Found(seq, Fault.OTHER_CHAIN)
        if row[3] == "pruned":
            said = json.loads(row[-2])
        checked[0] += 1
    if seq != head.seq:
        raise _Found(seq + 1, Fault.MISSING)
    if digest != head.hash:
        raise _Found(seq, Fault.CHANGED)
    if anchor.seq and (said.get("through"), said.get("hash")) != (anchor.seq, anchor.hash.hex()):
        raise _Found(anchor.seq, Fault.ANCHOR)
    for beyond in sorted(known):
        if beyond > head.seq:
            raise _Found(head.seq + 1, Fault.OTHER_CHAIN)


def _rows(connection: sqlite3.Connection, checked: list[int], anchor: Head) -> Iterator[tuple[Any, ...]]:
    """Every row, one at a time: the memory does not grow with the journal."""
    try:
        yield from connection.execute(_IN_ORDER)
    except sqlite3.OperationalError as error:
        # What is no UTF-8 any more has no code of SQLite's: the wrapper in Python says so.
        if getattr(error, "sqlite_errorcode", None) is not None:
            raise
        raise _Found(anchor.seq + checked[0] + 1, Fault.UNREADABLE) from None
