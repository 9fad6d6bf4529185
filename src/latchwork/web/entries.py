"""A line of the journal as the API, live events and webhooks show it.

Layer web, pure.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.journal.entries import Entry, How, Kind, Why
from latchwork.web.stamps import Time


class EntryOut(BaseModel):
    """What happened. What was not said is null or empty, and `why_unknown` says why."""

    seq: int
    at: Time
    lock_at: Time | None
    kind: Kind
    door_id: str | None
    door_name: str
    lock_id: str | None
    person_id: str | None
    person_name: str
    credential_kind: CredentialKind | None
    credential_id: str | None
    how: How
    fabric_index: int | None
    fabric_name: str
    node_id: str | None
    event_number: int | None
    why_unknown: Why | None
    actor: str
    detail: dict[str, Any]
    hash: str


def entry_out(entry: Entry) -> EntryOut:
    """The entry to be answered."""
    return EntryOut(
        seq=entry.seq,
        at=float(entry.at),
        lock_at=None if entry.lock_at is None else float(entry.lock_at),
        kind=entry.kind,
        door_id=entry.door_id,
        door_name=entry.door_name,
        lock_id=entry.lock_id,
        person_id=entry.person_id,
        person_name=entry.person_name,
        credential_kind=entry.credential_kind,
        credential_id=entry.credential_id,
        how=entry.how,
        fabric_index=entry.fabric_index,
        fabric_name=entry.fabric_name,
        node_id=None if entry.node_id is None else f"{entry.node_id:016X}",
        event_number=entry.event_number,
        why_unknown=entry.why_unknown,
        actor=entry.actor,
        detail=dict(entry.detail),
        hash=entry.hash.hex(),
    )


def entry_json(entry: Entry) -> dict[str, Any]:
    """The entry as JSON values."""
    return entry_out(entry).model_dump(mode="json")
