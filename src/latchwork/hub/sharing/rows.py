"""Windows that this hub has opened and not yet seen the end of, in the database: never with their codes.

Layer hub. Functions of a connection, for whoever writes the journal's line in the same breath.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from latchwork.hub.books.rows import decode_texts, encode_json, rows, select, upsert

_SHARE: Final = ("lock_id", "opened_at", "ends_at", "ecosystem", "actor", "before_json")
_SHARES: Final = select("share", _SHARE, "ORDER BY opened_at, lock_id")
_PUT: Final = upsert("share", _SHARE[:1], _SHARE[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window that this hub has opened.

    Attributes:
        lock_id: on which lock; it holds for its whole node.
        opened_at: when, UTC seconds since 1970.
        ends_at: when the lock closes it by itself, at the earliest.
        ecosystem: for whom, by id; empty: for anybody.
        actor: who asked for it.
        before: marks of those who were on the lock then.
    """

    lock_id: str
    opened_at: float
    ends_at: float
    ecosystem: str
    actor: str
    before: frozenset[str]


def list_windows(connection: sqlite3.Connection) -> list[Window]:
    """All that are kept.

    Raises:
        RowDamaged: a row cannot be read.
    """
    return rows(connection, _SHARES, (), _window)


def put_window(connection: sqlite3.Connection, window: Window) -> None:
    """Keep one; the last one of a lock counts.

    Raises:
        sqlite3.IntegrityError: the lock is not known.
    """
    before = encode_json([*sorted(window.before)])
    row = (window.lock_id, window.opened_at, window.ends_at, window.ecosystem, window.actor, before)
    connection.execute(_PUT, row)


def forget_window(connection: sqlite3.Connection, lock_id: str) -> None:
    """It is over."""
    connection.execute("DELETE FROM share WHERE lock_id = ?", (lock_id,))


def _window(row: Any) -> Window:
    lock_id, opened_at, ends_at, ecosystem, actor, before_json = row
    return Window(
        lock_id=lock_id,
        opened_at=opened_at,
        ends_at=ends_at,
        ecosystem=ecosystem,
        actor=actor,
        before=frozenset(decode_texts(before_json)),
    )
