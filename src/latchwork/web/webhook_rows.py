"""Webhooks and their deliveries in the database.

Layer web. Functions of a connection. A webhook follows the journal by the number of the last entry that it has taken: a crash neither
loses one nor makes one up, and a message's id is the entry's, so that a receiver knows what comes twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from latchwork.hub.books.rows import NotFound, decode_texts, next_version, row, rows, select, upsert
from latchwork.hub.journal.entries import Entry, Kind

MAX_WEBHOOKS: Final = 50
KEEP_S: Final = 30 * 86_400.0
"""Seconds for which deliveries that are over are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where events are sent.

    Attributes:
        id: opaque.
        url: where to.
        name: for people.
        kinds: of entries; empty is all.
        sealed: its signing secret.
        is_local: it may be inside the home's network.
        is_enabled: whether anything is sent.
        why_disabled: in plain words, or empty.
        created_at: UTC seconds since 1970.
        failing_since: of the first failure after which nothing succeeded, or None.
        seq: the last entry that was taken.
        version: counts the changes by people.
    """

    id: str
    url: str
    name: str = ""
    kinds: frozenset[Kind] = frozenset()
    sealed: bytes = b""
    is_local: bool = False
    is_enabled: bool = True
    why_disabled: str = ""
    created_at: float = 0.0
    failing_since: float | None = None
    seq: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One entry on its way to one webhook.

    Attributes:
        webhook_id: which.
        seq: the entry's.
        lane: the door's id; within it, order is kept.
        state: waiting, delivered or given_up.
        attempts: so far.
        next_at, first_at: UTC seconds since 1970.
        status: of the last answer, or None.
        trouble: why there was none, or empty.
    """

    webhook_id: str
    seq: int
    lane: str
    state: str = "waiting"
    attempts: int = 0
    next_at: float = 0.0
    first_at: float = 0.0
    status: int | None = None
    trouble: str = ""


_WEBHOOK: Final = (
    *("id", "url", "name", "kinds_json", "sealed", "is_local", "is_enabled", "why_disabled", "created_at"),
    *("failing_since", "seq", "version"),
)
_GET: Final = select("webhook", _WEBHOOK, "WHERE id = ?")
_ALL: Final = select("webhook", _WEBHOOK, "ORDER BY created_at, id")
_PUT: Final = upsert("webhook", ("id",), _WEBHOOK[1:])
_DELIVERY: Final = ("webhook_id", "seq", "lane", "state", "attempts", "next_at", "first_at", "status", "trouble")
_LATEST: Final = select("delivery", _DELIVERY, "WHERE webhook_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?")
_HEADS: Final = select(
    "delivery",
    _DELIVERY,
    "WHERE webhook_id = ? AND state = 'waiting' AND seq = (SELECT min(other.seq) FROM delivery AS other"
    " WHERE other.webhook_id = delivery.webhook_id AND other.lane = delivery.lane AND other.state = 'waiting')"
    " ORDER BY seq",
)
_PUT_DELIVERY: Final = upsert("delivery", _DELIVERY[:2], _DELIVERY[2:])


def get_webhook(connection: sqlite3.Connection, webhook_id: str) -> Webhook:
    """The webhook.

    Raises:
        NotFound: there is none.
    """
    found = row(connection, _GET, (webhook_id,), _webhook)
    if found is None:
        raise NotFound("webhook", webhook_id)
    return found


def list_webhooks(connection: sqlite3.Connection) -> list[Webhook]:
    """All webhooks, oldest first."""
    return rows(connection, _ALL, (), _webhook)


def put_webhook(connection: sqlite3.Connection, webhook: Webhook) -> Webhook:
    """Keep a new webhook (version 1) or a changed one; returns it with the version that is kept now.

    Raises:
        Conflict: somebody else changed it in between.
    """
    kept = connection.execute("SELECT version FROM webhook WHERE id = ?", (webhook.id,)).fetchone()
    stored = replace(webhook, version=next_version("webhook", webhook.id, webhook.version, kept))
    connection.execute(
        _PUT,
        (
            *(stored.id, stored.url, stored.name, json.dumps(sorted(stored.kinds)), stored.sealed, stored.is_local),
            *(stored.is_enabled, stored.why_disabled, stored.created_at, stored.failing_since, stored.seq),
            stored.version,
        ),
    )
    return stored


