"""Links to guest pages in the database: of each only a hash, with how long it lives and when it was opened.

Layer hub. Functions of a connection. An unguessable text is 192 bits of chance, so that a plain hash hides it as well as a slow one.
"""

from __future__ import annotations

import base64
import hmac
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from latchwork.hub.books.rows import row, select, upsert

TOKEN_OCTETS: Final = 24
"""192 bits of chance in each link."""
NOTED_EVERY_S: Final = 3600.0
"""Seconds between two lines of the journal about the same page."""
_COLUMNS: Final = ("access_id", "digest", "made_by", "created_at", "ends_at", "opened_at", "noted_at")
_OF_ACCESS: Final = select("guest_link", _COLUMNS, "WHERE access_id = ?")
_OF_DIGEST: Final = select("guest_link", _COLUMNS, "WHERE digest = ?")
_PUT: Final = upsert("guest_link", _COLUMNS[:1], _COLUMNS[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link to the guest page of an access.

    Attributes:
        access_id: which access.
        digest: SHA-256 of its text.
        made_by: who made it, as the journal names actors.
        created_at, ends_at: UTC seconds since 1970; it may end sooner, with the access.
        opened_at: when the page was opened last, to the hour, or None.
        noted_at: when an opening was written into the journal last, or None.
    """

    access_id: str
    digest: bytes
    made_by: str
    created_at: float
    ends_at: float
    opened_at: float | None = None
    noted_at: float | None = None


def new_token(entropy: Callable[[int], bytes]) -> str:
    """The text of a new link: 32 characters that are safe in an address."""
    return base64.urlsafe_b64encode(entropy(TOKEN_OCTETS)).decode()


def digest_of(token: str) -> bytes:
    """What is kept of a link's text."""
    return sha256(b"guest link\n" + token.encode("utf-8", "replace")).digest()


def get_link(connection: sqlite3.Connection, access_id: str) -> Link | None:
    """The link of an access, or None.

    Raises:
        RowDamaged: the row cannot be read.
    """
    return row(connection, _OF_ACCESS, (access_id,), _link)


def find_link(connection: sqlite3.Connection, token: str) -> Link | None:
    """The link with this text, or None: the same work whatever the text is.

    Raises:
        RowDamaged: the row cannot be read.
    """
    digest = digest_of(token)
    found = row(connection, _OF_DIGEST, (digest,), _link)
    kept = bytes(len(digest)) if found is None else found.digest
    return found if hmac.compare_digest(kept, digest) else None


def put_link(connection: sqlite3.Connection, link: Link) -> Link:
    """Keep a link in place of the one that the access had.

    Raises:
        sqlite3.IntegrityError: there is no such access.
    """
    connection.execute(
        _PUT,
        (
            *(link.access_id, link.digest, link.made_by, link.created_at, link.ends_at),
            *(link.opened_at, link.noted_at),
        ),
    )
    return link


def end_link(connection: sqlite3.Connection, access_id: str) -> bool:
    """End the link of an access; says whether there was one."""
    return connection.execute("DELETE FROM guest_link WHERE access_id = ?", (access_id,)).rowcount > 0


def note_opening(connection: sqlite3.Connection, access_id: str, now: float) -> bool:
    """The page was opened; says whether that is worth a line in the journal: once an hour."""
    statement = (
        "UPDATE guest_link SET opened_at = ?2, noted_at = ?2 WHERE access_id = ?1"
        " AND (noted_at IS NULL OR noted_at <= ?2 - ?3)"
    )
    return connection.execute(statement, (access_id, now, NOTED_EVERY_S)).rowcount > 0


def forget_ended(connection: sqlite3.Connection, now: float) -> int:
    """Forget links whose time is over; says how many there were."""
    return connection.execute("DELETE FROM guest_link WHERE ends_at <= ?", (now,)).rowcount


def _link(found: Any) -> Link:
    return Link(
        access_id=found[0],
        digest=bytes(found[1]),
        made_by=found[2],
        created_at=found[3],
        ends_at=found[4],
        opened_at=found[5],
        noted_at=found[6],
    )