def remove_webhook(connection: sqlite3.Connection, webhook_id: str) -> Webhook:
    """Forget a webhook and what waits for it; returns what it was.

    Raises:
        NotFound: there is none.
    """
    webhook = get_webhook(connection, webhook_id)
    connection.execute("DELETE FROM webhook WHERE id = ?", (webhook_id,))
    return webhook


def take_entries(connection: sqlite3.Connection, webhook_id: str, entries: Sequence[Entry], now: float) -> None:
    """Make deliveries of entries, in the journal's order, and remember up to which they were taken."""
    try:
        webhook = get_webhook(connection, webhook_id)
    except NotFound:
        return
    for entry in entries:
        if entry.seq <= webhook.seq or (webhook.kinds and entry.kind not in webhook.kinds):
            continue
        save_delivery(
            connection,
            Delivery(webhook_id=webhook_id, seq=entry.seq, lane=entry.door_id or "", next_at=now, first_at=now),
        )
    connection.execute(
        "UPDATE webhook SET seq = max(seq, ?) WHERE id = ?",
        (max((each.seq for each in entries), default=0), webhook_id),
    )


def lane_heads(connection: sqlite3.Connection, webhook_id: str) -> list[Delivery]:
    """The oldest delivery that waits, of each door."""
    return rows(connection, _HEADS, (webhook_id,), _delivery)


def list_deliveries(connection: sqlite3.Connection, webhook_id: str, before: int, limit: int) -> list[Delivery]:
    """Deliveries with an entry before `before`, newest first."""
    return rows(connection, _LATEST, (webhook_id, before, limit), _delivery)


def save_delivery(connection: sqlite3.Connection, delivery: Delivery) -> None:
    """Keep a delivery, new or changed."""
    connection.execute(
        _PUT_DELIVERY,
        (
            *(delivery.webhook_id, delivery.seq, delivery.lane, delivery.state, delivery.attempts, delivery.next_at),
            *(delivery.first_at, delivery.status, delivery.trouble),
        ),
    )


def settle(connection: sqlite3.Connection, delivery: Delivery, failing_since: float | None, why_disabled: str) -> None:
    """Keep what became of an attempt, and what that says of its webhook; nothing when the webhook is gone."""
    if connection.execute("SELECT 1 FROM webhook WHERE id = ?", (delivery.webhook_id,)).fetchone() is None:
        return
    save_delivery(connection, delivery)
    connection.execute("UPDATE webhook SET failing_since = ? WHERE id = ?", (failing_since, delivery.webhook_id))
    if why_disabled:
        connection.execute(
            "UPDATE webhook SET is_enabled = 0, why_disabled = ?, version = version + 1 WHERE id = ?",
            (why_disabled, delivery.webhook_id),
        )


def try_again(connection: sqlite3.Connection, webhook_id: str, seq: int, now: float) -> Delivery:
    """Send an entry once more; returns its delivery.

    Raises:
        NotFound: there is no such delivery.
    """
    found = row(
        connection, select("delivery", _DELIVERY, "WHERE webhook_id = ? AND seq = ?"), (webhook_id, seq), _delivery
    )
    if found is None:
        raise NotFound("delivery", str(seq))
    again = replace(found, state="waiting", attempts=0, next_at=now, first_at=now, trouble="", status=None)
    save_delivery(connection, again)
    return again


def forget_old(connection: sqlite3.Connection, now: float) -> None:
    """Forget deliveries that have been over for long."""
    connection.execute("DELETE FROM delivery WHERE state != 'waiting' AND first_at < ?", (now - KEEP_S,))


def _webhook(found: Sequence[Any]) -> Webhook:
    return Webhook(
        id=found[0],
        url=found[1],
        name=found[2],
        kinds=frozenset(Kind(each) for each in decode_texts(found[3])),
        sealed=found[4],
        is_local=found[5] == 1,
        is_enabled=found[6] == 1,
        why_disabled=found[7],
        created_at=found[8],
        failing_since=found[9],
        seq=found[10],
        version=found[11],
    )


def _delivery(found: Sequence[Any]) -> Delivery:
    return Delivery(**dict(zip(_DELIVERY, found, strict=True)))
